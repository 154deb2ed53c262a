"""The classifier that the gateway serves: detectors for what has a shape, linear models for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from gateway.classify.asked import Asked, asked
from gateway.classify.detect import Detector
from gateway.classify.entities import finding
from gateway.classify.features import Floats, Part, head_and_tail
from gateway.classify.guess import freshness_guess, sensitivity_guess, task_guess
from gateway.classify.language import language
from gateway.classify.linear import load
from gateway.classify.reading import Reader, Reading, placed
from gateway.classify.remembered import Remembered
from gateway.classify.tagger import Tagger
from gateway.types import Api, ChatRequest, Finding, Freshness, Guess, Label, Signals, Task

WEIGHTS: Final = Path(__file__).parent / "weights" / "linear.npz"
READABLE: Final = 256 * 1024  # bytes of UTF-8, all messages together; what is past them counts as unreadable
SEALED: Final = 512 * 1024  # bytes of base64 beside them, the shortest first; what is past them, too
REMEMBERED: Final = 4096  # texts of which is kept what reading them gave: about 1 kB each
MOST_FINDINGS: Final = 32  # a text with more is read anew each time
OUTSIDE: Final = -1  # the message index of what is not in a message
_ASCII_PER_TOKEN: Final = 4.2
_BYTES_PER_TOKEN: Final = 2.8
_MESSAGE_TOKENS: Final = 4
_FOREIGN: Final = frozenset({"user", "tool", "function"})  # roles of what the application does not say
_MOST_BYTES: Final = 4  # of a character in UTF-8


class LinearClassifier:
    """Weights, and what was read lately: texts that come again, as in a conversation, are not read again.

    Safe to share between threads.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._model = load(weights)
        self._measures = "difficulty" in self._model.heads
        self._detector = Detector(tagger=Tagger.load())
        self._reader = Reader(self._model, self._detector)
        self._read = Remembered(self._reader, REMEMBERED, _is_small)
        self._leaning = {
            part: Remembered(partial(self._model.leaning, part=part), REMEMBERED, _is_short)
            for part in (Part.SYSTEM, Part.BEFORE, Part.ANSWER)
        }
        self._unsealed = Remembered(partial(self._detector.find, tag=False), REMEMBERED, _are_few)

    def find(self, text: str) -> tuple[Finding, ...]:
        """See `interfaces.Classifier`."""
        return self._detector.find(text, OUTSIDE, tag=False)

    def classify(self, request: ChatRequest) -> Signals:
        """All signals that the request's text gives; what an index knows is added elsewhere."""
        conversation = asked((message.role, message.text) for message in request.messages)
        texts, cut = _readable(request)
        # Texts for an index come once, by the thousand: they would push out those of conversations.
        once = request.api is Api.EMBEDDINGS
        read = self._reader if once else self._read
        readings = {text: read(text) for index, text in texts if index != OUTSIDE}
        scores = self._scores(conversation, readings, once)
        task, freshness = self._guesses(scores)
        sealed, some = self._sealed(request)
        cut = cut or some
        sensitivity, findings = self._labelled(texts, readings, sealed)
        return Signals(
            task=task,
            freshness=freshness,
            sensitivity=sensitivity,
            findings=findings,
            language=language(conversation.question),
            input_tokens=estimated_tokens(request),
            unreadable=cut or request.unreadable or any(message.unreadable for message in request.messages),
            needs=needs(request),
            difficulty=self._difficulty(scores),
            injection=_injection(request, readings),
        )

    def _scores(self, conversation: Asked, readings: Mapping[str, Reading], once: bool) -> Floats:
        """The model's scores of the question in its context; it mostly has been read as a message already."""
        reading = readings.get(conversation.question)
        if reading is None or reading.scores is None:
            scores = self._model.scores(head_and_tail(conversation.question))
        else:
            scores = reading.scores
        for part, text, share in conversation.leaning():
            near = head_and_tail(text)  # what is not read is not digested either
            added = self._model.leaning(near, part) if once else self._leaning[part](near)
            scores = scores + added * np.float32(share)
        return scores

    def _guesses(self, scores: Floats) -> tuple[Guess[Task], Guess[Freshness]]:
        task, freshness = self._model.heads["task"], self._model.heads["freshness"]
        return (
            task_guess(task.labels, self._model.probabilities("task", scores), task.threshold),
            freshness_guess(
                freshness.labels, self._model.probabilities("freshness", scores), freshness.threshold
            ),
        )

    def _difficulty(self, scores: Floats) -> float | None:
        """None where the weights were fitted without what it takes."""
        return round(self._model.probabilities("difficulty", scores)[1], 4) if self._measures else None

    def _sealed(self, request: ChatRequest) -> tuple[list[Finding], bool]:
        """What has a shape in base64, which says nothing to the models; and whether any of it was not read.

        Each string is read alone, and once for as long as it comes again, as the seals of reasoning do.
        """
        places, at = list[tuple[int, str]](), len(request.other_text) + 1
        for text in request.sealed:
            places.append((at, text))
            at += len(text) + 1
        findings, left = list[Finding](), SEALED
        for start, text in sorted(places, key=lambda place: len(place[1])):
            found = self._unsealed(text[: max(left, 0)])
            findings += (replace(f, message=OUTSIDE, start=start + f.start, end=start + f.end) for f in found)
            left -= len(text)
        return findings, left < 0

    def _labelled(
        self, texts: Sequence[tuple[int, str]], readings: Mapping[str, Reading], sealed: Sequence[Finding]
    ) -> tuple[Guess[Label], tuple[Finding, ...]]:
        """The label of everything that was read, with the findings in the order of the messages."""
        head = self._model.heads["sensitivity"]
        findings = list(sealed)
        personal, where = 0.0, OUTSIDE
        named: tuple[str, ...] = ()
        for index, text in texts:
            if index == OUTSIDE:
                findings += self._detector.find(text, OUTSIDE, tag=False)
                continue
            reading = readings[text]
            findings += placed(reading.findings, index)
            if reading.personal >= personal:
                personal, where, named = reading.personal, index, reading.topics
        findings += [finding(topic, where, 0, 0, personal) for topic in named]
        return sensitivity_guess(findings, personal, head.threshold, head.doubt), tuple(findings)


