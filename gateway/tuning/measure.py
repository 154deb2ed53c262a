"""Figures of a head: how much it answers, and how much of that is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.tuning.head import Verdict


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows of one label: how many, how many were answered, how many of those rightly."""

    rows: int
    answered: int
    right: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some rows. `forced` is the accuracy if nothing were handed on, over the rows with a label.

    `strangers` tallies the rows with the label null; any of them that is answered is a mistake.
    `confusion` counts pairs (true, given) among the answered; true is "" for a stranger.
    """

    labels: dict[str, Tally]
    strangers: Tally
    forced: float
    confusion: dict[tuple[str, str], int]

    @property
    def rows(self) -> int:
        return sum(t.rows for t in self._all())

    @property
    def answered(self) -> int:
        return sum(t.answered for t in self._all())

    @property
    def right(self) -> int:
        return sum(t.right for t in self._all())

    @property
    def accuracy(self) -> float:
        """Of what is answered."""
        return self.right / self.answered if self.answered else 0.0

    @property
    def coverage(self) -> float:
        """The share of the rows with a label that is answered."""
        known = sum(t.rows for t in self.labels.values())
        return sum(t.answered for t in self.labels.values()) / known if known else 0.0

    def _all(self) -> tuple[Tally, ...]:
        return (*self.labels.values(), self.strangers)


def figures(truths: Sequence[str | None], verdicts: Sequence[Verdict]) -> Figures:
    """How verdicts compare with the truth; None is the truth of a request to hand on."""
    pairs = list(zip(truths, verdicts, strict=True))
    labels = sorted({t for t in truths if t is not None})
    known = [(t, v) for t, v in pairs if t is not None]
    return Figures(
        labels={label: _tally(label, pairs) for label in labels},
        strangers=_tally(None, pairs),
        forced=sum(t == v.label for t, v in known) / len(known) if known else 0.0,
        confusion=dict(Counter((t or "", v.label) for t, v in pairs if not v.unsure)),
    )


def _tally(label: str | None, pairs: Sequence[tuple[str | None, Verdict]]) -> Tally:
    mine = [v for t, v in pairs if t == label]
    answered = [v for v in mine if not v.unsure]
    return Tally(len(mine), len(answered), sum(v.label == label for v in answered))


def threshold_for(
    probabilities: NDArray[np.float64], right: NDArray[np.bool_], target: float
) -> float | None:
    """The lowest probability from which on at least `target` of the answers are right; None: there is none.

    It lies halfway to the next probability below, so that rounding does not decide.
    """
    order = np.argsort(-probabilities, kind="stable")
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(accuracy >= target)
    if not len(good):
        return None
    last = int(good[-1])
    below = probabilities[order[last + 1]] if last + 1 < len(order) else 0.0
    return float((probabilities[order[last]] + below) / 2)
