"""Reads a Responses body: what it says in the shape of chat completions, beside the bytes it came as."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from gateway.api.elsewhere import points_elsewhere
from gateway.api.loose import Loose, beside
from gateway.api.members import Members, member, object_of
from gateway.api.outline import Room
from gateway.api.remote import remote_tools
from gateway.api.responses.items import read_instructions, read_item
from gateway.api.responses.options import options_of
from gateway.api.responses.references import raw_input, written_out
from gateway.api.responses.said import Said
from gateway.api.wire import MAX_MESSAGES, metadata_of, model_of
from gateway.errors import InvalidRequest
from gateway.interfaces import ResponseStore
from gateway.types import Api, Caller, ChatRequest, Message, Sent

_READ: Final = frozenset({"model", "input", "instructions", "previous_response_id"})
# What stands for turns that the gateway does not see: they would be neither labelled nor masked.
_UNSEEN: Final = {
    "conversation": "a conversation that the provider holds",
    "prompt": "a prompt that the provider holds",
}


@dataclass(frozen=True, slots=True)
class RequestReader:
    """Parses the body of a POST to /v1/responses; what it refers to is looked up in the store."""

    store: ResponseStore

    def __call__(self, body: bytes, caller: Caller) -> ChatRequest:
        """
        Raises:
            InvalidRequest: it is no JSON object of bounded size, a member is missing or has a wrong type, or
                it asks for what cannot be served here.
            NotFound: it refers to a response or an item that this caller was not answered, or that is over.
        """
        room = Room()
        value = object_of(body, room)
        _check(value)
        written = written_out(value, body, caller, self.store)
        if written is None:
            return _request(value, body, room)
        room = Room()
        whole = _request(object_of(written.body, room), written.body, room)
        assert whole.sent is not None, "a request is read from a body"
        sent = replace(
            whole.sent,
            body=body,
            complete=written.body,
            held_by=written.held_by,
            turns=written.turns,
            label=written.label,
        )
        return replace(whole, sent=sent, floor=written.floor).labelled(written.label)


def _check(value: Members) -> None:
    """Raises InvalidRequest for what can be served nowhere."""
    for name, what in _UNSEEN.items():
        if value.get(name) is not None:
            raise InvalidRequest(
                f"'{name}' stands for {what}, which this gateway cannot read and therefore not label. "
                "Send its content in 'input' and 'instructions' instead.",
                param=name,
            )
    if member(value, "background", bool):
        raise InvalidRequest(
            "'background' is not served here: send the request without it, and stream.", param="background"
        )


def _request(value: Members, body: bytes, room: Room) -> ChatRequest:
    model = model_of(value)
    said = Said(Loose(room))
    messages = _messages(value, body, said)
    beside(value, _READ, said.aside)
    said.aside.unreadable = said.aside.unreadable or points_elsewhere(value.get("tools"))
    options = options_of(value, body)
    return ChatRequest(
        model=model,
        messages=messages,
        fields=options.fields,
        stream=bool(member(value, "stream", bool)),
        max_tokens=member(value, "max_output_tokens", int),
        wants_json=options.wants_json,
        tools=options.tools,
        metadata=metadata_of(value),
        other_text="\n".join(said.aside.texts),
        sealed=tuple(said.aside.sealed),
        unreadable=said.aside.unreadable,
        sent=Sent(Api.RESPONSES, body, messages, options.fields),
        keep=member(value, "store", bool) is not False,
        only=said.only or options.only,
        remote_tools=remote_tools(value),
    )


def _messages(value: Members, body: bytes, said: Said) -> tuple[Message, ...]:
    given = value.get("input")
    if given is None or given == []:
        raise InvalidRequest("'input' is required: a text, or a list of items.", param="input")
    if not isinstance(given, str | list):
        raise InvalidRequest("'input' must be a string or a list of items.", param="input")
    if len(given) > MAX_MESSAGES and isinstance(given, list):
        raise InvalidRequest(f"'input' must hold at most {MAX_MESSAGES:,} items.", param="input")
    if value.get("instructions") is not None:
        read_instructions(value["instructions"], said)
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    for i, (item, raw) in enumerate(zip(items, raw_input(body), strict=True)):
        read_item(item, raw, f"input[{i}]" if isinstance(given, list) else "input", said)
    return said.messages()
