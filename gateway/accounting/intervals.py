"""How sure a mean of scores is: intervals that hold for shares from 0 to 1, whatever their distribution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Final

Z_95: Final = 1.959964  # of a normal distribution, two-sided 95 %


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(slots=True)
class Scores:
    """What was added up of scores between 0 and 1."""

    count: int = 0
    total: float = 0.0

    def add(self, score: float) -> None:
        self.count += 1
        self.total += score


def wilson(scores: Scores) -> Interval:
    """Wilson's score interval for a mean; of nothing, all that is possible.

    It is exact in form for scores that are 0 or 1; other scores between them vary less, so that the interval
    is then wider than it need be. (Wilson, JASA 22, 1927.)
    """
    n = scores.count
    if not n:
        return Interval(0.5, 0.0, 1.0)
    mean = min(max(scores.total / n, 0.0), 1.0)
    scale = 1 + Z_95**2 / n
    centre = (mean + Z_95**2 / (2 * n)) / scale
    half = Z_95 * sqrt(mean * (1 - mean) / n + Z_95**2 / (4 * n * n)) / scale
    return Interval(mean, min(mean, max(centre - half, 0.0)), max(mean, min(centre + half, 1.0)))


def weighted(terms: Iterable[tuple[float, Interval]]) -> Interval:
    """A sum of independent means, each with its weight, which may be negative: a difference, for one.

    The distances to the ends add up as squares (MOVER; Zou and Donner, Statistics in Medicine 27, 2008).
    """
    total, below, above = 0.0, 0.0, 0.0
    for weight, one in terms:
        total += weight * one.mean
        down, up = sorted((weight * (one.low - one.mean), weight * (one.high - one.mean)))
        below += down * down
        above += up * up
    return Interval(total, total - sqrt(below), total + sqrt(above))
