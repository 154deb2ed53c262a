"""Calibration: temperature, thresholds, error."""

import numpy as np

from gateway.classify.calibrate import cut, expected_error, shares, temperature, threshold

RNG = np.random.default_rng(1)


def test_overconfident_scores_get_a_temperature_above_one() -> None:
    wanted = RNG.integers(0, 2, 400)
    seen = np.where(RNG.random(400) < 0.75, wanted, 1 - wanted)  # right three times in four
    scores = np.eye(2)[seen] * 6.0

    heat = temperature(scores, wanted)

    assert heat > 2
    assert expected_error(shares(scores, heat), wanted) < expected_error(shares(scores, 1.0), wanted)


def test_the_threshold_is_the_lowest_that_reaches_the_target() -> None:
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])

    assert threshold(chances, np.array([0, 0, 0, 1]), 1.0) == 0.7
    assert threshold(chances, np.array([1, 1, 1, 1]), 0.9) == 1.0


def test_a_cut_lets_a_given_share_through() -> None:
    chances = np.linspace(0, 1, 101)

    assert (chances > cut(chances, 0.1)).mean() < 0.11
