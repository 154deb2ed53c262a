"""How well a passage answers a query, in numbers; pure.

Two scores with two purposes. `fused` chooses among the passages of one query: a convex combination of
both indexes' scores, each stretched to 0..1 (Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions
for Hybrid Retrieval"). `absolute` compares across queries: it stays low where the best passage is a bad
one, so that "not in the documents" can be told.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

LEXICAL_WEIGHT = 0.6
"""Of words against meaning, where a passage has all of the query's words (best on three public sets).

The weight falls with the share of the words that the best passage has: for a question in words of its
own, stretching makes much of little. On 45 such questions about a handbook the first passage was right 36
times instead of 30; on 300 questions in their documents' words, as often as before.
"""

_BIAS, _COSINE, _COVERAGE = -3.65, 6.8, 5.9
"""A logistic fit over 45 questions that a handbook answers and 48 that it does not, half of which sound
alike. It knows this embedder's cosines (all-MiniLM-L6-v2): another one's need a fit of their own."""

_WORDS_BIAS, _WORDS_COVERAGE = -3.0, 7.0  # the same without vectors


def stretched(scores: Mapping[int, float]) -> dict[int, float]:
    """The scores with their least as 0 and their greatest as 1; all alike: all 1."""
    if not scores:
        return {}
    least, greatest = min(scores.values()), max(scores.values())
    if greatest == least:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - least) / (greatest - least) for key, score in scores.items()}


def fused(
    lexical: Mapping[int, float], vector: Mapping[int, float], weight: float = LEXICAL_WEIGHT
) -> list[int]:
    """The passages of both indexes (passage → score, more is better), best first.

    `weight` is that of `lexical`. A passage that only one index found counts 0 in the other; ties go to
    the smaller id.
    """
    words, meaning = stretched(lexical), stretched(vector)
    weight = weight if meaning else 1.0
    together = {
        passage: weight * words.get(passage, 0.0) + (1 - weight) * meaning.get(passage, 0.0)
        for passage in words.keys() | meaning.keys()
    }
    return sorted(together, key=lambda passage: (-together[passage], passage))


def rarity(documents: int, total: int) -> float:
    """How much a term tells that stands in `documents` of `total` passages: BM25's idf, never below 0."""
    return math.log(1 + (total - documents + 0.5) / (documents + 0.5))


def coverage(query: Mapping[str, float], passage: Collection[str]) -> float:
    """The share of the query's terms, by their rarity, that the passage has: 0 to 1."""
    total = sum(query.values())
    return sum(weight for term, weight in query.items() if term in passage) / total if total else 0.0


def absolute(covered: float, cosine: float | None) -> float:
    """The chance, 0 to 1, that a passage answers a query: from its coverage and, with vectors, the cosine.

    Half means as likely as not. Coverage counts squared: one shared word says little.
    """
    if cosine is None:
        return _logistic(_WORDS_BIAS + _WORDS_COVERAGE * covered)
    return _logistic(_BIAS + _COSINE * cosine + _COVERAGE * covered**2)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))
