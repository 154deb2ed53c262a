"""Rows for training."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.classify import rows
from gateway.types import Freshness, Task


def write(path: Path, *lines: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_the_repository_holds_many_examples_of_every_task_and_freshness() -> None:
    for axis, labels in (("task", [t.value for t in Task]), ("freshness", [f.word for f in Freshness])):
        counts = [sum(row.label == label for row in rows.own(axis)) for label in labels]
        assert min(counts) > 70


@pytest.mark.parametrize("axis", ["task", "freshness", "sensitivity"])
def test_no_example_is_there_twice(axis: str) -> None:
    asked = [row.asked for row in rows.own(axis)]

    assert len(asked) - len(set(asked)) < len(asked) / 100  # what a tool said is no part of what is asked


def test_public_rows_are_capped_by_source_and_label(tmp_path: Path) -> None:
    line = {"label": "coding", "source": "s", "licence": "MIT"}
    write(tmp_path / "train" / "task.jsonl", *({**line, "text": str(n)} for n in range(500)))

    picked = rows.public("task", tmp_path)

    assert len(picked) == 120
    assert picked == rows.public("task", tmp_path)


def test_a_missing_file_gives_no_rows(tmp_path: Path) -> None:
    assert rows.public("task", tmp_path) == []


def test_a_task_that_supplies_everything_is_static(tmp_path: Path) -> None:
    write(tmp_path / "task.jsonl", {"text": "translate: x", "label": "translation"})
    write(tmp_path / "freshness.jsonl", {"text": "time?", "label": "live"})

    assert {(r.text, r.label) for r in rows.gathered("freshness", None, tmp_path)} == {
        ("time?", "live"),
        ("translate: x", "static"),
    }


def test_what_detectors_find_is_not_left_to_the_model(tmp_path: Path) -> None:
    write(tmp_path / "task.jsonl", {"text": "x", "label": "coding"})
    write(
        tmp_path / "sensitivity.jsonl",
        {"text": "a", "label": "public"},
        {"text": "b", "label": "restricted"},
        {"text": "c", "label": "confidential"},
    )

    assert {row.label for row in rows.gathered("sensitivity", None, tmp_path)} == {"public", "confidential"}


def test_a_question_is_also_seen_in_a_conversation_about_something_else(tmp_path: Path) -> None:
    said = [("user", "one"), ("assistant", "1"), ("user", "two")]
    talk = {"messages": [{"role": role, "content": text} for role, text in said], "task": "coding"}
    write(tmp_path / "written-talk.jsonl", {"text": "sum it up", "task": "summarization"}, talk)

    gathered = rows.gathered("task", None, tmp_path)

    assert [(r.text, r.before, r.answer, r.label) for r in gathered] == [
        ("sum it up", "", "", "summarization"),
        ("sum it up", "one", "1", "summarization"),
        ("two", "one", "1", "coding"),
    ]


def test_a_mark_is_no_part_of_the_text_and_of_several_axes_those_that_are_there_count(tmp_path: Path) -> None:
    write(tmp_path / "spans-x.jsonl", {"text": "call ⟦person:Ann Lee⟧", "sensitivity": "confidential"})

    assert [(r.text, r.label) for r in rows.own("sensitivity", tmp_path)] == [
        ("call Ann Lee", "confidential")
    ]
    assert rows.own("task", tmp_path) == []
