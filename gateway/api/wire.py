"""Reads a chat completions body: what routing needs is decoded, the rest stays the bytes that it came as."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.api.chat_message import message_of
from gateway.api.loose import Loose, beside
from gateway.api.members import Members, member, readable_object, required
from gateway.api.outline import Room
from gateway.api.remote import remote_tools
from gateway.api.sketch import Sketch
from gateway.errors import InvalidRequest
from gateway.types import Api, ChatRequest, Sent, ToolSpec

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
    room, sketch = Room(), Sketch(body)
    value = readable_object(body, sketch, room)
    model = model_of(value)
    loose = Loose(room)
    messages = tuple(
        message_of(message, raw, f"messages[{i}]", loose)
        for i, (message, raw) in enumerate(each_message(value, sketch))
    )
    beside(value, _ROUTED, loose)
    fields = {name: sketch.whole(bytes(raw)) for name, raw in _raw_members.decode(sketch.text).items()}
    response_format = member(value, "response_format", dict) or {}
    options = member(value, "stream_options", dict) or {}
    return ChatRequest(
        model=model,
        messages=messages,
        fields=fields,
        sent=Sent(Api.CHAT, body, messages, fields),
        stream=bool(member(value, "stream", bool)),
        include_usage=bool(member(options, "include_usage", bool, "stream_options.")),
        max_tokens=member(value, "max_completion_tokens", int) or member(value, "max_tokens", int),
        wants_json=str(response_format.get("type", "")).startswith("json"),
        tools=_tools(value),
        metadata=metadata_of(value),
        other_text="\n".join(loose.texts),
        sealed=tuple(loose.sealed),
        unreadable=loose.unreadable,
        remote_tools=remote_tools(value),
    )


def each_message(value: Members, body: Sketch) -> list[tuple[Any, bytes]]:
    """The messages of `value`, which `body` says, each with its own JSON. Raises InvalidRequest."""
    messages = member(value, "messages", list)
    if messages is None:
        raise InvalidRequest("'messages' is required: a list of at least one message.", param="messages")
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise InvalidRequest(f"'messages' must hold 1 to {MAX_MESSAGES:,} messages.", param="messages")
    raws = _raw_messages.decode(body.text).messages
    return [(message, body.whole(bytes(raw))) for message, raw in zip(messages, raws, strict=True)]


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


def model_of(value: Members) -> str:
    """The name of a model, which has to be there. Raises InvalidRequest."""
    model: str = required(value, "model", str)
    if len(model) > MAX_MODEL:
        raise InvalidRequest(f"'model' is longer than {MAX_MODEL} characters.", param="model")
    return model


def metadata_of(value: Members) -> dict[str, str]:
    """What conditions may read of it, within OpenAI's bounds: 16 pairs, values of 512 characters."""
    given = member(value, "metadata", dict) or {}
    pairs = [(k, v) for k, v in given.items() if isinstance(v, str) and len(k) <= 64 and len(v) <= 512]
    return dict(pairs[:16])
