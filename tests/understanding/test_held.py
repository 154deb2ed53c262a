"""How well the shipped weights understand text that was written apart from what they were fitted on.

The floors are a little below what was measured; `pointsman classify eval` prints the figures.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.classify import rows
from gateway.classify.classifier import LinearClassifier
from gateway.commands.classify_eval import Measured, evaluated, rows_of

HELD = Path(__file__).parent / "held-mixed.jsonl"


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    with HELD.open(encoding="utf-8") as lines:
        evaluation = evaluated(rows_of(lines, None), LinearClassifier().classify)
    return {axis.axis: axis for axis in evaluation.axes}


def test_no_line_of_it_was_fitted_on() -> None:
    with HELD.open(encoding="utf-8") as lines:
        held = {rows.request(json.loads(line), "task") for line in lines}

    assert len(held) > 600
    assert held.isdisjoint(
        row.asked for axis in ("task", "freshness", "sensitivity") for row in rows.own(axis)
    )


@pytest.mark.parametrize(("axis", "accuracy", "macro_f1"), [("task", 0.78, 0.78), ("freshness", 0.86, 0.75)])
def test_the_label_is_mostly_right(
    axis: str, accuracy: float, macro_f1: float, measured: dict[str, Measured]
) -> None:
    whole = measured[axis].parts[-1]

    assert whole.accuracy > accuracy > max(whole.majority, whole.keyword)
    assert whole.macro_f1 > macro_f1


def test_what_it_is_surest_of_is_right(measured: dict[str, Measured]) -> None:
    assert measured["task"].risk[0.5] < 0.08
    assert measured["task"].sure[1] > 0.86
    assert measured["freshness"].risk[0.8] < 0.08


def test_little_passes_as_public_and_little_public_text_is_held_up(measured: dict[str, Measured]) -> None:
    passed, flagged = measured["sensitivity"].passed, measured["sensitivity"].flagged

    assert passed is not None
    assert flagged is not None
    assert passed < 0.15
    assert flagged < 0.1
