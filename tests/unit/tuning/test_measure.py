from __future__ import annotations

import numpy as np
import pytest

from gateway.tuning.head import Verdict
from gateway.tuning.measure import figures, threshold_for


def test_figures_count_what_is_answered_and_what_is_right() -> None:
    truths = ["a", "a", "b", "b", None, None]
    verdicts = [
        Verdict("a", 0.9, False),
        Verdict("b", 0.3, True),
        Verdict("a", 0.9, False),
        Verdict("b", 0.9, False),
        Verdict("b", 0.1, True),
        Verdict("a", 0.9, False),
    ]
    found = figures(truths, verdicts)
    assert (found.rows, found.answered, found.right) == (6, 4, 2)
    assert found.accuracy == pytest.approx(0.5)
    assert found.coverage == pytest.approx(3 / 4)
    assert found.forced == pytest.approx(2 / 4)
    assert found.confusion == {("a", "a"): 1, ("b", "a"): 1, ("b", "b"): 1, ("", "a"): 1}
    assert found.strangers.answered == 1


def test_the_threshold_is_the_lowest_that_keeps_the_answers_right_often_enough() -> None:
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, True, True, False, False])
    assert threshold_for(probabilities, right, 0.75) == pytest.approx(0.55)
    assert threshold_for(probabilities, right, 1.0) == pytest.approx(0.65)


def test_there_is_no_threshold_where_the_surest_answers_are_wrong() -> None:
    assert threshold_for(np.array([0.9, 0.8]), np.array([False, True]), 0.9) is None
