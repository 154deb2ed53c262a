from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import main
from tests.policies import write

ROUTES = """\
routes:
  - {name: hr, when: 'caller.team == "hr"', model: small}
  - {name: code, when: task == coding, model: [house, small]}
  - {name: rest, model: [small, house]}
"""
GUARDS = """\
guards:
  - {name: keys, when: '"credential" in findings', block: No.}
  - {name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}
  - {name: stop, when: sensitivity == restricted, block: No.}
"""
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CALLERS = f"callers: [{{name: app, team: hr, key_sha256: {HASH}, label: internal}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, routes=ROUTES, guards=GUARDS, callers=CALLERS)


def run(*given: str, width: int = 80) -> Result:
    return CliRunner().invoke(
        main, ["policy", "matrix", *given], env={"COLUMNS": str(width), "NO_COLOR": "1"}
    )


def plain(*given: str) -> dict[str, Any]:
    done = run(*given, "--json")
    assert done.exit_code == 0
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_the_table_fits_eighty_columns_and_tells_each_outcome_once(folder: Path) -> None:
    done = run(str(folder))
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    grid = lines[: lines.index("hide masks: confidential becomes internal at best, and stays at worst")]
    assert max(map(len, grid)) <= 80
    said = " ".join(done.stdout.split())
    assert 'in every cell: blocked by keys, where this is true or unknown: "credential" in findings' in said
    assert 'if caller.team == "hr": hr → small' in done.stdout
    assert "else code → house, then small" in done.stdout
    assert "hr → no model may serve it" in done.stdout
    assert "lowered to internal: else code → house, then small" in done.stdout


def test_at_eighty_columns_no_task_and_no_label_is_cut(tmp_path: Path) -> None:
    tasks = "task == question_answering || task == knowledge_lookup && freshness != live"
    routes = f"routes: [{{name: ask, when: {tasks}, model: house}}, {{name: rest, model: small}}]\n"
    words = run(str(write(tmp_path, routes=routes))).stdout.split()
    assert "…" not in "".join(words)
    assert {"question_answering,", "knowledge_lookup", "restricted"} <= set(words)


def test_a_wide_terminal_names_the_routes_in_the_table(folder: Path) -> None:
    assert "1 hr" in run(str(folder), "--as", "app", width=140).stdout
    assert "1 hr" not in run(str(folder), "--as", "app").stdout


def test_as_json_every_cell_is_told(folder: Path) -> None:
    made = plain(str(folder))
    assert len(made["cells"]) == 300
    cell = next(c for c in made["cells"] if c["task"] == "coding" and c["sensitivity"] == "public")
    assert cell["certain"] is False
    assert cell["ways"][-1] == {
        "fate": "served",
        "rule": "code",
        "when": None,
        "label": "public",
        "model": "house",
        "fallbacks": ["small"],
    }
    assert made["doubts"][0]["doubt"] == "gap_unmasked"


def test_cells_can_be_picked_by_task_label_route_and_caller(folder: Path) -> None:
    picked = plain(str(folder), "--task", "coding", "--task", "unsure", "--label", "public")["cells"]
    assert len(picked) == 10
    assert {cell["task"] for cell in plain(str(folder), "--route", "code")["cells"]} == {"coding"}
    hr = plain(str(folder), "--as", "app")
    assert (hr["caller"], len(hr["cells"])) == ("app", 225)


@pytest.mark.parametrize(
    ("option", "word", "said"),
    [
        ("--as", "apq", "did you mean app?"),
        ("--task", "codng", "did you mean coding?"),
        ("--label", "secret", "there are:"),
        ("--route", "cod", "did you mean code?"),
    ],
)
def test_a_name_that_does_not_exist_is_bad_usage_with_a_proposal(
    folder: Path, option: str, word: str, said: str
) -> None:
    done = run(str(folder), option, word, width=200)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_folder_that_does_not_load_is_told_with_its_mistakes(tmp_path: Path) -> None:
    done = run(str(write(tmp_path, routes="routes: [{name: rest, model: smal}]\n")))
    assert done.exit_code == 2
    assert "routes.yaml:1:30: there is no model smal; did you mean small?" in done.stderr
