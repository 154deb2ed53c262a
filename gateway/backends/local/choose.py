"""Chooses a tool by how near a request is to what each tool says of itself and to its examples. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.backends.local.words import covered, name_words, rarity, stems
from gateway.types import ToolSpec

Vectors = NDArray[np.float32]

MAX_TEXTS = 256  # descriptions and examples that are compared
# Chosen on the requests of tests/unit/backends/local/cases.py: below, a request is left alone.
LEAST_BY_MEANING = 0.30
LEAST_BY_WORDS = 0.25
WORDS_WEIGHT = 0.2
LOOKED_AT = 5  # tools whose arguments are read to tell them apart
FIRM_FIT = 0.1  # of arguments that have a form of their own
TO_ASK_BACK = 0.15  # more is needed where an argument is missing, so that the caller would be asked for it
ASKS_FOR_A_RULE = 0.12  # is taken off: what holds in general stands in documents, not in a system's records

_RULE = re.compile(
    r"\b(?:allowed|permitted|polic(?:y|ies)|allowance|eligible|rules?|conditions?|covered|possible to)\b"
    r"|^\W*(?:can|may|must|should) (?:i|we|you|one|customers?|people)\b"
    r"|\b(?:do|does) (?:i|we|one) (?:need|have) to\b"
    r"|\bhow (?:long|often) (?:do|does|can|may|is|are|will)\b|\bhow (?:do|can|should) (?:i|we|you|one)\b"
    r"|^\W*(?:tell me about|explain|describe|why)\b"
    r"|\bwhat (?:happens|if)\b|\bwho (?:approves|pays|may|can)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The tool that fits best, and how well; `sure`: well enough to call it, `very_sure`: to ask for more."""

    tool: ToolSpec
    score: float
    sure: bool
    very_sure: bool

    @property
    def callable(self) -> bool:
        """Whether to call it: one that changes the world is called only where nothing else can be meant."""
        return self.very_sure if self.tool.writes else self.sure


def texts_of(tools: Sequence[ToolSpec]) -> tuple[tuple[int, str], ...]:
    """What each tool (by its place) is compared by: its name with its description, and every example."""
    texts = [(i, f"{' '.join(name_words(t.name))}: {t.description}"[:600]) for i, t in enumerate(tools)]
    texts += [(i, example[:300]) for i, t in enumerate(tools) for example in t.examples]
    return tuple(texts[:MAX_TEXTS])


def choose(
    request: str,
    tools: Sequence[ToolSpec],
    texts: Sequence[tuple[int, str]],
    vectors: tuple[Vectors, Vectors] | None,
    fit: Callable[[ToolSpec], float],
) -> Choice | None:
    """The best tool for a request; None: it says nothing to go by, as a greeting does.

    `texts` are from `texts_of`; `vectors`: the request's and the texts', or None to go by words alone.
    `fit` says how well the request fills a tool's arguments, and is added to the scores of the best few.
    """
    if not tools or not stems(request):
        return None
    by_words = _by_words(request, len(tools), texts)
    if vectors is None:
        scores, least = by_words, LEAST_BY_WORDS
    else:
        meant = _by_meaning(vectors, len(tools), texts)
        scores, least = [m + WORDS_WEIGHT * w for m, w in zip(meant, by_words, strict=True)], LEAST_BY_MEANING
    rule = ASKS_FOR_A_RULE if _RULE.search(request) else 0.0
    fitted = {i: fit(tools[i]) for i in sorted(range(len(tools)), key=lambda i: -scores[i])[:LOOKED_AT]}
    rated = {i: scores[i] + f - (rule if f < FIRM_FIT else 0.0) for i, f in fitted.items()}
    best = max(rated, key=lambda i: rated[i])
    score = rated[best]
    return Choice(tools[best], score, score >= least, score >= least + TO_ASK_BACK)


def _by_meaning(
    vectors: tuple[Vectors, Vectors], count: int, texts: Sequence[tuple[int, str]]
) -> list[float]:
    request, compared = vectors
    near = compared @ request.reshape(-1)
    best = [0.0] * count
    for (tool, _), score in zip(texts, near, strict=True):
        best[tool] = max(best[tool], float(score))
    return best


def _by_words(request: str, count: int, texts: Sequence[tuple[int, str]]) -> list[float]:
    """The share of the request's words, by rarity among the tools, that a tool's texts hold."""
    held: list[set[str]] = [set() for _ in range(count)]
    for tool, text in texts:
        held[tool] |= stems(text)
    weight = rarity(held)
    asked = stems(request)
    return [covered(asked, words, weight) for words in held]
