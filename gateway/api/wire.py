"""Reads a chat completions body: what routing needs is decoded, the rest stays the bytes that it came as."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.api.chat_message import message_of
from gateway.api.loose import Loose, beside
from gateway.api.members import Members, member, object_of, required
from gateway.api.outline import Room
from gateway.errors import InvalidRequest
from gateway.types import Api, ChatRequest, Message, Sent, ToolSpec

__all__ = ["chat_request", "object_of"]

MAX_MESSAGES = 10_000
MAX_MODEL = 256  # characters
_ROUTED = frozenset({"model", "messages"})  # the one is replaced, the other is read message by message


class _RawMessages(msgspec.Struct):
    messages: list[msgspec.Raw]


_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_messages = msgspec.json.Decoder(_RawMessages)


def chat_request(body: bytes) -> ChatRequest:
    """The request in `body`.

    Raises:
        InvalidRequest: it is not JSON, not an object, names a member twice, holds too many values, or a
            member that routing needs is missing or wrong.
    """
    room = Room()
    value = object_of(body, room)
    model = required(value, "model", str)
    if len(model) > MAX_MODEL:
        raise InvalidRequest(f"'model' is longer than {MAX_MODEL} characters.", param="model")
    loose = Loose(room)
    messages = _messages(value, body, loose)
    beside(value, _ROUTED, loose)
    response_format = member(value, "response_format", dict) or {}
    options = member(value, "stream_options", dict) or {}
    fields = {name: bytes(raw) for name, raw in _raw_members.decode(body).items()}
    return ChatRequest(
        model=model,
        messages=messages,
        fields=fields,
        sent=Sent(Api.CHAT, body, messages, fields),
        stream=bool(member(value, "stream", bool)),
        include_usage=bool(options.get("include_usage")),
        max_tokens=member(value, "max_completion_tokens", int) or member(value, "max_tokens", int),
        wants_json=str(response_format.get("type", "")).startswith("json"),
        tools=_tools(value),
        metadata=_metadata(value),
        other_text="\n".join(loose.texts),
        unreadable=loose.unreadable,
    )


def _messages(value: Members, body: bytes, aside: Loose) -> tuple[Message, ...]:
    """The messages; `aside` takes the strings that they carry beside what a model reads as their text."""
    messages = member(value, "messages", list)
    if messages is None:
        raise InvalidRequest("'messages' is required: a list of at least one message.", param="messages")
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise InvalidRequest(f"'messages' must hold 1 to {MAX_MESSAGES:,} messages.", param="messages")
    raws = _raw_messages.decode(body).messages
    return tuple(
        message_of(message, bytes(raw), f"messages[{i}]", aside)
        for i, (message, raw) in enumerate(zip(messages, raws, strict=True))
    )


class _FunctionSpec(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _WireTool(msgspec.Struct):
    function: _FunctionSpec | None = None


def _tools(value: Members) -> tuple[ToolSpec, ...]:
    if value.get("tools") is None:
        return ()
    try:
        tools = msgspec.convert(value["tools"], list[_WireTool])
    except msgspec.ValidationError:
        raise InvalidRequest("'tools' must be a list of tools.", param="tools") from None
    specs = (t.function for t in tools if t.function)
    return tuple(ToolSpec(f.name, f.description or "", f.parameters or {}) for f in specs)


def _metadata(value: Members) -> dict[str, str]:
    """What conditions may read of it, within OpenAI's bounds: 16 pairs, values of 512 characters."""
    given = member(value, "metadata", dict) or {}
    pairs = [(k, v) for k, v in given.items() if isinstance(v, str) and len(k) <= 64 and len(v) <= 512]
    return dict(pairs[:16])
