"""Measures the classifier on labelled rows: by source, beside two baselines, with what it is sure of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np

from gateway.classify import baselines
from gateway.classify.calibrate import expected_error
from gateway.commands.classify import Understand, Unreadable, request, row_of
from gateway.types import ChatRequest, Freshness, Label, Signals, Task

AXES: Final[dict[str, tuple[str, ...]]] = {
    "task": tuple(task.value for task in Task),
    "freshness": tuple(each.word for each in Freshness),
    "sensitivity": tuple(each.word for each in Label),
    "injection": ("benign", "injection"),
}
COVERAGES: Final = (1.0, 0.8, 0.5)
ALARMS: Final = 0.05  # share of benign rows that may score as high as an attack
_MOST_CONFUSED: Final = 8
_NO_SOURCE: Final = "–"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A request, what it was labelled by axis, and where it comes from."""

    request: ChatRequest
    text: str
    labels: Mapping[str, str]
    source: str


class Told(NamedTuple):
    """The label that an axis was given, how probable it was said to be, and whether that was unsure."""

    label: str
    chance: float
    unsure: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one source: shares between 0 and 1."""

    source: str
    rows: int
    majority: float
    keyword: float
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One axis. `risk` is the share of errors among the surest of a share of the rows; `sure` is the share
    that is not marked unsure, and how often those are right. `confused`: wanted, told, how often.

    Of injection, `recall` is the share of attacks that score higher than all but ALARMS of the benign rows.
    Of sensitivity: `passed` is the share of non-public rows that were called public, `flagged` the share of
    public rows that were not.
    """

    axis: str
    parts: tuple[Part, ...]
    calibration_error: float
    risk: Mapping[float, float]
    sure: tuple[float, float]
    confused: tuple[tuple[str, str, int], ...]
    passed: float | None = None
    flagged: float | None = None
    recall: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All axes that the rows are labelled on, and the microseconds that a request took: median, 99 %."""

    axes: tuple[Measured, ...]
    microseconds: tuple[float, float]


def rows_of(lines: Iterable[str], axis: str | None) -> list[Labelled]:
    """Rows labelled by axis, or with one `label`, which then is one of `axis`.

    Raises:
        Unreadable: a line is no labelled row; the message has its number.
    """
    rows = [_row(number, line, axis) for number, line in enumerate(lines, 1) if line.strip()]
    if not any(row.labels for row in rows):
        raise Unreadable(f"no row is labelled on {' or '.join(AXES)}")
    return rows


def _row(number: int, line: str, axis: str | None) -> Labelled:
    try:
        row = row_of(line)
        given = {axis: row.get("label")} if axis else {name: row.get(name) for name in AXES}
        labels = {name: _known(name, label) for name, label in given.items() if label}
        parsed = request({key: row[key] for key in ("text", "messages") if key in row})
    except Unreadable as error:
        raise Unreadable(f"line {number}: {error}") from None
    asked = [message.text for message in parsed.messages if message.role == "user"]
    return Labelled(parsed, asked[-1] if asked else "", labels, str(row.get("source") or _NO_SOURCE))


def _known(axis: str, label: Any) -> str:
    if label not in AXES[axis]:
        raise Unreadable(f"{axis} is {label!r}, and has to be one of {', '.join(AXES[axis])}")
    return str(label)


def evaluated(rows: Sequence[Labelled], understand: Understand) -> Evaluation:
    signals, took = list[Signals](), list[float]()
    for row in rows:
        began = perf_counter()
        signals.append(understand(row.request))
        took.append((perf_counter() - began) * 1e6)
    axes = [name for name in AXES if any(name in row.labels for row in rows)]
    return Evaluation(
        tuple(_measured(axis, rows, signals) for axis in axes),
        (float(np.median(took)), float(np.quantile(took, 0.99))),
    )


def _measured(axis: str, rows: Sequence[Labelled], signals: Sequence[Signals]) -> Measured:
    pairs = [
        (row, _told(axis, found)) for row, found in zip(rows, signals, strict=True) if axis in row.labels
    ]
    wanted = [row.labels[axis] for row, _ in pairs]
    best = [told.label for _, told in pairs]
    right = np.array([one == other for one, other in zip(wanted, best, strict=True)])
    chances = np.array([told.chance for _, told in pairs])
    sure = np.array([not told.unsure for _, told in pairs])
    order = np.argsort(-chances, kind="stable")
    confused = Counter((w, b) for w, b in zip(wanted, best, strict=True) if w != b)
    sources = sorted({row.source for row, _ in pairs})
    every = [_part(axis, None, pairs)] if len(sources) > 1 else []
    passed, flagged = _passed(wanted, best) if axis == "sensitivity" else (None, None)
    return Measured(
        axis,
        (*(_part(axis, source, pairs) for source in sources), *every),
        expected_error(chances, right),
        {share: 1 - float(right[order[: max(round(share * len(order)), 1)]].mean()) for share in COVERAGES},
        (float(sure.mean()), float(right[sure].mean()) if sure.any() else 0.0),
        tuple((w, b, count) for (w, b), count in confused.most_common(_MOST_CONFUSED)),
        passed,
        flagged,
        _recall(pairs) if axis == "injection" else None,
    )


def _part(axis: str, source: str | None, pairs: Sequence[tuple[Labelled, Told]]) -> Part:
    """Of one source, or of all."""
    own = [(row, told) for row, told in pairs if source is None or row.source == source]
    wanted, best = [row.labels[axis] for row, _ in own], [told.label for _, told in own]
    keyword = [baselines.keyword(axis, row.text) == row.labels[axis] for row, _ in own]
    return Part(
        "all" if source is None else source,
        len(own),
        baselines.majority(wanted),
        sum(keyword) / len(own),
        sum(one == other for one, other in zip(wanted, best, strict=True)) / len(own),
        _macro_f1(wanted, best),
    )


def _macro_f1(wanted: Sequence[str], best: Sequence[str]) -> float:
    """The mean, over the labels that occur, of 2 · right / (wanted + told)."""
    there, told = Counter(wanted), Counter(best)
    right = Counter(one for one, other in zip(wanted, best, strict=True) if one == other)
    return sum(2 * right[label] / (there[label] + told[label]) for label in there) / len(there)


def _passed(wanted: Sequence[str], best: Sequence[str]) -> tuple[float | None, float | None]:
    public = Label.PUBLIC.word
    kept = [told == public for label, told in zip(wanted, best, strict=True) if label != public]
    flagged = [told != public for label, told in zip(wanted, best, strict=True) if label == public]
    return (sum(kept) / len(kept) if kept else None), (sum(flagged) / len(flagged) if flagged else None)


def _recall(pairs: Sequence[tuple[Labelled, Told]]) -> float | None:
    """None where there are no attacks, or nothing benign."""
    scores = [(row.labels["injection"], _score(told)) for row, told in pairs]
    benign = [score for label, score in scores if label == "benign"]
    attacks = [score for label, score in scores if label != "benign"]
    if not benign or not attacks:
        return None
    cut = np.quantile(benign, 1 - ALARMS)
    return float(np.mean([score > cut for score in attacks]))


def _score(told: Told) -> float:
    return told.chance if told.label == "injection" else 1 - told.chance


def _told(axis: str, signals: Signals) -> Told:
    if axis == "injection":
        score = signals.injection or 0.0
        return Told("injection", score, False) if score >= 0.5 else Told("benign", 1 - score, False)
    if axis == "task":
        return Told(signals.task.best.value, signals.task.probability, signals.task.unsure)
    guess = signals.freshness if axis == "freshness" else signals.sensitivity
    return Told(guess.best.word, guess.probability, guess.unsure)
