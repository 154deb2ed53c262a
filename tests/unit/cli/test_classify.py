"""`pointsman classify`: its output and what it says when it is misused."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from gateway.cli import main


def run(*given: object, said: str = "") -> Result:
    return CliRunner().invoke(main, ["classify", *map(str, given)], input=said, env={"COLUMNS": "100"})


def test_a_text_is_told_in_a_table_and_as_json() -> None:
    text = "write to x.y@mail.example that I am late"
    shown = run(text).stdout

    assert "sensitivity  confidential" in shown
    assert "email   contact  confidential  9 to 25" in shown
    assert "language en" in shown
    assert json.loads(run(text, "--json").stdout)["findings"][0]["start"] == 9


def test_lines_go_through_in_order_and_one_that_is_wrong_is_told() -> None:
    done = run("-", said='\ufeff{"text": "hello", "id": 1}\n\nnonsense\n{"text": "bye", "id": 2}\n')

    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (first["id"], third["id"]) == (1, 2)
    assert second["line"] == "nonsense"
    assert done.exit_code == 1
    assert "line 3: this is no JSON" in done.stderr
    assert "1 of 3 lines could not be read" in done.stderr


def test_rows_are_measured(tmp_path: Path) -> None:
    row = {"text": "fix this python function", "task": "coding", "source": "[/b]"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8-sig")
    done = run("eval", "--data", tmp_path / "rows.jsonl")

    assert done.exit_code == 0
    assert "[/b]" in done.stdout
    assert "expected calibration error" in done.stdout
    assert "A request took" in done.stdout
    assert (
        json.loads(run("eval", "--data", tmp_path / "rows.jsonl", "--json").stdout)["axes"][0]["axis"]
        == "task"
    )


def test_misuse_says_what_would_be_right(tmp_path: Path) -> None:
    assert "pointsman classify eval --data FILE.jsonl" in run("eval").stderr
    assert "pointsman classify eval --data rows" in run("hello", "--data", "rows").stderr
    assert "cannot be read: No such file" in run("eval", "--data", tmp_path / "none").stderr
    (tmp_path / "rows.jsonl").write_text('{"text": "x", "task": "cooking"}\n')
    assert "line 1: task is 'cooking'" in run("eval", "--data", tmp_path / "rows.jsonl").stderr
    assert "has to be one of task" in run("eval", "--data", tmp_path, "--axis", "mood").stderr
