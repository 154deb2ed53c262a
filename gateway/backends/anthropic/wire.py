"""The JSON of Anthropic's Messages API: only what the gateway reads of it is decoded."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.decoding import UNREADABLE, count_of, event_by
from gateway.backends.speech import Announced, NotJson
from gateway.types import Usage as Used

_NOTHING = msgspec.Raw(b"")
_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_NO_REASON = {"message": "the upstream gave no reason", "type": "api_error", "param": None, "code": None}


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | float | None = None


class Usage(msgspec.Struct):
    """Tokens; in a stream's last event those that were counted anew."""

    input_tokens: int | float | None = None
    cache_creation_input_tokens: int | float | None = None
    cache_read_input_tokens: int | float | None = None
    output_tokens: int | float | None = None
    output_tokens_details: _OutputDetails | None = None


class _Stopped(msgspec.Struct):
    explanation: str | None = None


class Block(msgspec.Struct):
    """A content block, whole or as it begins."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str = ""
    name: str = ""
    input: msgspec.Raw = _NOTHING


class Message(msgspec.Struct):
    """A whole message, or a stream's as it begins."""

    type: str = ""
    content: list[Block] | None = None
    stop_reason: str | None = None
    stop_details: _Stopped | None = None
    usage: Usage | None = None
    error: msgspec.Raw = _NOTHING

    @property
    def refusal(self) -> str:
        """Why the provider refused to answer, where it says so."""
        return _why(self.stop_reason, self.stop_details)


class Piece(msgspec.Struct):
    """What a stream's event adds."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None
    stop_details: _Stopped | None = None

    @property
    def refusal(self) -> str:
        return _why(self.stop_reason, self.stop_details)


class Event(msgspec.Struct):
    """One event of a stream."""

    type: str
    index: int = 0
    message: Message | None = None
    content_block: Block | None = None
    delta: Piece | None = None
    usage: Usage | None = None
    error: msgspec.Raw = _NOTHING

    @property
    def said_error(self) -> dict[str, Any]:
        return _error(self.error)


_event, _message = msgspec.json.Decoder(Event), msgspec.json.Decoder(Message)


def event_of(data: bytes) -> Event:
    """See event_by. Raises NotJson."""
    return event_by(_event, Event, data)


def decoded(body: bytes) -> Message:
    """A whole message. Raises NotJson, or Announced where it is an error."""
    try:
        message = _message.decode(body)
    except UNREADABLE as error:
        raise NotJson("it is not a message") from error
    if message.type == "error":
        raise Announced(_error(message.error))
    return message


def _error(raw: msgspec.Raw) -> dict[str, Any]:
    """An error in OpenAI's shape, which holds all that it says."""
    try:
        error = msgspec.json.decode(raw)
    except UNREADABLE:
        error = None
    return {**_NO_REASON, **error} if isinstance(error, dict) else dict(_NO_REASON)


def finish_of(stop_reason: str) -> str:
    """The word of chat completions for it; for one that is not known yet, `stop`."""
    return _FINISHES.get(stop_reason, "stop")


def _why(stop_reason: str | None, details: _Stopped | None) -> str:
    return (details.explanation or "") if stop_reason == "refusal" and details is not None else ""


def usage_of(first: Usage | None, last: Usage | None) -> Used | None:
    """The tokens by disjoint kind: the last word on each, since a stream's counts are of all so far."""
    if first is None and last is None:
        return None
    first, last = first or Usage(), last or Usage()
    details = last.output_tokens_details or first.output_tokens_details or _OutputDetails()
    output = _count(first.output_tokens, last.output_tokens)
    thought = min(_count(details.thinking_tokens, None), output)
    return Used(
        input=_count(first.input_tokens, last.input_tokens),
        cached_input=_count(first.cache_read_input_tokens, last.cache_read_input_tokens),
        cache_write=_count(first.cache_creation_input_tokens, last.cache_creation_input_tokens),
        output=output - thought,
        reasoning=thought,
    )


def _count(first: float | None, last: float | None) -> int:
    return count_of(first if last is None else last)
