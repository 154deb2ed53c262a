"""The shapes of OpenAI's Responses API: only what the gateway reads of them is decoded."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.completions import MOST_COUNTED
from gateway.backends.speech import NotJson
from gateway.types import Usage


class InputDetails(msgspec.Struct):
    cached_tokens: int | float | None = None
    cache_write_tokens: int | float | None = None


class OutputDetails(msgspec.Struct):
    reasoning_tokens: int | float | None = None


class Tokens(msgspec.Struct):
    input_tokens: int | float | None = None
    output_tokens: int | float | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


class Part(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    refusal: str | None = None


class Item(msgspec.Struct):
    type: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    content: list[Part] | None = None
    summary: list[Part] | None = None


class Details(msgspec.Struct):
    reason: str | None = None


class Response(msgspec.Struct):
    output: list[Item] | None = None
    status: str | None = None
    usage: Tokens | None = None
    error: Any = None
    incomplete_details: Details | None = None


class Event(msgspec.Struct):
    type: str = ""
    delta: Any = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    output_index: int = 0
    content_index: int = 0
    item: Item | None = None
    response: Response | None = None
    error: Any = None
    code: str | None = None
    message: str | None = None
    param: str | None = None


class Named(msgspec.Struct):
    type: str


_event = msgspec.json.Decoder(Event)
_named = msgspec.json.Decoder(Named)
_response = msgspec.json.Decoder(Response)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def event_of(data: bytes) -> Event:
    """An event; of one with members of other types than known, its name alone."""
    try:
        return _event.decode(data)
    except msgspec.ValidationError:
        pass
    except _UNREADABLE as error:
        raise NotJson("it is not JSON") from error
    try:
        return Event(_named.decode(data).type)
    except _UNREADABLE as error:
        raise NotJson("it is not an event of this API") from error


def response_of(body: bytes) -> Response:
    """A whole response. Raises NotJson."""
    try:
        return _response.decode(body)
    except _UNREADABLE as error:
        raise NotJson("it is not a response") from error


def error_of(error: dict[str, Any]) -> dict[str, Any]:
    shape = {"message": "the upstream gave no reason", "type": "server_error", "param": None, "code": None}
    return {**shape, **{name: value for name, value in error.items() if value is not None}}


def _count(said: float | None) -> int:
    return int(min(max(said or 0, 0), MOST_COUNTED))


def usage_of(usage: Tokens) -> Usage:
    """The service counts cached and reasoning tokens inside its sums; ours are disjoint."""
    given, made = (
        usage.input_tokens_details or InputDetails(),
        usage.output_tokens_details or OutputDetails(),
    )
    cached, written = _count(given.cached_tokens), _count(given.cache_write_tokens)
    reasoning = _count(made.reasoning_tokens)
    return Usage(
        input=max(0, _count(usage.input_tokens) - cached - written),
        cached_input=cached,
        cache_write=written,
        output=max(0, _count(usage.output_tokens) - reasoning),
        reasoning=reasoning,
    )
