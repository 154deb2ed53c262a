from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import main
from tests.policies import MODELS, write

ROUTES = "routes:\n- {name: code, when: task == coding, model: house}\n- {name: rest, model: house}\n"
KEYS = "guards: [{name: keys, when: '\"credential\" in findings', block: No.}]\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    write(old, routes=ROUTES, guards=KEYS)
    write(
        new,
        routes=ROUTES.replace("model: house}\n- {name: rest", "model: small}\n- {name: rest"),
        models=MODELS.replace("clearance: internal", "clearance: confidential"),
    )
    return str(old), str(new)


def run(*given: str) -> Result:
    return CliRunner().invoke(main, ["policy", "diff", *given], env={"COLUMNS": "80", "NO_COLOR": "1"})


def test_a_security_reviewer_sees_first_what_lets_more_through(folders: tuple[str, str]) -> None:
    lines = run(*folders).stdout.splitlines()
    assert lines[:5] == [
        "to be looked at first",
        "  guard keys removed",
        "  model small: clearance internal → confidential",
        "other changes",
        "  route code: models house → small",
    ]
    assert max(map(len, lines)) <= 80


def test_each_group_of_cells_is_told_with_what_was_and_what_is(folders: tuple[str, str]) -> None:
    said = run(*folders).stdout
    assert "coding; any freshness; every label but restricted (15 cells)" in said
    assert "  - code → house\n  + code → small\n" in said
    assert "coding; any freshness; restricted (5 cells)  opens a gap" in said
    assert "  + code → no model may serve it" in said


def test_the_exit_code_says_whether_something_differs_where_that_is_asked(folders: tuple[str, str]) -> None:
    old, new = folders
    assert run(old, new).exit_code == 0
    assert run(old, new, "--exit-code").exit_code == 1
    same = run(old, old, "--exit-code")
    assert same.exit_code == 0
    assert same.stdout.startswith("nothing differs")


def test_as_json_everything_is_told(folders: tuple[str, str]) -> None:
    told = json.loads(run(*folders, "--json").stdout)
    assert told["differs"] is True
    assert told["everywhere"]["gone"] == [{"guard": "keys", "when": '"credential" in findings'}]
    assert [cell["cells"] for cell in told["cells"]] == [15, 5]
    assert told["cells"][0]["where"] == [
        {
            "tasks": ["coding"],
            "freshness": ["static", "slow", "recent", "live", "unsure"],
            "sensitivity": ["public", "internal", "confidential"],
        }
    ]
    assert told["cells"][1]["after"]["ways"][0]["model"] is None
    assert [change["security"] for change in told["changes"]] == [True, True, False]


def test_what_cannot_be_compared_is_told_and_no_traceback(folders: tuple[str, str], tmp_path: Path) -> None:
    missing = run("nowhere", folders[0])
    assert (missing.exit_code, missing.exception.__class__) == (2, SystemExit)
    assert "there is no folder nowhere" in missing.stderr
    (tmp_path / "old" / "routes.yaml").write_text("routes: [{name: rest, model: smal}]\n")
    broken = run(*folders)
    assert broken.exit_code == 2
    assert "routes.yaml:1:30: there is no model smal; did you mean small?" in broken.stderr
