"""What the gateway understands of texts, without a policy: one text, or JSON lines by the thousand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.api.wire import chat_request
from gateway.backends.minilm import MiniLM
from gateway.classify.classifier import LinearClassifier
from gateway.errors import InvalidRequest
from gateway.parts import small_transformer
from gateway.types import ChatRequest, Finding, Freshness, Guess, Label, Message, Signals, Task

_json = msgspec.json.Encoder()
Understand = Callable[[ChatRequest], Signals]


@contextmanager
def understanding(encoder: bool) -> Iterator[Understand]:
    """The gateway's classifier; with `encoder` the small transformer is asked too, however long it takes.

    Raises:
        ProviderUnavailable: a package that the transformer needs is not installed; the message says which.
    """
    classifier = LinearClassifier()
    if not encoder:
        yield classifier.classify
        return
    with asyncio.Runner() as runner:
        minilm = MiniLM()
        cascade = small_transformer(minilm, None)
        yield lambda request: runner.run(cascade.refined(request, classifier.classify(request)))
        runner.run(minilm.close())


class Unreadable(ValueError):
    """A line that is no request; the message says why, and what would be."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it leaves, where it stood, and what was wrong with it as it came, if anything."""

    number: int
    json: bytes
    wrong: str = ""


def of_text(text: str) -> ChatRequest:
    """A request that says only this."""
    return ChatRequest("auto", (Message("user", text, b""),), {})


def request(row: dict[str, Any]) -> ChatRequest:
    """The request of a row's `text` or `messages`.

    Raises:
        Unreadable: it has neither, or not what belongs there.
    """
    text, messages = row.get("text"), row.get("messages")
    if isinstance(text, str) and messages is None:
        return of_text(text)
    if messages is None or text is not None:
        raise Unreadable('one of "text" (a string) or "messages" (a list, as in chat completions) is needed')
    try:
        return chat_request(_json.encode({"model": "auto", "messages": messages}))
    except InvalidRequest as error:
        raise Unreadable(error.message) from None


def row_of(line: str | bytes) -> dict[str, Any]:
    """
    Raises:
        Unreadable: it is no JSON object.
    """
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Unreadable(f"this is no JSON that can be read: {error}") from None
    if not isinstance(row, dict):
        raise Unreadable('a JSON object is needed, such as {"text": "…"}')
    return row


def classified(lines: Iterable[str], understand: Understand) -> Iterator[Line]:
    """Each line with its signals beside its own fields, whose names they take, in order; without empty lines.

    A line that cannot be read leaves with `error` in it, and the others are read all the same.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = row_of(line)
            signals = understand(request(row))
        except Unreadable as error:
            kept = line.rstrip("\n").encode("utf-8", "replace").decode()
            yield Line(number, _json.encode({"error": str(error), "line": kept}), str(error))
        else:
            yield Line(number, _json.encode({**row, **told(signals)}))


def told(signals: Signals) -> dict[str, Any]:
    """The signals as JSON has them; a finding says where something is, never what it says."""
    return {
        "task": _guess(signals.task, signals.task.best.value),
        "freshness": _guess(signals.freshness, signals.freshness.best.word),
        "sensitivity": _guess(signals.sensitivity, signals.sensitivity.best.word),
        "findings": list(map(_finding, signals.findings)),
        "injection": {"score": signals.injection},
        "difficulty": {"score": signals.difficulty},
        "refined": signals.refined,
        "language": signals.language,
        "input_tokens": signals.input_tokens,
        "unreadable": signals.unreadable,
    }


def _guess(guess: Guess[Task] | Guess[Freshness] | Guess[Label], label: str) -> dict[str, Any]:
    return {
        "label": label,
        "probability": round(guess.probability, 4),
        "unsure": guess.unsure,
        "probabilities": {name: round(share, 4) for name, share in guess.probabilities.items()},
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "entity": found.entity,
        "class": found.kind,
        "label": found.label.word,
        "message": found.message,
        "start": found.start,
        "end": found.end,
        "confidence": round(found.confidence, 4),
    }
