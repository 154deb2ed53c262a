from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from gateway.tuning.command import train_command
from gateway.tuning.examples import BadExamples, Example
from gateway.tuning.head import Head
from tests.heads import embed_words, small_task


def written(path: Path, rows: Iterable[Example]) -> Path:
    lines = (json.dumps({"text": row.text, "label": row.label}) for row in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_head_and_its_card_are_written_below_the_folder(tmp_path: Path) -> None:
    examples = written(tmp_path / "rows.jsonl", small_task())
    holdout = written(tmp_path / "held.jsonl", [Example("is it tin", "metal"), Example("Spell tin", None)])
    report = asyncio.run(train_command("stuff", examples, holdout, tmp_path / "heads", embed_words))
    card = (tmp_path / "heads/stuff/CARD.md").read_text(encoding="utf-8")
    assert Head.load(tmp_path / "heads/stuff/head.npz").classes == ("cloth", "fruit", "metal")
    assert "## Hold-out, never fitted on" in card
    assert "| (to hand on) |" in card
    assert str(tmp_path) not in card
    assert "hold-out:        answers 100% of the 1 labelled rows" in report.summary()


def test_a_name_with_a_path_writes_nothing(tmp_path: Path) -> None:
    examples = written(tmp_path / "rows.jsonl", small_task())
    with pytest.raises(ValueError, match="cannot name a head"):
        asyncio.run(train_command("../out", examples, None, tmp_path / "heads", embed_words))
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_hold_out_that_shares_rows_with_the_examples_is_refused(tmp_path: Path) -> None:
    examples = written(tmp_path / "rows.jsonl", small_task())
    holdout = written(tmp_path / "held.jsonl", small_task()[:2])
    with pytest.raises(BadExamples, match="2 texts of the hold-out are among the examples"):
        asyncio.run(train_command("stuff", examples, holdout, tmp_path, embed_words))


def test_a_label_that_only_the_hold_out_has_is_named(tmp_path: Path) -> None:
    examples = written(tmp_path / "rows.jsonl", small_task())
    holdout = written(tmp_path / "held.jsonl", [Example("a song", "music")])
    with pytest.raises(BadExamples, match="music"):
        asyncio.run(train_command("stuff", examples, holdout, tmp_path, embed_words))
