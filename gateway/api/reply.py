"""Sends a reply: one JSON body, or a stream of server-sent events, whatever API they are of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic
from typing import Any

from gateway.accounting.exchange import Exchange
from gateway.api.dialect import Dialect, Headers
from gateway.api.headers import discloses, response_headers
from gateway.errors import GatewayError, HungUp, InternalError, NoClearedModel, ProviderBroken
from gateway.types import Answer, Delta

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

KEEP_ALIVE_SECONDS = 10.0
_JSON_TYPE = (b"content-type", b"application/json")
_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class Reply:
    """One caller's reply. `created` is in seconds since the epoch.

    A stream that is silent for `keep_alive` seconds gets a comment line, so that nothing in between drops it.
    """

    def __init__(
        self,
        send: Send,
        dialect: Dialect,
        request_id: str,
        created: int,
        keep_alive: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        self._send, self._dialect, self._id = send, dialect, request_id
        self._rendering = dialect.rendering(request_id, created)
        self._silence = keep_alive
        self._answer: Answer | None = None
        self._keep_alive: asyncio.TimerHandle | None = None
        self._beat: asyncio.Task[None] | None = None
        self._closed = False
        self._written = 0.0
        self.started = False

    async def event(self, event: Delta | Answer, exchange: Exchange) -> None:
        """Takes what the flow emits: a delta leaves at once, an answer waits for `finish`."""
        if isinstance(event, Answer):
            self._answer = event
            return
        if not self.started:
            await self._start([*_STREAM_HEADERS, *self._headers(exchange)])
        for data in self._rendering.delta(event, exchange):
            await self._write(data)

    async def finish(self, exchange: Exchange) -> None:
        """The answer is whole: its last byte leaves."""
        if self.started:
            await self._end(b"".join(self._rendering.end(exchange)))
        elif self._answer is not None:
            body = self._rendering.whole(self._answer, exchange)
            await self._whole([_JSON_TYPE, *self._headers(exchange)], body)
        else:
            await self.fail(ProviderBroken("The model ended without an answer."), exchange)

    async def fail(self, error: GatewayError, exchange: Exchange) -> None:
        """An error: a JSON body with its status, or the last events of a stream that says it is not whole."""
        if isinstance(error, HungUp):
            self.close()
        elif self.started:
            await self._end(b"".join(self._rendering.broken(error, exchange)))
        else:
            if isinstance(error, NoClearedModel) and not discloses(exchange):
                error = NoClearedModel()
            await send_error(self._send, self._dialect.error(error, self._id), error, self._headers(exchange))

    async def crash(self) -> None:
        """The last word where nothing has left yet, and not even the exchange can be told of."""
        error = InternalError.logged()
        await send_error(self._send, self._dialect.error(error, self._id), error, self._dialect.ids(self._id))

    def _headers(self, exchange: Exchange) -> Headers:
        return [*self._dialect.ids(self._id), *response_headers(exchange)]

    # Bytes

    async def _start(self, headers: Headers) -> None:
        self.started = True
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _write(self, data: bytes) -> None:
        self._written = monotonic()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        if self._keep_alive is None and not self._closed:
            self._watch_silence(self._silence)

    def _watch_silence(self, seconds: float) -> None:
        self._keep_alive = asyncio.get_running_loop().call_later(seconds, self._still_here)

    def _still_here(self) -> None:
        """One timer a stream, not one an event: it looks how long the silence is, and sets itself anew."""
        left = self._written + self._silence - monotonic()
        if left <= 0 and (self._beat is None or self._beat.done()):  # else the caller does not read
            self._beat = asyncio.get_running_loop().create_task(self._write(b": keep-alive\n\n"))
        self._watch_silence(left if left > 0 else self._silence)

    async def _end(self, data: bytes) -> None:
        self.close()
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def _whole(self, headers: Headers, body: bytes) -> None:
        headers.append((b"content-length", str(len(body)).encode()))
        await self._start(headers)
        await self._end(body)

    def close(self) -> None:
        """No silence is filled any more, whatever happened."""
        self._closed = True
        if self._keep_alive is not None:
            self._keep_alive.cancel()
            self._keep_alive = None
        if self._beat is not None:
            self._beat.cancel()


async def send_error(send: Send, told: tuple[int, bytes], error: GatewayError, headers: Headers) -> None:
    """An error as a whole reply, whose status and body are `told`."""
    status, body = told
    own = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [_JSON_TYPE, length, *own, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
