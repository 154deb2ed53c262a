"""Fits the weights that the gateway ships: `python -m gateway.classify.train [--shared DIR]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from gateway.classify import calibrate, card, difficulty, rows
from gateway.classify.classifier import WEIGHTS
from gateway.classify.courtesy import courteous
from gateway.classify.detect import Detector
from gateway.classify.difficulty import Difficulty
from gateway.classify.fit import Fitted, matrix
from gateway.classify.guess import BELIEVED
from gateway.classify.linear import Head, LinearModel, quantised, save
from gateway.classify.rows import Row
from gateway.classify.trial import Line, Unseen, kept_back, table, unseen, without
from gateway.types import Finding, Freshness, Label, Task

AXES: Final[dict[str, tuple[str, ...]]] = {
    "task": tuple(task.value for task in Task),
    "freshness": tuple(each.word for each in Freshness),
    "sensitivity": ("public", "confidential"),
    "injection": ("benign", "injection"),
}
TARGET: Final = {"task": 0.85, "freshness": 0.9}
"""How often a sure label should be right, on the team's unseen rows."""
_SURE: Final = 0.01  # share of unseen public text that may be called confidential surely


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis, fitted and measured."""

    name: str
    head: Fitted
    temperature: float
    threshold: float
    doubt: float
    results: Unseen
    lines: list[Line]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, measure, print, write weights and model card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, help="a folder with public rows in train/*.jsonl")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args(arguments)
    shared = _present(chosen.shared)
    gathered = {axis: rows.gathered(axis, shared) for axis in AXES}
    axes = [learned(axis, part) for axis, part in gathered.items()]
    known = difficulty.attempts(shared) if shared else None
    hard = difficulty.learned(known) if known else None
    save(chosen.out, model_of(axes, hard))
    text = card.written(axes, gathered, hard)
    (chosen.out.parent / "CARD.md").write_text(text, encoding="utf-8")
    print(text)


def _present(shared: Path | None) -> Path | None:
    if shared is not None and (shared / "train").is_dir():
        return shared
    reason = "no --shared DIR given" if shared is None else f"no folder {shared}/train"
    print(f"{reason}: fitting from the team's own examples only")
    return None


def learned(axis: str, part: list[Row]) -> Axis:
    """Fit one axis on all its rows; measure and calibrate it on rows held out."""
    labels, said = AXES[axis], list(courteous(part))
    requests = matrix([row.asked for row in said])
    results = unseen(said, requests, labels).among(part)
    held = kept_back(said)
    model = without(held, said, requests, labels)
    places = np.flatnonzero(held)
    wanted = np.array([labels.index(said[n].label) for n in places])
    heat = _heat(results, model.scores(requests[places]), wanted)
    own = calibrate.temperature(results.scores, results.wanted)
    results = replace(results, scores=results.scores * (heat / own))
    threshold, doubt = _thresholds(axis, results, calibrate.shares(results.scores, heat))
    return Axis(axis, model, heat, threshold, doubt, results, table(axis, results))


def _heat(results: Unseen, scores: calibrate.Doubles, wanted: calibrate.Whole) -> float:
    """The temperature of the model that gave `scores` to team's rows that it has not seen, for all kinds.

    It was fitted on more rows than those of `results`, and its scores have another size: what the others'
    temperature on all rows is to that on the team's, its own is to that on these.
    """
    of_ours = results.of(rows.OWN)
    ratio = calibrate.temperature(results.scores, results.wanted) / calibrate.temperature(
        of_ours.scores, of_ours.wanted
    )
    return calibrate.temperature(scores, wanted) * ratio


def _thresholds(axis: str, results: Unseen, chances: calibrate.Doubles) -> tuple[float, float]:
    if axis == "injection":
        return 0.0, 0.0
    if axis != "sensitivity":
        own = np.array([row.source == rows.OWN for row in results.rows])
        return calibrate.threshold(chances[own], results.wanted[own], TARGET[axis]), 0.0
    detector = Detector()
    # Without the tagger: of rows that it was fitted on, it finds more than of others.
    found = np.array([any(map(_raises, detector.find(row.text))) for row in results.rows])
    personal, public = results.wanted == 1, results.wanted == 0
    told = np.where(found, 1.0, chances[:, 1])[personal]
    doubt = calibrate.risk_cut(told, calibrate.PASSED, calibrate.CONFIDENCE)
    return max(calibrate.cut(chances[public, 1], _SURE), doubt), doubt


def _raises(found: Finding) -> bool:
    return found.label > Label.PUBLIC and found.confidence >= BELIEVED


def model_of(axes: Sequence[Axis], hard: Difficulty | None = None) -> LinearModel:
    """All heads side by side."""
    fitted = {axis.name: axis.head for axis in axes}
    calibrated = {axis.name: (axis.temperature, axis.threshold, axis.doubt) for axis in axes}
    if hard is not None:
        fitted["difficulty"], calibrated["difficulty"] = hard.head, (1.0, 0.0, 0.0)
    weights = np.concatenate([head.weights for head in fitted.values()], 1)
    bias = np.concatenate([head.bias for head in fitted.values()])
    heads: dict[str, Head] = {}
    start = 0
    for name, head in fitted.items():
        end = start + len(head.labels)
        heads[name] = Head(head.labels, *calibrated[name], slice(start, end))
        start = end
    return quantised(weights.astype(np.float32), bias.astype(np.float32), heads)


if __name__ == "__main__":
    main()
