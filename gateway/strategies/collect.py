"""Watches one turn of a model in the tool loop: prose passes, the gateway's own tool calls are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from gateway.interfaces import Emit
from gateway.strategies.amend import with_more, with_text, with_usage
from gateway.types import Answer, Api, Delta, Event, ToolCall, ToolCallDelta, Tried, Usage

UNFINISHED = "I could not finish this within the steps that are allowed here."


class Fragments:
    """A stream's tool calls, put together from their fragments."""

    def __init__(self) -> None:
        self._parts: dict[int, list[ToolCallDelta]] = {}

    def add(self, fragments: Iterable[ToolCallDelta]) -> None:
        for part in fragments:
            self._parts.setdefault(part.index, []).append(part)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """In the order of their indexes."""
        return tuple(_joined(self._parts[index]) for index in sorted(self._parts))


def _joined(parts: Sequence[ToolCallDelta]) -> ToolCall:
    return ToolCall(
        next((part.id for part in parts if part.id), ""),
        next((part.name for part in parts if part.name), ""),
        "".join(part.arguments for part in parts),
    )


def _told_anew(delta: Delta) -> Delta:
    """A piece of an answer in another shape than that of chat completions, without the event it came as.

    Such events say by themselves that an answer begins and ends, and this turn may be one of several.
    """
    if delta.raw is None or delta.api is Api.CHAT:
        return delta
    return structs.replace(delta, raw=None)


def _tells_only_usage(delta: Delta) -> bool:
    return delta.usage is not None and not delta.has_content


@dataclass(slots=True)
class Collected:
    """One turn. `calls` are those that the gateway makes; empty where the turn is the answer."""

    _emit: Emit
    _account: Callable[[Tried], None]
    _offered: frozenset[str]
    _streams: bool
    _as_json: bool  # what is said before a call would spoil it, and the headers say what the text cannot
    text: str = ""
    _answer: Answer | None = None
    _building: Fragments = field(default_factory=Fragments)
    _kept: list[Delta] = field(default_factory=list)

    async def emit(self, event: Event) -> None:
        if isinstance(event, Answer):
            self._answer, self.text = event, event.text
        elif isinstance(event, Delta):
            await self._delta(_told_anew(event))
        else:
            if isinstance(event, Tried):
                self._account(event)
            await self._emit(event)

    async def _delta(self, delta: Delta) -> None:
        """Prose leaves at once; tool calls, finish and usage wait until it is known whose calls they are.

        So does all of an answer in JSON: of a turn that is not the answer, nothing of it may have left.
        """
        self.text += delta.text
        self._building.add(delta.tool_calls)
        if self._as_json or delta.tool_calls or delta.finish or _tells_only_usage(delta):
            self._kept.append(delta)
        else:
            await self._emit(delta if delta.usage is None else structs.replace(delta, usage=None))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The gateway's own; a turn that asks for a tool of the caller's too is the caller's to answer."""
        own = self._own
        return own if len(own) == len(self._asked) else ()

    @property
    def _own(self) -> tuple[ToolCall, ...]:
        return tuple(call for call in self._asked if call.name in self._offered)

    @property
    def _asked(self) -> tuple[ToolCall, ...]:
        if self._answer is not None:
            return self._answer.tool_calls
        return self._building.calls

    async def finish(self, used: Usage, note: str = "") -> None:
        """The turn is the answer: what was kept leaves, `note` at its end, with the usage of all turns."""
        if note and (self.text or self._streams):
            note = f"\n\n{note}"
        if self._own:
            await self._rebuilt(used, note, [call for call in self._asked if call.name not in self._offered])
        elif self._answer is not None:
            said = with_text(self._answer, self._answer.text + note) if note else self._answer
            await self._emit(with_usage(said, used))
        else:
            await self._released(note)
            await self._emit(Delta(usage=used))

    async def _released(self, note: str) -> None:
        """What was kept; the note goes with the chunk that finishes the answer."""
        for delta in self._kept:
            if _tells_only_usage(delta):
                continue
            if note and delta.finish:
                delta, note = with_more(delta, note), ""
            await self._emit(delta if delta.usage is None else structs.replace(delta, usage=None))
        if note:
            await self._emit(Delta(text=note))

    async def conclude(self, used: Usage, note: str = "") -> None:
        """A bound is met: whatever the turn says is the answer, without the gateway's own tool calls."""
        if self._asked and len(self._own) == len(self._asked) and not self.text:
            self.text = UNFINISHED
            if self._streams:
                await self._emit(Delta(text=UNFINISHED))
        await self.finish(used, note)

    async def _rebuilt(self, used: Usage, note: str, theirs: Sequence[ToolCall]) -> None:
        """The turn without the calls of the gateway's own tools, which mean nothing to the caller."""
        finish = "tool_calls" if theirs else "length"
        if not self._streams:
            await self._emit(Answer(self.text + note, tuple(theirs), finish, used))
            return
        prose = "".join(delta.text for delta in self._kept) + note
        if prose:
            await self._emit(Delta(text=prose))
        if theirs:
            parts = (ToolCallDelta(i, c.id, c.name, c.arguments) for i, c in enumerate(theirs))
            await self._emit(Delta(tool_calls=tuple(parts)))
        await self._emit(Delta(finish=finish, usage=used))
