"""Reads a Messages body: what it says in the shape of chat completions, beside the bytes it came as."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.api.content import beyond
from gateway.api.elsewhere import points_elsewhere
from gateway.api.loose import Loose, beside
from gateway.api.members import Members, member, object_of, required
from gateway.api.messages.content import messages_of, read_content
from gateway.api.messages.options import options_of
from gateway.api.messages.said import Said
from gateway.api.outline import Room
from gateway.api.remote import remote_tools
from gateway.api.sketch import Sketch
from gateway.api.wire import each_message, metadata_of, model_of
from gateway.errors import InvalidRequest
from gateway.types import Api, Caller, ChatRequest, Message, Sent

_READ: Final = frozenset({"model", "messages", "system"})
_MAY_POINT: Final = ("tools", "container")
_json = msgspec.json.Encoder()


def parse(body: bytes, caller: Caller) -> ChatRequest:
    """The request in the body of a POST to /v1/messages.

    Raises:
        InvalidRequest: it is no JSON object of bounded size, a member is missing, or one has a wrong type.
    """
    return _request(body, Api.MESSAGES)


def parse_counted(body: bytes, caller: Caller) -> ChatRequest:
    """The request in the body of a POST to /v1/messages/count_tokens: any model can be asked for a count.

    Raises InvalidRequest, as `parse` does.
    """
    return _request(body, Api.COUNT)


def _request(body: bytes, api: Api) -> ChatRequest:
    room, sketch = Room(), Sketch(body)
    value = object_of(body, room, sketch)
    model = model_of(value)
    counts = api is Api.COUNT
    max_tokens = member(value, "max_tokens", int) if counts else required(value, "max_tokens", int)
    aside = Loose(room)
    messages, only = _messages(value, sketch, aside)
    beside(value, _READ, aside)
    options = options_of(value, sketch)
    return ChatRequest(
        model=model,
        messages=messages,
        fields=options.fields,
        stream=bool(member(value, "stream", bool)) and not counts,
        max_tokens=max_tokens,
        wants_json=options.wants_json,
        tools=options.tools,
        metadata=metadata_of(value),
        other_text="\n".join(aside.texts),
        sealed=tuple(aside.sealed),
        unreadable=aside.unreadable or points_elsewhere({name: value.get(name) for name in _MAY_POINT}),
        sent=Sent(api, body, messages, options.fields),
        only="" if counts else only or options.only,
        remote_tools=remote_tools(value),
    )


def _messages(value: Members, sketch: Sketch, aside: Loose) -> tuple[tuple[Message, ...], str]:
    """The messages, what the system says first; and what chat completions cannot say of them."""
    messages, only = _system(value, aside), ""
    for i, (message, raw) in enumerate(each_message(value, sketch)):
        made, lacking = messages_of(message, raw, f"messages[{i}]", aside)
        messages += made
        only = only or lacking
    if messages[-1].role == "assistant":
        only = only or beyond(Api.MESSAGES, "the continuing of the assistant's last message")
    return tuple(messages), only


def _system(value: Members, aside: Loose) -> list[Message]:
    """One message, where there is any text."""
    given = value.get("system")
    if given is None:
        return []
    blocks = given if isinstance(given, list) else []
    if any(isinstance(block, dict) and block.get("type") != "text" for block in blocks):
        raise InvalidRequest("'system' must be a string or a list of text blocks.", param="system")
    said = Said(Loose(aside.room))
    read_content(given, "system", said)
    aside.take(said.loose)
    text = "\n\n".join(said.texts)
    if not text:
        aside.unreadable = aside.unreadable or said.unreadable
        return []
    raw = _json.encode({"role": "system", "content": text})
    return [Message("system", text, raw, unreadable=said.unreadable, native=b"")]
