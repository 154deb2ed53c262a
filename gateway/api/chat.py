"""Chat completions: events to one JSON body, or to a stream of chunks."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.chunks import Chunks, usage_body, wants_usage
from gateway.api.dialect import Dialect, event
from gateway.api.wire import chat_request
from gateway.errors import GatewayError
from gateway.types import Answer, Api, Caller, ChatRequest, Delta, Usage

_json = msgspec.json.Encoder()


class ChatRendering(Chunks):
    """See Rendering."""

    def __init__(self, request_id: str, created: int) -> None:
        super().__init__("chatcmpl-" + request_id, created)
        self._roled = False

    def delta(self, delta: Delta, exchange: Exchange) -> list[bytes]:
        wanted = wants_usage(exchange)
        if delta.raw is not None and delta.api is Api.CHAT:
            if delta.usage is None or delta.has_content:
                return [event(delta.raw)]
            return self._held(delta.raw) if wanted else []
        chunks = [self._chunk(delta, exchange)] if _says(delta) else []
        if delta.usage is not None and wanted:
            usage = self._envelope("chat.completion.chunk", [], usage_body(delta.usage), exchange)
            return [*map(event, chunks), *self._held(usage)]
        return [event(chunk) for chunk in chunks]

    def whole(self, answer: Answer, exchange: Exchange) -> bytes:
        if answer.raw is not None and answer.api is Api.CHAT:
            return answer.raw
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answer.text or None,
            "refusal": answer.refusal or None,
        }
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.tool_calls:
            message["tool_calls"] = [
                {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
                for c in answer.tool_calls
            ]
        elif not answer.text and not answer.refusal:
            message["content"] = ""
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}
        return self._envelope("chat.completion", [choice], usage_body(answer.usage or Usage()), exchange)

    def _chunk(self, delta: Delta, exchange: Exchange) -> bytes:
        content: dict[str, Any] = {} if self._roled else {"role": "assistant"}
        self._roled = True
        if delta.text:
            content["content"] = delta.text
        if delta.reasoning:
            content["reasoning_content"] = delta.reasoning
        if delta.refusal:
            content["refusal"] = delta.refusal
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
        return self._envelope("chat.completion.chunk", [choice], None, exchange)


def _says(delta: Delta) -> bool:
    """Whether there is something that a chunk can say."""
    return bool(delta.text or delta.tool_calls or delta.finish or delta.reasoning or delta.refusal)


def told(error: GatewayError, request_id: str) -> tuple[int, bytes]:
    """An error in OpenAI's shape, and its status."""
    return error.http_status, _json.encode(error.body())


def parse(body: bytes, caller: Caller) -> ChatRequest:
    """A caller's body."""
    return chat_request(body)


CHAT = Dialect(Api.CHAT, parse, ChatRendering, told)
