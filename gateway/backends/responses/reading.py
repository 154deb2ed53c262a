"""Reads what an upstream says that speaks OpenAI's Responses API: event by event, or whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from gateway.backends.responses.shapes import Event, Item, Response, error_of, event_of, response_of, usage_of
from gateway.backends.speech import Announced, NotJson
from gateway.types import Answer, Api, Delta, ToolCall, ToolCallDelta

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
        event = event_of(data)
        if not event.type:
            self._nameless(event)
        read = _EVENTS.get(event.type)
        if read is None:
            return _delta(event, data, other=event.type not in _SILENT)
        return read(self, event, data)

    def _text(self, event: Event, data: bytes) -> Delta:
        return _delta(event, data, text=self._said("text", event, event.text))

    def _refusal(self, event: Event, data: bytes) -> Delta:
        return _delta(event, data, other=True, refusal=self._said("refusal", event, event.refusal))

    def _reasoning(self, event: Event, data: bytes) -> Delta:
        kind = "summary" if "summary" in event.type else "reasoning"
        return _delta(event, data, other=True, reasoning=self._said(kind, event, event.text))

    def _arguments(self, event: Event, data: bytes) -> Delta:
        said = self._said("arguments", event, event.arguments)
        return _delta(event, data, other=True, tool_calls=self._fragment(event, arguments=said))

    def _item(self, event: Event, data: bytes) -> Delta:
        """A call begins with its item, and a server may say all of it at the item's end."""
        item = event.item or Item()
        if item.type != _CALL:
            thinks = item.type == "reasoning"
            return _delta(event, data, other=item.type not in _SAID_ITEMS, thinks=thinks)
        known = event.output_index in self._calls
        self._calls.setdefault(event.output_index, len(self._calls))
        said = self._said("arguments", event, item.arguments)
        if known:
            return _delta(event, data, other=True, tool_calls=self._fragment(event, arguments=said))
        fragment = self._fragment(event, item.call_id or "", item.name or "", said)
        return _delta(event, data, tool_calls=fragment)

    def _fragment(
        self, event: Event, id_: str = "", name: str = "", arguments: str = ""
    ) -> tuple[ToolCallDelta, ...]:
        index = self._calls.get(event.output_index)
        if index is None or not (id_ or name or arguments):
            return ()
        return (ToolCallDelta(index, id_, name, arguments),)

    def _said(self, kind: str, event: Event, whole: str | None) -> str:
        """A piece of it, or all of it where no piece came before."""
        place = kind, event.output_index, event.content_index
        if isinstance(event.delta, str):
            self._pieces.add(place)
            return event.delta
        if place in self._pieces or not whole:
            return ""
        self._pieces.add(place)
        return whole

    def _ends(self, event: Event, data: bytes) -> Delta:
        response = event.response or Response()
        self.finished = True
        usage = None if response.usage is None else usage_of(response.usage)
        called = bool(self._calls) or any(item.type == _CALL for item in response.output or ())
        return _delta(event, data, finish=_finish(response, called), usage=usage)

    def _nameless(self, event: Event) -> None:
        """An error as something before the model tells it; anything else is no event of this API."""
        if not isinstance(event.error, dict):
            raise NotJson("it is not an event of this API")
        raise Announced(error_of(event.error))

    def _failed(self, event: Event, data: bytes) -> Delta:
        error = event.error if event.response is None else event.response.error
        if not isinstance(error, dict):
            error = {"code": event.code, "message": event.message, "param": event.param}
        raise Announced(error_of(error))


def _delta(event: Event, data: bytes, **said: Any) -> Delta:
    return Delta(raw=data, api=Api.RESPONSES, event=event.type, **said)


_EVENTS: Final[dict[str, Callable[[Reader, Event, bytes], Delta]]] = {
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
    response = response_of(body)
    if response.status == "failed" or (response.error and response.output is None):
        raise Announced(error_of(response.error if isinstance(response.error, dict) else {}))
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
        usage=None if response.usage is None else usage_of(response.usage),
        raw=body,
        reasoning=_joined(part.text for part in thoughts),
        refusal=_joined(part.refusal for part in parts),
        api=Api.RESPONSES,
    )


def _joined(texts: Iterable[str | None]) -> str:
    return "".join(text or "" for text in texts)


def _finish(response: Response, called: bool) -> str:
    if response.status == "incomplete":
        reason = response.incomplete_details.reason if response.incomplete_details else None
        return _ENDS.get(reason or "", "length")
    return "tool_calls" if called else "stop"
