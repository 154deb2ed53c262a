"""Calibration: temperature, thresholds, error."""

import numpy as np

from gateway.classify.calibrate import cut, expected_error, risk_cut, shares, temperature, threshold

RNG = np.random.default_rng(1)


def test_overconfident_scores_get_a_temperature_above_one() -> None:
    wanted = RNG.integers(0, 2, 400)
    seen = np.where(RNG.random(400) < 0.75, wanted, 1 - wanted)  # right three times in four
    scores = np.eye(2)[seen] * 6.0

    heat = temperature(scores, wanted)

    assert heat > 2
    right = seen == wanted
    assert expected_error(shares(scores, heat).max(1), right) < expected_error(
        shares(scores, 1.0).max(1), right
    )


def test_the_threshold_is_the_lowest_that_reaches_the_target() -> None:
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])

    assert threshold(chances, np.array([0, 0, 0, 1]), 1.0) == 0.7
    assert threshold(chances, np.array([1, 1, 1, 1]), 0.9) == 1.0


def test_a_cut_lets_a_given_share_through() -> None:
    chances = np.linspace(0, 1, 101)

    assert (chances > cut(chances, 0.1)).mean() < 0.11


def test_a_risk_is_bounded_with_confidence() -> None:
    chances = np.arange(1000) / 1000

    cut = risk_cut(chances, 0.2, 0.95)

    assert 0.17 < cut < 0.185  # 0.2 less what 1,000 rows leave open: about two standard errors of 0.0126
    assert risk_cut(chances, 0.2, 0.999) < cut
    assert risk_cut(chances[:10], 0.2, 0.95) == 0.0  # ten rows promise nothing
