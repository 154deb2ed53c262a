from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import main
from tests.policies import write

GOOD = "{say: Write a Python function that sorts a list, expect: {task: coding, route: rest}}"
BAD = "{say: Write a Python function that sorts a list, name: bad, expect: {model: tagger, task: coding}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy").mkdir()
    return write(tmp_path / "policy")


def outcome(folder: Path, *options: str, cases: tuple[str, ...] = (GOOD,)) -> Result:
    (folder / "routes.cases.yaml").write_text("cases:\n" + "".join(f"  - {case}\n" for case in cases))
    data = str(folder.parent / "data")
    command = ["policy", "test", str(folder), "--data-dir", data, *options]
    return CliRunner().invoke(main, command, env={"COLUMNS": "80"})


def test_all_cases_that_pass_are_one_line_and_code_0(folder: Path) -> None:
    result = outcome(folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("1 passed in ")
    assert "no case reaches" not in result.stdout
    assert "revision" in result.stdout


def test_a_case_that_fails_is_shown_with_its_reason_and_code_1(folder: Path) -> None:
    result = outcome(folder, cases=(GOOD, BAD))
    assert result.exit_code == 1
    assert (
        f"FAILED {folder}/routes.cases.yaml:3  bad\n  model: expected tagger, came small\n" in result.stdout
    )
    assert "\n    route rest takes the rest\n" in result.stdout
    assert "1 failed, 1 passed in " in result.stdout
    assert "\x1b" not in result.stdout


def test_cases_can_be_chosen(folder: Path) -> None:
    result = outcome(folder, "-k", "python", cases=(GOOD, BAD))
    assert result.exit_code == 0
    assert "1 passed, 1 left out" in result.stdout


def test_machines_get_json(folder: Path) -> None:
    result = outcome(folder, "--json", cases=(GOOD, BAD))
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)["folders"]
    assert [case["passed"] for case in told["cases"]] == [True, False]


def test_ci_gets_junit(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    assert outcome(folder, "--junit", str(file), cases=(GOOD, BAD)).exit_code == 1
    (suite,) = Xml.parse(file).getroot()  # noqa: S314
    assert suite.get("failures") == "1"


def test_files_stand_for_their_folder_and_several_folders_are_tested(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = write(tmp_path / "other")
    (other / "a.cases.yaml").write_text(f"cases: [{BAD}]\n")
    result = outcome(folder, str(folder / "routes.yaml"), str(other / "a.cases.yaml"), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)["folders"]
    assert [(one["folder"], one["passed"], one["failed"]) for one in told] == [
        (str(folder), 1, 0),
        (str(other), 0, 1),
    ]


def test_what_a_folder_lacks_is_in_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(main, ["policy", "test", str(tmp_path / "empty")])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path}/empty: no file says models")


@pytest.mark.parametrize(
    ("cases", "options", "said"),
    [
        (("{say: Hi, expect: {route: rets}}",), (), "routes.cases.yaml:2:31: there is no route rets"),
        ((GOOD,), ("-k", "no such case"), "none of the 1 cases"),
        ((GOOD,), ("--junit", "/no/such/folder/x.xml"), "cannot be written"),
    ],
)
def test_what_cannot_be_tested_is_code_2_and_no_traceback(
    folder: Path, cases: tuple[str, ...], options: tuple[str, ...], said: str
) -> None:
    result = outcome(folder, *options, cases=cases)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
