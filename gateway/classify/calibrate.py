"""Calibration on rows that a model has not seen: a temperature, and where to start being unsure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Whole = NDArray[np.intp]
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


def expected_error(chances: Doubles, wanted: Whole, bins: int = 10) -> float:
    """Expected calibration error: how far confidence is from accuracy, averaged over bins of confidence."""
    best, right = chances.max(1), (chances.argmax(1) == wanted).astype(float)
    place = np.minimum((best * bins).astype(int), bins - 1)
    gaps = [abs(best[place == b].mean() - right[place == b].mean()) * (place == b).sum() for b in set(place)]
    return float(sum(gaps) / len(best))
