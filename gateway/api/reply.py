"""Sends a reply: one JSON body, or a stream of server-sent events, whatever API they are of."""

from __future__ import annotations

import asyncio
from time import monotonic

from gateway.accounting.exchange import Exchange
from gateway.api.dialect import Dialect, Headers
from gateway.api.headers import discloses, response_headers
from gateway.api.turn import Turn
from gateway.errors import GatewayError, HungUp, NoClearedModel, ProviderBroken
from gateway.types import Answer, Delta

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
        turn: Turn,
        dialect: Dialect,
        request_id: str,
        created: int,
        keep_alive: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        self._turn, self._dialect, self._id = turn, dialect, request_id
        self._rendering = dialect.rendering(request_id, created)
        self._silence = keep_alive
        self._answer: Answer | None = None
        self._keep_alive: asyncio.TimerHandle | None = None
        self._written = 0.0

    @property
    def started(self) -> bool:
        return self._turn.response_started

    async def event(self, event: Delta | Answer, exchange: Exchange) -> None:
        """Takes what the flow emits: a delta leaves at once, an answer waits for `finish`."""
        if isinstance(event, Answer):
            self._answer = event
            return
        if not self._turn.response_started:
            self._turn.begin([*_STREAM_HEADERS, *self._headers(exchange)])
            self._watch_silence(self._silence)
        self._written = monotonic()
        for data in self._rendering.delta(event, exchange):
            await self._turn.write(data)

    async def finish(self, exchange: Exchange) -> None:
        """The answer is whole: its last byte leaves."""
        self.close()
        if self._turn.response_started:
            await self._turn.end(b"".join(self._rendering.end(exchange)))
        elif self._answer is not None:
            body = self._rendering.whole(self._answer, exchange)
            await self._turn.answer(200, [_JSON_TYPE, *self._headers(exchange)], body)
        else:
            await self.fail(ProviderBroken("The model ended without an answer."), exchange)

    async def fail(self, error: GatewayError, exchange: Exchange) -> None:
        """An error: a JSON body with its status, or the last events of a stream that says it is not whole."""
        self.close()
        if isinstance(error, HungUp):
            return
        if self._turn.response_started:
            await self._turn.end(b"".join(self._rendering.broken(error, exchange)))
            return
        if isinstance(error, NoClearedModel) and not discloses(exchange):
            error = NoClearedModel()
        await self._tell(error, self._headers(exchange))

    async def refuse(self, error: GatewayError) -> None:
        """An error where nothing has left yet, and there is no exchange that could be told of."""
        await self._tell(error, self._dialect.ids(self._id))

    def close(self) -> None:
        """No silence is filled any more, whatever happened."""
        if self._keep_alive is not None:
            self._keep_alive.cancel()
            self._keep_alive = None

    async def _tell(self, error: GatewayError, headers: Headers) -> None:
        status, body = self._dialect.error(error, self._id)
        own = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
        await self._turn.answer(status, [_JSON_TYPE, *own, *headers], body)

    def _headers(self, exchange: Exchange) -> Headers:
        return [*self._dialect.ids(self._id), *response_headers(exchange)]

    def _watch_silence(self, seconds: float) -> None:
        self._keep_alive = asyncio.get_running_loop().call_later(seconds, self._still_here)

    def _still_here(self) -> None:
        """One timer a stream, not one an event: it looks how long the silence is, and sets itself anew."""
        left = self._written + self._silence - monotonic()
        if left <= 0:
            self._turn.comment(b": keep-alive\n\n")
        self._watch_silence(left if left > 0 else self._silence)
