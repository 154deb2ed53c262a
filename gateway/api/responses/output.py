"""The output of a response: items that grow piece by piece, and the events that say so."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.types import ToolCall, ToolCallDelta

Event = dict[str, Any]
Item = dict[str, Any]
_TEXT: Final = "output_text"
_REFUSAL: Final = "refusal"


def fresh(prefix: str) -> str:
    """An id of the shape that the service gives."""
    return f"{prefix}_{secrets.token_hex(24)}"


@dataclass(slots=True)
class _Part:
    """A text that grows, at its place in an item."""

    kind: str
    place: dict[str, Any]
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@dataclass(slots=True)
class _Call:
    """A call that grows; without a name, it has no item yet."""

    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    item: Item | None = None
    index: int = 0


class Output:
    """Pieces in, events out. Reasoning and text are items one after the other; calls grow side by side.

    `items` are those that have begun, as far as they have come; all of them are whole after `close`.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._calls: dict[int, _Call] = {}
        self._part: _Part | None = None  # that grows
        self._index = -1  # of the reasoning or the message that grows

    @property
    def called(self) -> bool:
        return bool(self._calls)

    def think(self, text: str) -> Iterator[Event]:
        """A summary is where clients look for reasoning."""
        if self._growing != "reasoning":
            yield from self._over("completed")
            yield from self._begin({"id": fresh("rs"), "type": "reasoning", "summary": []})
            place = {"item_id": self._item["id"], "output_index": self._index, "summary_index": 0}
            self._part = _Part("summary", place)
            part = {"type": "summary_text", "text": ""}
            yield {"type": "response.reasoning_summary_part.added", **place, "part": part}
        assert self._part is not None
        self._part.pieces.append(text)
        yield {"type": "response.reasoning_summary_text.delta", **self._part.place, "delta": text}

    def say(self, text: str) -> Iterator[Event]:
        yield from self._speak(_TEXT)
        assert self._part is not None
        self._part.pieces.append(text)
        yield {"type": "response.output_text.delta", **self._part.place, "delta": text, "logprobs": []}

    def refuse(self, text: str) -> Iterator[Event]:
        yield from self._speak(_REFUSAL)
        assert self._part is not None
        self._part.pieces.append(text)
        yield {"type": "response.refusal.delta", **self._part.place, "delta": text}

    def call(self, fragment: ToolCallDelta) -> Iterator[Event]:
        yield from self._over("completed")
        call = self._calls.setdefault(fragment.index, _Call())
        call.id, call.name = call.id or fragment.id, call.name or fragment.name
        if fragment.arguments:
            call.pieces.append(fragment.arguments)
        if call.item is None and call.name:
            call.item, call.index = _function_call(call), len(self.items)
            self.items.append(call.item)
            yield {"type": "response.output_item.added", "output_index": call.index, "item": dict(call.item)}
            fragment = ToolCallDelta(fragment.index, arguments="".join(call.pieces))
        if call.item is not None and fragment.arguments:
            place = {"item_id": call.item["id"], "output_index": call.index}
            yield {"type": "response.function_call_arguments.delta", **place, "delta": fragment.arguments}

    def close(self, status: str) -> Iterator[Event]:
        """Ends what has not ended; `status` is completed or incomplete, of the last items."""
        yield from self._over(status)
        for call in self._calls.values():
            if call.item is None:
                continue
            arguments = "".join(call.pieces)
            call.item.update(arguments=arguments, status=status)
            place = {"item_id": call.item["id"], "output_index": call.index}
            yield {
                "type": "response.function_call_arguments.done",
                **place,
                "name": call.name,
                "arguments": arguments,
            }
            yield {"type": "response.output_item.done", "output_index": call.index, "item": call.item}

    @property
    def _item(self) -> Item:
        return self.items[self._index]

    @property
    def _growing(self) -> str:
        """The type of the item that grows."""
        return self._item["type"] if self._index >= 0 else ""

    def _begin(self, item: Item) -> Iterator[Event]:
        self._index = len(self.items)
        self.items.append(item)
        yield {"type": "response.output_item.added", "output_index": self._index, "item": _so_far(item)}

    def _speak(self, kind: str) -> Iterator[Event]:
        """A part of this kind of a message grows from here on."""
        if self._growing != "message":
            yield from self._over("completed")
            message = {"id": fresh("msg"), "type": "message", "role": "assistant", "content": []}
            yield from self._begin({**message, "status": "in_progress"})
        if self._part is not None and self._part.kind == kind:
            return
        yield from self._part_over()
        content = len(self._item["content"])
        place = {"item_id": self._item["id"], "output_index": self._index, "content_index": content}
        self._part = _Part(kind, place)
        yield {"type": "response.content_part.added", **place, "part": _content(kind, "")}

    def _part_over(self) -> Iterator[Event]:
        part, self._part = self._part, None
        if part is None:
            return
        if part.kind == "summary":
            whole = {"type": "summary_text", "text": part.text}
            self._item["summary"].append(whole)
            yield {"type": "response.reasoning_summary_text.done", **part.place, "text": part.text}
            yield {"type": "response.reasoning_summary_part.done", **part.place, "part": whole}
            return
        whole = _content(part.kind, part.text)
        self._item["content"].append(whole)
        if part.kind == _TEXT:
            done = {"type": "response.output_text.done", **part.place, "text": part.text, "logprobs": []}
        else:
            done = {"type": "response.refusal.done", **part.place, "refusal": part.text}
        yield done
        yield {"type": "response.content_part.done", **part.place, "part": whole}

    def _over(self, status: str) -> Iterator[Event]:
        """The reasoning or the message that grows is whole."""
        if self._index < 0:
            return
        yield from self._part_over()
        if self._growing == "message":
            self._item["status"] = status
        yield {"type": "response.output_item.done", "output_index": self._index, "item": self._item}
        self._index = -1


def said(reasoning: str, text: str, refusal: str, calls: tuple[ToolCall, ...], status: str) -> list[Item]:
    """The items of an answer that came whole."""
    output = Output()
    events = [output.think(reasoning)] if reasoning else []
    events += [output.say(text)] if text or not (refusal or calls) else []
    events += [output.refuse(refusal)] if refusal else []
    events += [output.call(ToolCallDelta(i, c.id, c.name, c.arguments)) for i, c in enumerate(calls)]
    for each in (*events, output.close(status)):
        for _ in each:
            pass
    return output.items


def _so_far(item: Item) -> Item:
    """The item as it is now: its lists grow."""
    return {name: list(value) if isinstance(value, list) else value for name, value in item.items()}


def _content(kind: str, text: str) -> dict[str, Any]:
    if kind == _REFUSAL:
        return {"type": kind, "refusal": text}
    return {"type": kind, "annotations": [], "logprobs": [], "text": text}


def _function_call(call: _Call) -> Item:
    """A call that came without an id gets one, to be answered by."""
    return {
        "id": fresh("fc"),
        "type": "function_call",
        "call_id": call.id or fresh("call"),
        "name": call.name,
        "arguments": "",
        "status": "in_progress",
    }
