"""What a request is taken for stays the same under edits that change nothing of it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.classify.classifier import LinearClassifier
from gateway.commands.classify import request
from gateway.types import Signals
from tests.understanding.edits import EDITS, SEEN_THROUGH, Edit

HELD = Path(__file__).parent / "held-mixed.jsonl"
CLASSIFIER = LinearClassifier()
FLIPPED = 0.03  # of all labels, in all edits together
LOWERED = 0.015  # of requests, by an edit that should be seen through


@cache
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in HELD.read_text(encoding="utf-8").splitlines()]


@cache
def unedited() -> list[Signals]:
    return list(signals(lambda text, _: text))


def signals(edit: Edit) -> Iterator[Signals]:
    """Of every row, with its last message edited."""
    draw = random.Random(5)
    for row in rows():
        said = row.get("messages") or [{"role": "user", "content": row["text"]}]
        last = {**said[-1], "content": edit(said[-1]["content"], draw)}
        yield CLASSIFIER.classify(request({"messages": [*said[:-1], last]}))


def test_edits_hardly_flip_a_label() -> None:
    flips = [
        was.best != now.best
        for edit in EDITS.values()
        for before, after in zip(unedited(), signals(edit), strict=True)
        for was, now in (
            (before.task, after.task),
            (before.freshness, after.freshness),
            (before.sensitivity, after.sensitivity),
        )
    ]

    assert len(flips) > 25_000
    assert sum(flips) / len(flips) < FLIPPED


@pytest.mark.parametrize("name", SEEN_THROUGH)
def test_a_disguise_hardly_lowers_what_is_sensitive(name: str) -> None:
    pairs = zip(unedited(), signals(SEEN_THROUGH[name]), strict=True)

    lowered = [after.sensitivity.best < before.sensitivity.best for before, after in pairs]

    assert sum(lowered) / len(lowered) < LOWERED
