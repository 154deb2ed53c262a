"""The numbers behind a ranking, and behind a no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.knowledge.scoring import absolute, coverage, fused, rarity, stretched

SCORES = st.dictionaries(st.integers(0, 30), st.floats(-10, 50), max_size=12)


def test_stretching_puts_the_best_at_one_and_the_worst_at_zero() -> None:
    assert stretched({1: 2.0, 2: 4.0, 3: 3.0}) == {1: 0.0, 2: 1.0, 3: 0.5}
    assert stretched({1: 7.0}) == {1: 1.0}
    assert stretched({}) == {}


def test_fusion_weighs_words_against_meaning() -> None:
    lexical, vector = {1: 9.0, 2: 1.0}, {2: 0.9, 3: 0.2}
    assert fused(lexical, vector, 0.6) == [1, 2, 3]
    assert fused(lexical, vector, 0.4) == [2, 1, 3]


def test_without_vectors_words_alone_decide_whatever_the_weight() -> None:
    assert fused({1: 1.0, 2: 2.0}, {}, 0.0) == [2, 1]
    assert fused({}, {1: 0.1, 2: 0.2}, 0.6) == [2, 1]


def test_what_both_indexes_put_first_is_first() -> None:
    assert fused({1: 5.0, 2: 4.0, 3: 1.0}, {1: 0.8, 3: 0.7, 2: 0.1}, 0.6)[0] == 1


@given(SCORES, SCORES, st.floats(0, 1))
def test_fusion_keeps_every_passage_once_and_is_the_same_each_time(
    lexical: dict[int, float], vector: dict[int, float], weight: float
) -> None:
    order = fused(lexical, vector, weight)
    assert sorted(order) == sorted(lexical.keys() | vector.keys())
    assert order == fused(dict(reversed(lexical.items())), dict(reversed(vector.items())), weight)


def test_a_rarer_term_tells_more_and_none_tells_less_than_nothing() -> None:
    assert rarity(0, 100) > rarity(1, 100) > rarity(50, 100) > rarity(100, 100) > 0


def test_coverage_is_the_weighted_share_of_the_querys_terms() -> None:
    assert coverage({"gift": 1.0, "eleph": 3.0}, {"gift", "wrap"}) == pytest.approx(0.25)
    assert coverage({}, {"gift"}) == 0.0


def test_the_absolute_score_rises_with_both_and_stays_between_zero_and_one() -> None:
    assert absolute(0.0, 0.0) < 0.1 < absolute(0.3, 0.4) < absolute(0.6, 0.6) < absolute(1.0, 0.8) < 1.0
    assert absolute(0.0, None) < 0.1 < absolute(0.5, None) < absolute(1.0, None) < 1.0
