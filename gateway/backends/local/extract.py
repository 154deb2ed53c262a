"""Answers from passages by quoting the sentence that answers best, or says that none does. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.backends.local.words import covered, plain, rarity, stems, words
from gateway.types import Passage

Vectors = NDArray[np.float32]

MAX_SENTENCES = 24  # that are embedded for one answer: about 10 ms each
MAX_QUOTE = 700  # characters
NOT_FOUND = "I could not find that in the documents."
# Chosen on the questions of tests/unit/backends/local/documents.py and held_out.py, so that a wrong quote
# weighs as much as two right ones: below, nothing is quoted.
LEAST_BY_MEANING = 0.67
LEAST_BY_WORDS = 0.58
NEARLY = 0.25  # below the best score: a sentence beside the best one is quoted with it
SHORT_QUOTE = 280  # characters up to which that is done
_MEANING, _WORDS, _HEADING, _RANK, _SHAPE = 0.60, 0.25, 0.15, 0.30, 0.06


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage: `passage` and `place` count from 0."""

    text: str
    passage: int
    place: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What answers, and the number of its passage, from 1."""

    text: str
    passage: int
    score: float


def candidates(question: str, passages: Sequence[Passage]) -> tuple[Sentence, ...]:
    """The sentences worth a closer look: those that share words with the question, best passages first."""
    found = [
        Sentence(text, p, i)
        for p, passage in enumerate(passages)
        for i, text in enumerate(plain(passage.text))
    ]
    held = [stems(s.text) for s in found]
    weight, asked = rarity(held), stems(question)
    rated = sorted(range(len(found)), key=lambda i: -covered(asked, held[i], weight) + 0.1 * found[i].passage)
    return tuple(found[i] for i in sorted(rated[:MAX_SENTENCES]))


def best(
    question: str,
    passages: Sequence[Passage],
    found: Sequence[Sentence],
    vectors: tuple[Vectors, Vectors] | None,
) -> Quote | None:
    """The sentence that answers; None: none does well enough.

    `vectors`: the question's and those of the sentences' `texts_of`; None: by words alone.
    """
    if not found:
        return None
    scores = _scores(question, passages, found, vectors)
    top = max(range(len(found)), key=lambda i: scores[i])
    if scores[top] < (LEAST_BY_WORDS if vectors is None else LEAST_BY_MEANING):
        return None
    chosen = found[top]
    text = _whole(_with_neighbours(found, scores, top), plain(passages[chosen.passage].text))
    return Quote(text[:MAX_QUOTE], chosen.passage + 1, scores[top])


def texts_of(passages: Sequence[Passage], found: Sequence[Sentence]) -> tuple[str, ...]:
    """What is embedded of each sentence: its innermost heading says what it is about."""
    return tuple(f"{_heading(passages[s.passage])}: {s.text}".removeprefix(": ") for s in found)


def _heading(passage: Passage) -> str:
    return passage.title.rsplit("›", 1)[-1].strip()


def _scores(
    question: str,
    passages: Sequence[Passage],
    found: Sequence[Sentence],
    vectors: tuple[Vectors, Vectors] | None,
) -> list[float]:
    asked = stems(question)
    held = [stems(s.text) for s in found]
    heads = [stems(f"{p.title} {p.source}") for p in passages]
    weight = rarity([*held, *heads])
    near = None if vectors is None else vectors[1] @ vectors[0].reshape(-1)
    scores = []
    for i, sentence in enumerate(found):
        about = covered(asked, held[i] | heads[sentence.passage], weight)
        head = covered(asked, heads[sentence.passage], weight)
        first = 1 - sentence.passage / len(passages)  # by rank: searches score on scales of their own
        score = _HEADING * head + _RANK * first + _SHAPE * _answers(question, sentence.text)
        score += (_WORDS + _MEANING) * about if near is None else _WORDS * about + _MEANING * float(near[i])
        scores.append(score)
    return scores


_WANTS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|soon|old|often|big|large|far|late|early)\b|\bwhen\b"
    r"|\bwhat (?:time|date|percentage)\b|\b(?:price|cost|fee|deadline|number of|limit)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|ten|twelve|free|daily|weekly)\b", re.IGNORECASE
)


def _answers(question: str, sentence: str) -> float:
    """Whether the sentence has the shape of an answer: a number where one is asked for."""
    if sentence.endswith("?"):
        return -1.0
    return 1.0 if _WANTS_NUMBER.search(question) and _NUMBER.search(sentence) else 0.0


_LEANS_BACK = re.compile(
    r"(?:it|they|this|these|that|those|he|she|its|their|such|otherwise|however|but|then|so|"
    r"in (?:that|this) case|after that|if not|if so|the same|both|neither|also|instead|"
    r"for (?:this|these|that)|and|or)\b",
    re.IGNORECASE,
)


def _with_neighbours(found: Sequence[Sentence], scores: Sequence[float], top: int) -> tuple[int, int]:
    """The places, first and last, of the best sentence and of those beside it that answer nearly as well."""
    score_at = {s.place: scores[i] for i, s in enumerate(found) if s.passage == found[top].passage}
    length_at = {s.place: len(s.text) for s in found if s.passage == found[top].passage}
    first = last = found[top].place
    length = length_at[first]
    while True:
        beside = [p for p in (first - 1, last + 1) if score_at.get(p, -1.0) >= scores[top] - NEARLY]
        nearest = max(beside, key=lambda p: score_at[p], default=None)
        if nearest is None or length + length_at[nearest] > SHORT_QUOTE:
            return first, last
        first, last = min(first, nearest), max(last, nearest)
        length += length_at[nearest]


def _whole(places: tuple[int, int], passage: Sequence[str]) -> str:
    """Those sentences, with a neighbour where they do not stand alone."""
    first, last = places
    if first > 0 and _LEANS_BACK.match(passage[first]):
        first -= 1
    if last + 1 < len(passage) and (passage[last].endswith((":", "?")) or len(words(passage[last])) < 4):
        last += 1
    return " ".join(passage[first : last + 1])


def quoted(quote: Quote) -> str:
    """`“…” [1]`: the quote with the number of its source."""
    return f"“{quote.text.strip('“”')}” [{quote.passage}]"
