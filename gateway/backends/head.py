"""A classification head served as a chat model: it answers with a label, or abstains."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.backends.label_sets import Form, Unfillable, form_of, listed, plain
from gateway.errors import Abstained, ProviderTimeout
from gateway.interfaces import Embedder, Emit
from gateway.labels import Cleared, NotCleared, clear
from gateway.policy.schema import Model
from gateway.types import Answer, ChatRequest, Delta, Label, Message, Timeouts, Usage

_CHARACTERS_PER_TOKEN: Final = 4  # OpenAI's rule of thumb for English; a head has no tokenizer of its own
_INSTRUCTING: Final = frozenset({"system", "developer"})


class Verdict(Protocol):
    """What a head says of a text."""

    @property
    def label(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def unsure(self) -> bool: ...


class Predictor(Protocol):
    """A head: pure, its vectors come from outside."""

    @property
    def classes(self) -> tuple[str, ...]: ...
    def readings(self, text: str) -> tuple[str, ...]:
        """The texts to embed for `predict`, the one that is labelled first; none: nothing to classify."""
        ...

    def predict(self, text: str, vectors: NDArray[np.float32]) -> Verdict: ...


class HeadModel:
    """Implements `interfaces.ChatModel` for `local/NAME`."""

    def __init__(self, spec: Model, head: Predictor, embedder: Embedder, embed_destination: Model) -> None:
        self._name = spec.name
        self._head = head
        self._embedder = embedder
        self._embed_destination = embed_destination

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        """Emits the label, as plain text or in the JSON that `response_format` asks for.

        Raises:
            Abstained: it is unsure, there is nothing to classify, or other labels than its own are asked for.
            ProviderError: the embedder failed, or took too long.
        """
        text = self._text(request.value)
        readings = self._head.readings(text)
        if not readings:
            raise self._abstained("there is nothing to classify in the last user message")
        form = self._form(request.value, text.replace(readings[0], ""))
        try:
            async with asyncio.timeout(timeouts.total):
                vectors = await self._vectors(request, readings)
        except TimeoutError as error:
            raise ProviderTimeout(f"model {self._name!r} did not answer in time") from error
        verdict = self._head.predict(text, vectors)
        if verdict.unsure:
            raise self._abstained("it is not sure enough")
        spelling = form.spelling(verdict.label)
        if spelling is None:
            raise self._abstained("its label is not among those that the request allows")
        await _say(request.value, _written(form, spelling, verdict.probability), verdict.probability, emit)

    async def close(self) -> None:
        """Nothing is held open: the embedder is shared, and closed by whoever made it."""

    def _text(self, request: ChatRequest) -> str:
        last = next((m for m in reversed(request.messages) if m.role == "user"), None)
        if last is None or last.unreadable:
            raise self._abstained("the last user message cannot be read as text")
        return last.text

    def _form(self, request: ChatRequest, instruction: str) -> Form:
        """The form of the answer; a list of labels counts wherever it stands."""
        try:
            form = form_of(request.fields.get("response_format"))
        except Unfillable as error:
            raise self._abstained(str(error)) from None
        if form.allowed is None:
            instructions = [*_instructions(request.messages), instruction]
            wanted = next((words for words in map(listed, instructions) if words), None)
            form = Form(form.key, form.confidence_key, wanted)
        if form.allowed is not None and not self._knows(form.allowed):
            raise self._abstained("the request names labels that it was not fitted for")
        return form

    def _knows(self, labels: tuple[str, ...]) -> bool:
        return {plain(label) for label in labels} <= {plain(label) for label in self._head.classes}

    async def _vectors(self, request: Cleared[ChatRequest], texts: tuple[str, ...]) -> NDArray[np.float32]:
        """The texts' vectors, each embedded alone as in training: int8 weights are not deaf to neighbours."""
        try:
            alone = [self._alone(text, request.label) for text in texts]
        except NotCleared as error:
            raise self._abstained("its embedder is not cleared for the request") from error
        return np.concatenate([await self._embedder.embed(text) for text in alone])

    def _alone(self, text: str, label: Label) -> Cleared[tuple[str, ...]]:
        return clear((text,), label, self._embed_destination, "embedder")

    def _abstained(self, why: str) -> Abstained:
        return Abstained(f"The model '{self._name}' abstained: {why}.")


def _instructions(messages: tuple[Message, ...]) -> list[str]:
    return [message.text for message in messages if message.role in _INSTRUCTING]


def _written(form: Form, label: str, probability: float) -> str:
    if form.key is None:
        return label
    said: dict[str, Any] = {form.key: label}
    if form.confidence_key is not None:
        said[form.confidence_key] = round(probability, 4)
    return msgspec.json.encode(said).decode()


async def _say(request: ChatRequest, text: str, confidence: float, emit: Emit) -> None:
    usage = Usage(input=_tokens(request), output=_estimate(len(text)), estimated=True)
    if not request.stream:
        await emit(Answer(text=text, usage=usage, confidence=confidence))
        return
    await emit(Delta(text=text))
    await emit(Delta(finish="stop", usage=usage))


def _tokens(request: ChatRequest) -> int:
    return _estimate(sum(len(message.text) for message in request.messages))


def _estimate(characters: int) -> int:
    return -(-characters // _CHARACTERS_PER_TOKEN)
