"""The shapes of OpenAI's Responses API: only what the gateway reads of them is decoded."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.decoding import UNREADABLE, count_of, event_by
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


_event = msgspec.json.Decoder(Event)
_response = msgspec.json.Decoder(Response)


def event_of(data: bytes) -> Event:
    """See event_by. Raises NotJson."""
    return event_by(_event, Event, data)


def response_of(body: bytes) -> Response:
    """A whole response. Raises NotJson."""
    try:
        return _response.decode(body)
    except UNREADABLE as error:
        raise NotJson("it is not a response") from error


def error_of(error: dict[str, Any]) -> dict[str, Any]:
    shape = {"message": "the upstream gave no reason", "type": "server_error", "param": None, "code": None}
    return {**shape, **{name: value for name, value in error.items() if value is not None}}


def usage_of(usage: Tokens) -> Usage:
    """The service counts cached and reasoning tokens inside its sums; ours are disjoint."""
    given, made = (
        usage.input_tokens_details or InputDetails(),
        usage.output_tokens_details or OutputDetails(),
    )
    cached, written = count_of(given.cached_tokens), count_of(given.cache_write_tokens)
    reasoning = count_of(made.reasoning_tokens)
    return Usage(
        input=max(0, count_of(usage.input_tokens) - cached - written),
        cached_input=cached,
        cache_write=written,
        output=max(0, count_of(usage.output_tokens) - reasoning),
        reasoning=reasoning,
    )