def _injection(request: ChatRequest, readings: Mapping[str, Reading]) -> float:
    """The highest chance of what comes from outside: users' and tools' messages."""
    foreign = (message.text for message in request.messages if message.role in _FOREIGN)
    return round(max((readings[text].injection for text in foreign if text in readings), default=0.0), 4)


def _is_small(reading: Reading) -> bool:
    """Whether it may be remembered: what thousands of them take has to stay small."""
    return _are_few(reading.findings)


def _is_short(_: Floats) -> bool:
    return True


def _are_few(findings: Sequence[Finding]) -> bool:
    return len(findings) <= MOST_FINDINGS


def _readable(request: ChatRequest) -> tuple[list[tuple[int, str]], bool]:
    """Texts with their message's index, newest first until READABLE is used up; and whether any was cut."""
    outside = [(OUTSIDE, request.other_text)] if request.other_text else []
    texts = [*outside, *((n, message.text) for n, message in enumerate(request.messages) if message.text)]
    if sum(len(text) for _, text in texts) * _MOST_BYTES <= READABLE:
        return texts, False
    return _cut([*reversed(texts[len(outside) :]), *outside])


def _cut(texts: Sequence[tuple[int, str]]) -> tuple[list[tuple[int, str]], bool]:
    left, cut = READABLE, False
    read: list[tuple[int, str]] = []
    for index, text in texts:
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        kept = text if size <= left else text[: max(left, 0) * len(text) // size]
        cut, left = cut or kept != text, left - size
        if kept:
            read.append((index, kept))
    return sorted(read, key=lambda pair: pair[0]), cut


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
