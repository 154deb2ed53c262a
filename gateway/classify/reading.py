"""What one message's text says by itself, wherever it stands in a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.classify.bare import bare
from gateway.classify.detect import Detector
from gateway.classify.features import WINDOW, Floats
from gateway.classify.linear import LinearModel
from gateway.classify.topics import topics
from gateway.types import Finding

NAMING: Final = 0.05  # chance of being about a person below which the tagger does not look for names
_WORD: Final = 20  # letters: what is longer, or holds signs, may be words that were joined


@dataclass(frozen=True, slots=True)
class Reading:
    """`findings` are as of message 0; `personal` is the chance that the text is about a person.

    `injection` is the chance that it smuggles in an instruction, in the window where that is highest.
    `topics` are those of the window in which that chance is highest, where it is high enough to count.
    `scores` are the model's for the whole text; None where that is more than one window.
    """

    findings: tuple[Finding, ...]
    personal: float
    injection: float
    topics: tuple[str, ...]
    scores: Floats | None


class Reader:
    """Reads a text once for everything that is asked of it."""

    def __init__(self, model: LinearModel, detector: Detector) -> None:
        self._model, self._detector = model, detector

    def __call__(self, text: str) -> Reading:
        scored = [(part, self._model.scores(part)) for part in windows(bare(text) or text)]
        personal, part = max((self._personal(part, scores), part) for part, scores in scored)
        named = topics(part) if personal >= self._model.heads["sensitivity"].doubt else ()
        scores = scored[0][1] if len(scored) == 1 else None
        injection = max(self._model.probabilities("injection", scores)[1] for _, scores in scored)
        found = self._detector.find(text, tag=personal >= NAMING)
        return Reading(found, personal, injection, named, scores)

    def _personal(self, part: str, scores: Floats) -> float:
        """A lone word tells nothing of anybody, whatever texts it mostly stands in."""
        word = part.strip()
        if len(word) <= _WORD and word.isascii() and word.isalpha():
            return 0.0
        return self._model.probabilities("sensitivity", scores)[1]


def windows(text: str) -> Iterator[str]:
    """The text in pieces of at most WINDOW characters."""
    return (text[at : at + WINDOW] for at in range(0, len(text), WINDOW))


def placed(findings: Iterable[Finding], message: int) -> list[Finding]:
    """The findings of a text that is this message."""
    if not message:
        return list(findings)
    return [Finding(f.entity, f.kind, f.label, message, f.start, f.end, f.confidence) for f in findings]
