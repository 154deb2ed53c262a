from __future__ import annotations

import pytest

from gateway.accounting.intervals import Interval, Scores, weighted, wilson


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81 of 263, and 15 of 148."""
    assert wilson(Scores(263, 81)).low == pytest.approx(0.2553, abs=5e-5)
    assert wilson(Scores(263, 81)).high == pytest.approx(0.3662, abs=5e-5)
    assert wilson(Scores(148, 15)).low == pytest.approx(0.0624, abs=5e-5)
    assert wilson(Scores(148, 15)).high == pytest.approx(0.1605, abs=5e-5)


def test_a_certain_score_of_few_answers_is_not_certain() -> None:
    few, many = wilson(Scores(3, 3)), wilson(Scores(3000, 3000))
    assert (few.mean, few.high) == (1.0, 1.0)
    assert few.low < 0.5 < many.low < 1.0


def test_of_no_scores_everything_is_possible() -> None:
    assert wilson(Scores()) == Interval(0.5, 0.0, 1.0)


def test_the_difference_of_two_shares_is_newcombes() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10: 56/70 less 48/80."""
    one, other = wilson(Scores(70, 56)), wilson(Scores(80, 48))
    difference = weighted([(1.0, one), (-1.0, other)])
    assert difference.mean == pytest.approx(0.2)
    assert difference.low == pytest.approx(0.0524, abs=5e-5)
    assert difference.high == pytest.approx(0.3339, abs=5e-5)


def test_a_sum_of_nothing_is_nothing() -> None:
    assert weighted([]) == Interval(0.0, 0.0, 0.0)


def test_scores_add_up() -> None:
    scores = Scores()
    for score in (1.0, 0.0, 0.5):
        scores.add(score)
    assert (scores.count, wilson(scores).mean) == (3, 0.5)
