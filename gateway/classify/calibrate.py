"""Calibration on rows that a model has not seen: a temperature, and where to start being unsure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Doubles = NDArray[np.float64]
Whole = NDArray[np.intp]
Right = NDArray[np.bool_]
PASSED: Final = 0.25  # share of unseen confidential text that may pass as public, by detectors and model …
CONFIDENCE: Final = 0.95  # … with this confidence
_TEMPERATURES: Final = np.geomspace(0.25, 4.0, 49)


def shares(scores: Doubles, temperature: float) -> Doubles:
    """Softmax of the scores over the temperature, row by row."""
    scaled = scores / temperature
    powers = np.exp(scaled - scaled.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def temperature(scores: Doubles, wanted: Whole) -> float:
    """The temperature with the least log loss (Guo et al., 2017)."""
    rows = np.arange(len(wanted))
    losses = [-np.log(np.maximum(shares(scores, t)[rows, wanted], 1e-9)).mean() for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def threshold(chances: Doubles, wanted: Whole, target: float) -> float:
    """The lowest probability from which on the best label is right in at least `target` of the rows."""
    best, right = chances.max(1), chances.argmax(1) == wanted
    order = np.argsort(-best)
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= target)
    return float(best[order][good[-1]]) if len(good) else 1.0


def cut(chances: Doubles, most: float) -> float:
    """The probability that at most a share `most` of these rows reaches."""
    return float(np.quantile(chances, 1.0 - most))


def risk_cut(chances: Doubles, most: float, confidence: float) -> float:
    """The highest probability below which no more than a share `most` of such rows falls, with `confidence`.

    `chances` are of rows that were not fitted on, and that must not fall below. The upper bound of the
    share is the exact one of a binomial proportion (Clopper and Pearson, 1934), and the cut is the last that
    it clears: risk-controlling prediction sets, whose risk only grows with the cut (Bates et al., 2021).
    """
    below, rows = np.arange(len(chances)), len(chances)
    allowed = np.flatnonzero(beta.ppf(confidence, below + 1, rows - below) <= most)
    return float(np.sort(chances)[allowed[-1]]) if len(allowed) else 0.0


def expected_error(told: Doubles, right: Right, bins: int = 10) -> float:
    """Expected calibration error: how far the probability that is told of a label is from how often it is
    right, averaged over bins of probability (Guo et al., 2017).
    """
    place = np.minimum((told * bins).astype(int), bins - 1)
    gaps = [abs(told[place == b].mean() - right[place == b].mean()) * (place == b).sum() for b in set(place)]
    return float(sum(gaps) / len(told))
