"""Asks one model, through the gate."""

from __future__ import annotations

from time import perf_counter

from gateway.errors import ProviderBroken, ProviderError, SpeaksAnother
from gateway.interfaces import ChatModel, Emit, Strategy
from gateway.labels import clear
from gateway.policy.schema import Model
from gateway.strategies.remote import check_remote
from gateway.types import Answer, Api, ChatRequest, Delta, Event, Tried, Usage

_MOST_CALLS = 1_000  # of tools in one answer: each costs whoever puts it together
_CHARS_PER_TOKEN = 4  # where an upstream is silent; OpenAI's rule of thumb for English


def call(spec: Model, model: ChatModel) -> Strategy:
    """The strategy that asks `model`; it notes the try, however it ends.

    Raises NotCleared where the request's label is above the model's clearance, RemoteTools, ProviderError.
    A model that has no words for what is asked is not asked.
    """

    async def strategy(request: ChatRequest, emit: Emit) -> None:
        passed = clear(request, request.label, spec, "model")
        check_remote(spec, request)
        if request.only and request.api not in spec.speaks:
            asked_in = Api.CHAT if Api.CHAT in spec.speaks else spec.speaks[0]
            raise SpeaksAnother(spec.name, asked_in.in_words, request.only)
        meter = _Meter(spec.name, request, emit)
        outcome = "hung_up"
        try:
            await model.answer(passed, meter.emit)
            outcome = "ok"
        except ProviderError as error:
            outcome = error.code
            raise
        finally:
            await emit(meter.tried(outcome))

    return strategy


class _Meter:
    """Reads usage and times off the events that pass, and counts the tools that are called."""

    def __init__(self, model: str, request: ChatRequest, emit: Emit) -> None:
        self._model, self._request, self._emit = model, request, emit
        self._calls: set[int] = set()
        self._started = perf_counter()
        self._first: float | None = None
        self._usage: Usage | None = None
        self._characters = 0
        self._confidence: float | None = None

    async def emit(self, event: Event) -> None:
        if isinstance(event, Delta | Answer):
            self._read(event)
        await self._emit(event)

    def _read(self, event: Delta | Answer) -> None:
        if self._first is None and (isinstance(event, Answer) or event.has_content):
            self._first = perf_counter() - self._started
        if event.tool_calls:
            self._count(event)
        if event.usage is not None:
            self._usage = event.usage
        self._characters += len(event.text) or _beside(event)
        if isinstance(event, Answer):
            self._confidence = event.confidence

    def _count(self, event: Delta | Answer) -> None:
        """Raises ProviderBroken."""
        if isinstance(event, Delta):
            self._calls.update(call.index for call in event.tool_calls)
        if max(len(self._calls), len(event.tool_calls)) > _MOST_CALLS:
            raise ProviderBroken(f"{self._model} calls more than {_MOST_CALLS:,} tools in one answer")

    def tried(self, outcome: str) -> Tried:
        seconds = perf_counter() - self._started
        return Tried(self._model, outcome, self._used(outcome), seconds, self._first, self._confidence)

    def _used(self, outcome: str) -> Usage:
        """What the upstream said; else an estimate of what a caller who left, or a cut, has used.

        An upstream that a caller left is charged with reading the prompt; one that failed before its first
        word with nothing.
        """
        if self._usage is not None:
            return self._usage
        if outcome not in ("ok", "hung_up") and not self._characters:
            return Usage()
        characters = sum(len(message.text) for message in self._request.messages)
        return Usage(input=_tokens(characters), output=_tokens(self._characters), estimated=True)


def _beside(event: Delta | Answer) -> int:
    """The characters of what is no text."""
    calls = sum(len(call.arguments) for call in event.tool_calls)
    return len(event.reasoning) + len(event.refusal) + calls


def _tokens(characters: int) -> int:
    return -(-characters // _CHARS_PER_TOKEN)
