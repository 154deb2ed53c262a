"""Reads usage and times off the events of one try, and counts the tools that are called."""

from __future__ import annotations

from time import perf_counter

from gateway.deployments.deployments import Turn
from gateway.errors import ProviderBroken
from gateway.interfaces import ChatModel, Emit
from gateway.types import Answer, ChatRequest, Delta, Event, Tried, Usage

_MOST_CALLS = 1_000  # of tools in one answer: each costs whoever puts it together
CHARS_PER_TOKEN = 4  # where an upstream is silent; OpenAI's rule of thumb for English
_NOTHING = Usage()


class Meter:
    """An `Emit` for one try on the deployment that it has its turn with; `first` is when content came."""

    __slots__ = (
        "_calls",
        "_characters",
        "_confidence",
        "_emit",
        "_first",
        "_model",
        "_request",
        "_started",
        "_turn",
        "_usage",
    )

    def __init__(self, model: str, request: ChatRequest, emit: Emit, turn: Turn[ChatModel]) -> None:
        self._model, self._request, self._emit, self._turn = model, request, emit, turn
        self._calls: set[int] | None = None
        self._started = perf_counter()
        self._first: float | None = None
        self._usage: Usage | None = None
        self._characters = 0
        self._confidence: float | None = None

    async def __call__(self, event: Event) -> None:
        if isinstance(event, Delta | Answer):
            self._read(event)
        await self._emit(event)

    def _read(self, event: Delta | Answer) -> None:
        if self._first is None and (isinstance(event, Answer) or event.has_content):
            self._first = perf_counter() - self._started
            self._turn.answers()
        if event.tool_calls:
            self._count(event)
        if event.usage is not None:
            self._usage = event.usage
        self._characters += len(event.text) or _beside(event)
        if isinstance(event, Answer):
            self._confidence = event.confidence

    def _count(self, event: Delta | Answer) -> None:
        """Raises ProviderBroken."""
        known = self._calls = self._calls or set()
        if isinstance(event, Delta):
            known.update(call.index for call in event.tool_calls)
        if max(len(known), len(event.tool_calls)) > _MOST_CALLS:
            raise ProviderBroken(f"{self._model} calls more than {_MOST_CALLS:,} tools in one answer")

    def tried(self, outcome: str, again: bool, free: bool) -> Tried:
        """What there is to note of the try; one that is `free` used nothing."""
        return Tried(
            self._model,
            outcome,
            _NOTHING if free else self._used(outcome),
            perf_counter() - self._started,
            self._first,
            self._confidence,
            self._turn.deployment.name,
            again,
            self._turn.queued_seconds,
        )

    def _used(self, outcome: str) -> Usage:
        """What the upstream said; else an estimate of what a caller who left, or a cut, has used.

        An upstream that a caller left is charged with reading the prompt; one that failed before its first
        word with nothing.
        """
        if self._usage is not None:
            return self._usage
        if outcome not in ("ok", "hung_up") and not self._characters:
            return _NOTHING
        characters = sum(len(message.text) for message in self._request.messages)
        return Usage(input=_tokens(characters), output=_tokens(self._characters), estimated=True)


def _beside(event: Delta | Answer) -> int:
    """The characters of what is no text."""
    calls = sum(len(call.arguments) for call in event.tool_calls)
    return len(event.reasoning) + len(event.refusal) + calls


def _tokens(characters: int) -> int:
    return -(-characters // CHARS_PER_TOKEN)
