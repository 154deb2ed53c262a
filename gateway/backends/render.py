"""The body for an OpenAI-compatible upstream: the caller's members, with what the gateway changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.backends.splice import with_member, with_members
from gateway.types import Api, ChatRequest, ToolSpec

_TRUE = msgspec.Raw(b"true")
_USAGE_ASKED = b'{"include_usage":true}'
_LIMITS = frozenset({"max_tokens", "max_completion_tokens"})
_items = msgspec.json.Decoder(list[msgspec.Raw])
_encoder = msgspec.json.Encoder()


def chat_body(
    request: ChatRequest, model: str, limit: str = "max_tokens", refused: frozenset[str] = frozenset()
) -> bytes:
    """The request as JSON for `model`: the caller's own bytes, where nothing else is to be said.

    Usage is asked of every stream, since accounting needs it. `limit` is what the upstream calls the most
    tokens that it may answer with, and `refused` what it takes in no request: a caller of chat completions
    names its members itself.
    """
    sent, own = request.sent, request.fields
    if sent is None or sent.api is not Api.CHAT or not request.untouched or not _may_stay(request):
        return _put_together(request, model, limit, refused)
    changed = {"model": _encoder.encode(model)}
    if request.stream and not request.include_usage:
        changed["stream_options"] = stream_options(own.get("stream_options"))
    return with_members(sent.body, own, changed)


def _may_stay(request: ChatRequest) -> bool:
    """Whether what it says of streaming holds; options without a stream are what upstreams refuse."""
    asked = request.fields.get("stream", b"false") == b"true"
    options = request.fields.get("stream_options", b"null")
    return request.stream == asked and (asked or options == b"null")


def _put_together(request: ChatRequest, model: str, limit: str, refused: frozenset[str]) -> bytes:
    """Order, unknown members and each message's own bytes are kept.

    The messages are always put together again from their own JSON. That costs a copy, changes nothing but
    the white space between them, and an edited message cannot be overlooked.
    """
    body = {name: msgspec.Raw(raw) for name, raw in request.fields.items()}
    if request.api is not Api.CHAT:
        body = {limit if n in _LIMITS else n: raw for n, raw in body.items() if n not in refused}
    body["model"] = msgspec.Raw(_encoder.encode(model))
    body["messages"] = msgspec.Raw(b"[" + b",".join([m.raw for m in request.messages]) + b"]")
    if request.offered:
        body["tools"] = msgspec.Raw(_tools(request))
    if request.stream:
        body["stream"] = _TRUE
        body["stream_options"] = msgspec.Raw(stream_options(request.fields.get("stream_options")))
    else:
        body.pop("stream", None)
        body.pop("stream_options", None)  # refused without `stream`
    return _encoder.encode(body)


def tool(spec: ToolSpec) -> Mapping[str, Any]:
    """A tool in the shape of OpenAI's function tools."""
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    return {"type": "function", "function": function}


def _tools(request: ChatRequest) -> bytes:
    """The caller's tools untouched, then those of the gateway; of two of one name the caller's stays."""
    own = request.fields.get("tools")
    tools: list[Any] = [] if own is None or own == b"null" else list(_items.decode(own))
    taken = {spec.name for spec in request.tools}
    return _encoder.encode(tools + [tool(spec) for spec in request.offered if spec.name not in taken])


def stream_options(own: bytes | None) -> bytes:
    """The caller's options, usage asked for in any case."""
    if own is None or not own.startswith(b"{"):
        return _USAGE_ASKED
    return with_member(own, "include_usage", b"true")
