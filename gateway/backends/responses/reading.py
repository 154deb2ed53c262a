"""What the JSON of OpenAI's Responses API says: only what the gateway reads is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from gateway.backends.completions import MOST_COUNTED
from gateway.backends.speech import Announced, NotJson
from gateway.types import Answer, Api, Delta, ToolCall, ToolCallDelta, Usage


class _InputDetails(msgspec.Struct):
    cached_tokens: int | float | None = None
    cache_write_tokens: int | float | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | float | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | float | None = None
    output_tokens: int | float | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Part(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    refusal: str | None = None


class _Item(msgspec.Struct):
    type: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    content: list[_Part] | None = None
    summary: list[_Part] | None = None


class _Details(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    output: list[_Item] | None = None
    status: str | None = None
    usage: _Usage | None = None
    error: Any = None
    incomplete_details: _Details | None = None


class _Event(msgspec.Struct):
    type: str = ""
    delta: Any = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    output_index: int = 0
    content_index: int = 0
    item: _Item | None = None
    response: _Response | None = None
    error: Any = None
    code: str | None = None
    message: str | None = None
    param: str | None = None


class _Named(msgspec.Struct):
    type: str


_event = msgspec.json.Decoder(_Event)
_named = msgspec.json.Decoder(_Named)
_response = msgspec.json.Decoder(_Response)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SILENT: Final = frozenset(  # without content: a fallback is still possible after them
    (
        *("response.created", "response.in_progress", "response.queued", "response.content_part.added"),
        *("response.reasoning_summary_part.added", "keepalive"),
    )
)
_SAID_ITEMS: Final = frozenset({"message", "reasoning"})
_ENDS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}
_CALL: Final = "function_call"


class Reader:
    """Reads one stream's events; `finished` once the response is over.

    What an event says whole, without pieces of it before, is taken from there.
    """

    __slots__ = ("_calls", "_pieces", "finished")

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}  # by the place in the output: which call it is
        self._pieces: set[tuple[str, int, int]] = set()  # what came in pieces
        self.finished = False

    def delta(self, data: bytes) -> Delta:
        """Raises NotJson or Announced."""
        event = _decoded(data)
        read = _EVENTS.get(event.type)
        if read is None:
            return _delta(event, data, other=event.type not in _SILENT)
        return read(self, event, data)

    def _text(self, event: _Event, data: bytes) -> Delta:
        return _delta(event, data, text=self._said("text", event, event.text))

    def _refusal(self, event: _Event, data: bytes) -> Delta:
        return _delta(event, data, other=True, refusal=self._said("refusal", event, event.refusal))

    def _reasoning(self, event: _Event, data: bytes) -> Delta:
        kind = "summary" if "summary" in event.type else "reasoning"
        return _delta(event, data, other=True, reasoning=self._said(kind, event, event.text))

    def _arguments(self, event: _Event, data: bytes) -> Delta:
        said = self._said("arguments", event, event.arguments)
        return _delta(event, data, other=True, tool_calls=self._fragment(event, arguments=said))

    def _item(self, event: _Event, data: bytes) -> Delta:
        """A call begins with its item, and a server may say all of it at the item's end."""
        item = event.item or _Item()
        if item.type != _CALL:
            return _delta(event, data, other=item.type not in _SAID_ITEMS)
        known = event.output_index in self._calls
        self._calls.setdefault(event.output_index, len(self._calls))
        said = self._said("arguments", event, item.arguments)
        if known:
            return _delta(event, data, other=True, tool_calls=self._fragment(event, arguments=said))
        fragment = self._fragment(event, item.call_id or "", item.name or "", said)
        return _delta(event, data, tool_calls=fragment)

    def _fragment(
        self, event: _Event, id_: str = "", name: str = "", arguments: str = ""
    ) -> tuple[ToolCallDelta, ...]:
        index = self._calls.get(event.output_index)
        if index is None or not (id_ or name or arguments):
            return ()
        return (ToolCallDelta(index, id_, name, arguments),)

    def _said(self, kind: str, event: _Event, whole: str | None) -> str:
        """A piece of it, or all of it where no piece came before."""
        place = kind, event.output_index, event.content_index
        if isinstance(event.delta, str):
            self._pieces.add(place)
            return event.delta
        if place in self._pieces or not whole:
            return ""
        self._pieces.add(place)
        return whole

    def _ends(self, event: _Event, data: bytes) -> Delta:
        response = event.response or _Response()
        self.finished = True
        usage = None if response.usage is None else _usage(response.usage)
        called = bool(self._calls) or any(item.type == _CALL for item in response.output or ())
        return _delta(event, data, finish=_finish(response, called), usage=usage)

    def _failed(self, event: _Event, data: bytes) -> Delta:
        error = event.error if event.response is None else event.response.error
        if not isinstance(error, dict):
            error = {"code": event.code, "message": event.message, "param": event.param}
        raise Announced(_error(error))


