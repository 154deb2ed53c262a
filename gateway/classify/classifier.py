"""The classifier that the gateway serves: detectors for what has a shape, linear models for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from gateway.classify.detect import Detector
from gateway.classify.entities import finding
from gateway.classify.features import WINDOW, head_and_tail
from gateway.classify.guess import freshness_guess, sensitivity_guess, task_guess
from gateway.classify.language import language
from gateway.classify.linear import Floats, LinearModel, load
from gateway.classify.topics import topics
from gateway.types import ChatRequest, Finding, Freshness, Guess, Label, Signals, Task

WEIGHTS: Final = Path(__file__).parent / "weights" / "linear.npz"
READABLE: Final = 256 * 1024  # bytes of UTF-8, all messages together; what is past them counts as unreadable
FOLLOW_UP: Final = 60  # characters: a last message up to here may lean on the one before
OUTSIDE: Final = -1  # the message index of what is not in a message
_ASCII_PER_TOKEN: Final = 4.2
_BYTES_PER_TOKEN: Final = 2.8
_MESSAGE_TOKENS: Final = 4
_LEANS: Final = re.compile(r"(?i)(?:and|what about|how about|same|again|also|now|und|et|y|e|en|und jetzt)\b")


class LinearClassifier:
    """Stateless after its weights are loaded; safe to share between threads."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._model = load(weights)
        self._detector = Detector()

    def classify(self, request: ChatRequest) -> Signals:
        """All signals that the request's text gives; what an index knows is added elsewhere."""
        question, before = _questions(request)
        texts, cut = _readable(request)
        read = _Reader(self._model)
        task, freshness = self._asked(read, question, before)
        sensitivity, findings = self._labelled(read, texts)
        return Signals(
            task=task,
            freshness=freshness,
            sensitivity=sensitivity,
            findings=findings,
            language=language(question),
            input_tokens=estimated_tokens(request),
            unreadable=cut or any(message.unreadable for message in request.messages),
            needs=needs(request),
        )

    def _asked(self, read: _Reader, question: str, before: str) -> tuple[Guess[Task], Guess[Freshness]]:
        """The last user message's task and freshness; a short one may lean on the one before."""
        scores = read(head_and_tail(question))
        task = self._task(scores)
        if before and len(question) <= FOLLOW_UP and (task.unsure or _LEANS.match(question)):
            scores = (scores + read(head_and_tail(f"{before}\n{question}"))) / np.float32(2)
            task = self._task(scores)
        head = self._model.heads["freshness"]
        shares = self._model.probabilities("freshness", scores)
        return task, freshness_guess(head.labels, shares, head.threshold)

    def _task(self, scores: Floats) -> Guess[Task]:
        head = self._model.heads["task"]
        return task_guess(head.labels, self._model.probabilities("task", scores), head.threshold)

    def _labelled(
        self, read: _Reader, texts: Sequence[tuple[int, str]]
    ) -> tuple[Guess[Label], tuple[Finding, ...]]:
        head = self._model.heads["sensitivity"]
        findings = tuple(f for index, text in texts for f in self._detector.find(text, index))
        chances = [
            (self._model.probabilities("sensitivity", read(part))[1], index, part)
            for index, text in texts
            if index != OUTSIDE
            for part in windows(text)
        ]
        personal, index, part = max(chances, default=(0.0, OUTSIDE, ""))
        if personal >= head.doubt:
            findings += tuple(finding(topic, index, 0, 0, personal) for topic in topics(part))
        return sensitivity_guess(findings, personal, head.threshold, head.doubt), findings


class _Reader:
    """Scores texts, each only once within a request."""

    def __init__(self, model: LinearModel) -> None:
        self._model = model
        self._scores: dict[str, Floats] = {}

    def __call__(self, text: str) -> Floats:
        scores = self._scores.get(text)
        if scores is None:
            scores = self._scores[text] = self._model.scores(text)
        return scores


def _questions(request: ChatRequest) -> tuple[str, str]:
    """The last user message's text, and the one's before it."""
    asked = [message.text for message in request.messages if message.role == "user"][-2:]
    return (asked[-1] if asked else ""), (asked[0] if len(asked) == 2 else "")


def _readable(request: ChatRequest) -> tuple[list[tuple[int, str]], bool]:
    """Texts with their message's index, newest first until READABLE is used up; and whether any was cut."""
    left, cut = READABLE, False
    texts: list[tuple[int, str]] = []
    outside = [(OUTSIDE, request.other_text)] if request.other_text else []
    for index, text in [*reversed([*enumerate(m.text for m in request.messages)]), *outside]:
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if size > left:
            cut, text = True, text[: max(left, 0) * len(text) // size]
        left -= size
        if text:
            texts.append((index, text))
    return sorted(texts, key=lambda pair: pair[0]), cut


def windows(text: str) -> Iterator[str]:
    """The text in pieces of at most WINDOW characters."""
    return (text[at : at + WINDOW] for at in range(0, len(text), WINDOW))


def estimated_tokens(request: ChatRequest) -> int:
    """An estimate of the prompt's tokens; English has about 4.2 characters a token, other scripts fewer."""
    texts = [*(message.text for message in request.messages), request.other_text]
    return _MESSAGE_TOKENS * len(request.messages) + round(sum(map(_tokens, texts)))


def _tokens(text: str) -> float:
    if text.isascii():
        return len(text) / _ASCII_PER_TOKEN
    size = len(text.encode("utf-8", "replace"))
    foreign = (size - len(text)) * 2  # bytes in characters of more than one byte, about
    return (size - min(foreign, size)) / _ASCII_PER_TOKEN + min(foreign, size) / _BYTES_PER_TOKEN


def needs(request: ChatRequest) -> frozenset[str]:
    """What the request asks of a model, read off it."""
    asked = {
        "tools": bool(request.tools),
        "json_schema": request.wants_json,
        "logprobs": request.fields.get("logprobs", b"false").strip() not in (b"false", b"null"),
    }
    own = {need for message in request.messages for need in message.needs}
    return frozenset(own | {need for need, wanted in asked.items() if wanted})
