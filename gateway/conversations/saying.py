"""What an answer says, put together from its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from gateway.strategies.collect import Fragments
from gateway.types import Answer, Api, Delta, ToolCall, ToolCallDelta

MAX_CHOICES: Final = 16  # of one answer; what is beyond is not remembered


@dataclass(slots=True)
class Turn:
    """One choice of an answer."""

    text: str
    calls: tuple[ToolCall, ...]
    reasoning: frozenset[str]


class Saying:
    """Puts together what an answer's events say, choice by choice; of more than `most` characters, nothing.

    The first choice's text and calls stand in the event. Only where an event says anything beside those, the
    JSON is read that it came as.
    """

    def __init__(self, most: int) -> None:
        self._first = _Choice()
        self._choices = {0: self._first}
        self._left = most

    def delta(self, delta: Delta) -> None:
        if self._left < 0:
            return
        self._left -= self._first.say(delta.text, delta.tool_calls)
        if delta.other and delta.raw is not None and delta.api is Api.CHAT:
            self._beside(delta.raw)
        elif delta.reasoning:
            self._left -= self._first.think((delta.reasoning, ""))

    def answer(self, answer: Answer) -> None:
        calls = [ToolCallDelta(i, c.id, c.name, c.arguments) for i, c in enumerate(answer.tool_calls)]
        self._left -= self._first.say(answer.text, calls)
        if answer.raw is not None and answer.api is Api.CHAT:
            self._beside(answer.raw)
        elif answer.reasoning:
            self._left -= self._first.think((answer.reasoning, ""))

    def turns(self) -> list[Turn]:
        return [] if self._left < 0 else [choice.turn for choice in self._choices.values()]

    def _beside(self, raw: bytes) -> None:
        """What other choices say, and how each was reasoned; JSON of another shape stays unknown."""
        try:
            choices = _chunk.decode(raw).choices
        except msgspec.DecodeError:
            return
        for sent in choices:
            index, said = sent.index or 0, sent.delta or sent.message
            if said is None or not 0 <= index < MAX_CHOICES:
                continue
            choice = self._choices.get(index) or self._choices.setdefault(index, _Choice())
            if index:
                self._left -= choice.say(said.content or "", said.parts)
            self._left -= choice.think((said.reasoning_content or "", said.reasoning or ""))


@dataclass(slots=True)
class _Choice:
    """The pieces of one choice."""

    _texts: list[str] = field(default_factory=list)
    _building: Fragments = field(default_factory=Fragments)
    _reasoning: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))  # by member

    def say(self, text: str, parts: Sequence[ToolCallDelta]) -> int:
        """Returns about how much it was."""
        if text:
            self._texts.append(text)
        if not parts:
            return len(text)
        self._building.add(parts)
        return len(text) + sum(1 + len(part.arguments) for part in parts)

    def think(self, texts: tuple[str, str]) -> int:
        """One text of each member that holds reasoning. Returns how much it was."""
        for pieces, text in zip(self._reasoning, texts, strict=True):
            if text:
                pieces.append(text)
        return sum(map(len, texts))

    @property
    def turn(self) -> Turn:
        reasoning = frozenset(filter(None, map("".join, self._reasoning)))
        return Turn("".join(self._texts), self._building.calls, reasoning)


class _SentFunction(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _SentCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _SentFunction | None = None


class _Sent(msgspec.Struct):
    """A message, or a delta of one: what vLLM, DeepSeek and the like send beside OpenAI's members too."""

    content: str | None = None
    tool_calls: list[_SentCall] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None

    @property
    def parts(self) -> list[ToolCallDelta]:
        calls = ((i, call, call.function or _SentFunction()) for i, call in enumerate(self.tool_calls or ()))
        return [
            ToolCallDelta(i if c.index is None else c.index, c.id or "", f.name or "", f.arguments or "")
            for i, c, f in calls
        ]


class _SentChoice(msgspec.Struct):
    index: int | None = None
    delta: _Sent | None = None
    message: _Sent | None = None


class _SentEvent(msgspec.Struct):
    choices: list[_SentChoice]


_chunk = msgspec.json.Decoder(_SentEvent)