def _decoded(data: bytes) -> _Event:
    """An event; of one with members of other types than known, its name alone."""
    try:
        return _event.decode(data)
    except msgspec.ValidationError:
        pass
    except _UNREADABLE as error:
        raise NotJson("it is not JSON") from error
    try:
        return _Event(_named.decode(data).type)
    except _UNREADABLE as error:
        raise NotJson("it is not an event of this API") from error


def _delta(event: _Event, data: bytes, **said: Any) -> Delta:
    return Delta(raw=data, api=Api.RESPONSES, event=event.type, **said)


_EVENTS: Final[dict[str, Callable[[Reader, _Event, bytes], Delta]]] = {
    "response.output_text.delta": Reader._text,
    "response.output_text.done": Reader._text,
    "response.refusal.delta": Reader._refusal,
    "response.refusal.done": Reader._refusal,
    "response.reasoning_text.delta": Reader._reasoning,
    "response.reasoning_text.done": Reader._reasoning,
    "response.reasoning_summary_text.delta": Reader._reasoning,
    "response.reasoning_summary_text.done": Reader._reasoning,
    "response.function_call_arguments.delta": Reader._arguments,
    "response.function_call_arguments.done": Reader._arguments,
    "response.output_item.added": Reader._item,
    "response.output_item.done": Reader._item,
    "response.completed": Reader._ends,
    "response.incomplete": Reader._ends,
    "response.failed": Reader._failed,
    "error": Reader._failed,
}


def answer(body: bytes) -> Answer:
    """A whole response. Raises NotJson or Announced."""
    try:
        response = _response.decode(body)
    except _UNREADABLE as error:
        raise NotJson("it is not a response") from error
    if response.status == "failed" or (response.error and response.output is None):
        raise Announced(_error(response.error if isinstance(response.error, dict) else {}))
    if response.output is None:
        raise NotJson("it has no output")
    calls = tuple(
        ToolCall(item.call_id or "", item.name or "", item.arguments or "")
        for item in response.output
        if item.type == _CALL
    )
    parts = [part for item in response.output if item.type == "message" for part in item.content or ()]
    thoughts = [
        part
        for i in response.output
        if i.type == "reasoning"
        for part in (*(i.summary or ()), *(i.content or ()))
    ]
    return Answer(
        text=_joined(part.text for part in parts),
        tool_calls=calls,
        finish=_finish(response, bool(calls)),
        usage=None if response.usage is None else _usage(response.usage),
        raw=body,
        reasoning=_joined(part.text for part in thoughts),
        refusal=_joined(part.refusal for part in parts),
        api=Api.RESPONSES,
    )


def _joined(texts: Iterable[str | None]) -> str:
    return "".join(text or "" for text in texts)


def _finish(response: _Response, called: bool) -> str:
    if response.status == "incomplete":
        reason = response.incomplete_details.reason if response.incomplete_details else None
        return _ENDS.get(reason or "", "length")
    return "tool_calls" if called else "stop"


def _error(error: dict[str, Any]) -> dict[str, Any]:
    shape = {"message": "the upstream gave no reason", "type": "server_error", "param": None, "code": None}
    return {**shape, **{name: value for name, value in error.items() if value is not None}}


def _count(said: float | None) -> int:
    return int(min(max(said or 0, 0), MOST_COUNTED))


def _usage(usage: _Usage) -> Usage:
    """The service counts cached and reasoning tokens inside its sums; ours are disjoint."""
    given, made = (
        usage.input_tokens_details or _InputDetails(),
        usage.output_tokens_details or _OutputDetails(),
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
