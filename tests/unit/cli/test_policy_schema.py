from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli import main
from gateway.policy.language.jsonschema import policy_schema
from tests.policies import write


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["policy", "schema", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_without_a_folder_the_schema_names_nothing() -> None:
    code, out, _ = run()
    assert code == 0
    assert json.loads(out) == policy_schema()


def test_with_a_folder_its_names_are_in_the_schema(tmp_path: Path) -> None:
    code, out, _ = run(str(write(tmp_path)))
    assert code == 0
    assert '"house"' in out


def test_the_schema_of_cases_is_another(tmp_path: Path) -> None:
    code, out, _ = run("--cases")
    assert code == 0
    assert list(json.loads(out)["properties"]) == ["cases"]


def test_a_folder_with_mistakes_has_a_schema_all_the_same(tmp_path: Path) -> None:
    code, out, _ = run(str(write(tmp_path, routes="routes: [\n")))
    assert code == 0
    assert '"house"' in out


def test_a_folder_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    code, out, err = run(str(tmp_path / "absent"))
    assert (code, out) == (2, "")
    assert "there is no such folder" in err
