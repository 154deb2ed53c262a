"""How varied text is."""

import json
from pathlib import Path

import pytest

from gateway.classify.variety import measured, near_duplicates


def test_texts_that_differ_by_a_word_are_near_duplicates() -> None:
    texts = [
        "please list all the categories of this ticket for me",
        "Please list all the categories of this ticket for us!",
        "the weather in Rome was fine on every day of our stay",
        "hi",
    ]

    assert near_duplicates(texts).tolist() == [True, True, False, False]


def test_a_triple_that_very_many_share_tells_nothing() -> None:
    texts = [f"what is the {word * 3}" for word in map(str, range(400))]

    assert not near_duplicates(texts).any()


def test_each_file_is_measured_and_all_of_them_together(tmp_path: Path) -> None:
    same = {"text": "tell me what time it is there", "task": "tool_action"}
    (tmp_path / "written-a.jsonl").write_text(f"{json.dumps(same)}\n{json.dumps(same)}\n")
    (tmp_path / "written-b.jsonl").write_text(
        '{"text": "write a poem about a cat", "task": "creative_writing"}\n'
    )

    a, b, every = measured(tmp_path)

    assert (a.file, a.rows, a.repeated, a.tasks, a.commonest) == ("written-a", 2, 1.0, 1, 1.0)
    assert (b.file, b.repeated) == ("written-b", 0.0)
    assert (every.file, every.rows, every.tasks) == ("all", 3, 2)
    assert every.commonest == pytest.approx(2 / 3)
