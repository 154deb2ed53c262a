"""Events to one JSON body or a stream of server-sent events, in the shape of chat completions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic
from typing import Any

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.headers import Headers, response_headers
from gateway.errors import GatewayError, HungUp, ProviderBroken
from gateway.types import Answer, Delta, Usage

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KEEP_ALIVE_SECONDS = 10.0
_json = msgspec.json.Encoder()
_JSON_TYPE = (b"content-type", b"application/json")
_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class ChatReply:
    """One caller's reply. `created` is in seconds since the epoch.

    A stream that is silent for `keep_alive` seconds gets a comment line, so that nothing in between drops it.
    """

    def __init__(
        self, send: Send, request_id: str, created: int, keep_alive: float = KEEP_ALIVE_SECONDS
    ) -> None:
        self._send = send
        self._id = "chatcmpl-" + request_id
        self._created = created
        self._silence = keep_alive
        self._answer: Answer | None = None
        self._keep_alive: asyncio.TimerHandle | None = None
        self._wants_usage = False
        self._roled = False
        self._model = ""
        self._closed = False
        self._written = 0.0
        self.started = False

    async def event(self, event: Delta | Answer, exchange: Exchange) -> None:
        """Takes what the flow emits: a delta leaves at once, an answer waits for `finish`."""
        self._learn(exchange)
        if isinstance(event, Answer):
            self._answer = event
            return
        if not self.started:
            await self._start(200, [*_STREAM_HEADERS, *response_headers(exchange)])
        for data in self._chunks(event):
            await self._write(b"data: %b\n\n" % data)

    def _learn(self, exchange: Exchange) -> None:
        self._model = exchange.model or ""
        self._wants_usage = exchange.request is not None and exchange.request.include_usage

    async def finish(self, exchange: Exchange) -> None:
        """The answer is whole: its last byte leaves."""
        if self.started:
            await self._end(b"data: [DONE]\n\n")
        elif self._answer is not None:
            await self._whole(
                200, [_JSON_TYPE, *response_headers(exchange)], self._answer.raw or self._body(self._answer)
            )
        else:
            await self.fail(ProviderBroken("The model ended without an answer."), exchange)

    async def fail(self, error: GatewayError, exchange: Exchange) -> None:
        """An error: a JSON body with its status, or the stream's last event, without `[DONE]`."""
        if isinstance(error, HungUp):
            self._stop_keep_alive()
        elif self.started:
            await self._end(b"data: " + _json.encode(error.body()) + b"\n\n")
        else:
            await send_error(self._send, error, response_headers(exchange))

    # Streams

    def _chunks(self, delta: Delta) -> list[bytes]:
        """The chunks for a delta: an upstream's own bytes, or made here."""
        if delta.raw is not None:
            only_usage = delta.usage is not None and not delta.has_content
            return [] if only_usage and not self._wants_usage else [delta.raw]
        chunks = [self._chunk(delta)] if delta.has_content else []
        if delta.usage is not None and self._wants_usage:
            chunks.append(self._envelope("chat.completion.chunk", [], usage_body(delta.usage)))
        return chunks

    def _chunk(self, delta: Delta) -> bytes:
        content: dict[str, Any] = {} if self._roled else {"role": "assistant"}
        self._roled = True
        if delta.text:
            content["content"] = delta.text
        if delta.tool_calls:
            content["tool_calls"] = [
                {
                    "index": call.index,
                    **({"id": call.id, "type": "function"} if call.id else {}),
                    "function": {**({"name": call.name} if call.name else {}), "arguments": call.arguments},
                }
                for call in delta.tool_calls
            ]
        choice = {"index": 0, "delta": content, "logprobs": None, "finish_reason": delta.finish}
        return self._envelope("chat.completion.chunk", [choice], None)

    # Whole answers

    def _body(self, answer: Answer) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
        if answer.tool_calls:
            message["tool_calls"] = [
                {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
                for c in answer.tool_calls
            ]
        elif not answer.text:
            message["content"] = ""
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}
        return self._envelope("chat.completion", [choice], usage_body(answer.usage or Usage()))

    def _envelope(self, kind: str, choices: list[Any], usage: dict[str, Any] | None) -> bytes:
        body: dict[str, Any] = {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }
        if usage is not None or self._wants_usage:
            body["usage"] = usage
        return _json.encode(body)

    # Bytes

    async def _start(self, status: int, headers: Headers) -> None:
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

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
        if left <= 0:
            self._beat = asyncio.get_running_loop().create_task(self._write(b": keep-alive\n\n"))
        self._watch_silence(left if left > 0 else self._silence)

    async def _end(self, data: bytes) -> None:
        self._stop_keep_alive()
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def _whole(self, status: int, headers: Headers, body: bytes) -> None:
        headers.append((b"content-length", str(len(body)).encode()))
        await self._start(status, headers)
        await self._end(body)

    def close(self) -> None:
        """Nothing more is sent, whatever happened."""
        self._stop_keep_alive()

    def _stop_keep_alive(self) -> None:
        self._closed = True
        if self._keep_alive is not None:
            self._keep_alive.cancel()
            self._keep_alive = None


async def send_error(send: Send, error: GatewayError, headers: Headers) -> None:
    """An error as a whole reply, in OpenAI's shape."""
    body = _json.encode(error.body())
    own = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": error.http_status}
    await send({**start, "headers": [_JSON_TYPE, length, *own, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def usage_body(usage: Usage) -> dict[str, Any]:
    """Usage in OpenAI's shape, whose totals include the parts."""
    return {
        "prompt_tokens": usage.total_input,
        "completion_tokens": usage.total_output,
        "total_tokens": usage.total_input + usage.total_output,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input, "audio_tokens": usage.audio_input},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.audio_output,
        },
    }
