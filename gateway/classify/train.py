"""Fits the weights that the gateway ships: `python -m gateway.classify.train [--shared DIR]`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from gateway.classify import calibrate, card, difficulty, rows
from gateway.classify.classifier import WEIGHTS
from gateway.classify.detect import Detector
from gateway.classify.difficulty import Difficulty
from gateway.classify.fit import Fitted, fit, matrix
from gateway.classify.guess import BELIEVED
from gateway.classify.linear import Head, LinearModel, quantised, save
from gateway.classify.rows import Row
from gateway.classify.tagger import Tagger
from gateway.classify.trial import Line, Unseen, table, unseen
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
    labels = AXES[axis]
    requests = matrix([row.asked for row in part])
    results = unseen(part, requests, labels)
    heat = calibrate.temperature(results.scores, results.wanted)
    chances = calibrate.shares(results.scores, heat)
    threshold, doubt = _thresholds(axis, results, chances)
    return Axis(axis, fit(part, requests, labels), heat, threshold, doubt, results, table(axis, results))


def _thresholds(axis: str, results: Unseen, chances: calibrate.Doubles) -> tuple[float, float]:
    if axis == "injection":
        return 0.0, 0.0
    if axis != "sensitivity":
        own = np.array([row.source == rows.OWN for row in results.rows])
        return calibrate.threshold(chances[own], results.wanted[own], TARGET[axis]), 0.0
    detector = Detector(tagger=Tagger.load())
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
