from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import main
from gateway.types import Label, Task
from tests.facts import credential, facts
from tests.ledgers import NOW, row, write
from tests.policies import loaded
from tests.policies import write as write_policy

NEW = """\
guards: [{name: no-keys, when: '"credential" in findings', block: Take it out.}]
routes:
  - {name: 'code', when: task == coding, model: house}
  - {name: rest, model: [small, house]}
"""


@pytest.fixture
def new(tmp_path: Path) -> Path:
    folder = tmp_path / "new"
    folder.mkdir()
    return write_policy(folder, routes=NEW)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    folder.mkdir()
    old = loaded(folder)
    leak = facts(label=Label.RESTRICTED, findings=(credential(),))
    later = NOW + timedelta(hours=1)
    return write(
        tmp_path / "data",
        row(old, facts(), "plain"),
        row(old, facts(Task.CODING), "coded", scores={"judge": 0.5}),
        row(old, leak, "leaked", at=later),
    )


def run(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(
        main, ["policy", "backtest", *map(str, arguments)]
    )


def test_people_read_what_changes_its_cost_its_quality_and_examples(new: Path, data: Path) -> None:
    result = run(new, "--data-dir", data, "--since", "2026-11-01")
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "2 of 3 decisions change (66.7 %): 2 another route or guard, 2 another first model" in text
    assert "1 newly blocked" in text
    assert "rest → small code → house" in text
    assert "coded rest → small ⇒ code → house code: task == coding (task = coding)" in text
    assert "leaked rest → house ⇒ blocked by no-keys" in text
    assert "judge answers mean 95 % small 1 0.500" in text
    titles = [
        result.stdout.index(f"\n{name}\n") for name in ("from where to where", "cost", "quality", "examples")
    ]
    assert titles == sorted(titles)


def test_it_fits_eighty_columns(new: Path, data: Path) -> None:
    result = run(new, "--data-dir", data, "--since", "2026-11-01")
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_machines_read_the_same_as_json(new: Path, data: Path) -> None:
    result = run(new, "--data-dir", data, "--since", "2026-11-01", "--json")
    report = json.loads(result.stdout)["report"]
    assert report["counts"]["changed"] == 2
    assert report["moves"][0]["after"] == {"fate": "served", "by": "code", "model": "house"}
    assert {example["id"] for example in report["examples"]} == {"coded", "leaked"}
    assert report["quality"][0]["difference"] is None


def test_a_window_without_requests_is_said(new: Path, data: Path) -> None:
    result = run(new, "--data-dir", data, "--since", "2026-12-01")
    assert (result.exit_code, "holds no request of that time" in result.stdout) == (0, True)


def test_the_window_has_an_end(new: Path, data: Path) -> None:
    until = "2026-11-20T12:30"
    result = run(new, "--data-dir", data, "--since", "2026-11-01", "--until", until, "--json")
    assert json.loads(result.stdout)["report"]["counts"]["rows"] == 2


def test_what_is_no_time_is_bad_usage(new: Path) -> None:
    result = run(new, "--since", "yesterday")
    assert (result.exit_code, "write it like 7d" in result.stderr) == (2, True)


def test_a_folder_with_mistakes_and_a_missing_ledger_are_told(new: Path, data: Path, tmp_path: Path) -> None:
    missing = run(new, "--data-dir", tmp_path / "nowhere")
    assert (missing.exit_code, "name its folder with --data-dir" in missing.stderr) == (2, True)
    (new / "routes.yaml").write_text("routes: [{name: rest, model: gone}]\n")
    wrong = run(new, "--data-dir", data)
    assert (wrong.exit_code, "routes.yaml:1:30" in wrong.stderr) == (2, True)
