from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import main
from tests.policies import KNOWLEDGE, write

DOUBTFUL = "routes:\n- {name: code, when: task == coding, model: small}\n- {name: rest, model: house}\n"


def run(*given: object) -> Result:
    return CliRunner().invoke(main, ["policy", "check", *map(str, given)], env={"COLUMNS": "80"})


def test_what_is_wrong_stands_at_its_place_where_an_editor_finds_it(tmp_path: Path) -> None:
    done = run(write(tmp_path, routes="routes: [{name: rest, model: smal}]\n"))
    assert done.exit_code == 1
    first, last = done.stdout.splitlines()
    assert first == f"{tmp_path}/routes.yaml:1:30: error: there is no model smal; did you mean small?"
    assert last == f"1 mistake in {tmp_path}"


def test_a_warning_fails_only_where_they_count(tmp_path: Path) -> None:
    folder = write(tmp_path, routes=DOUBTFUL)
    done = run(folder)
    assert done.exit_code == 0
    assert (
        f"{folder}/routes.yaml:2:10: warning: route code takes confidential, restricted requests"
        in done.stdout
    )
    assert done.stdout.splitlines()[-1].endswith("; 1 warning")
    assert run(folder, "--strict").exit_code == 1


def test_text_of_the_policy_is_not_taken_for_colour(tmp_path: Path) -> None:
    done = run(write(tmp_path, routes="routes: [{name: rest, model: '[red]x'}]\n"))
    assert "there is no model [red]x" in done.stdout


def test_files_are_checked_by_their_folders_once_each(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        write(folder)
    done = run(one / "routes.yaml", one / "models.yaml", two)
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [str(one), str(two)]


def test_what_is_no_policy_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("")
    for path in (tmp_path / "README.md", tmp_path / "nowhere"):
        assert run(path).exit_code == 2


def test_what_a_folder_lacks_is_in_no_file(tmp_path: Path) -> None:
    assert run(tmp_path).stdout.startswith(f"{tmp_path}: error: no file says models")


@pytest.mark.parametrize(("strict", "right"), [((), True), (("--strict",), False)])
def test_as_json_mistakes_warnings_and_doubts_are_told_apart(
    tmp_path: Path, strict: tuple[str, ...], right: bool
) -> None:
    models = "models: [{name: small, target: xai/s, api_key: abc}, {name: house, target: xai/h, clearance: restricted}]\n"  # noqa: E501
    folder = write(tmp_path, models=models, routes=DOUBTFUL)
    (told,) = json.loads(run(folder, "--json", *strict).stdout)["folders"]
    assert (told["folder"], told["right"], told["mistakes"]) == (str(folder), right, [])
    assert [one["doubt"] for one in told["doubts"]] == ["gap"]
    assert told["doubts"][0]["line"] == 2
    assert all(one["file"] == "models.yaml" for one in told["warnings"])
    broken = run(write(tmp_path, routes="routes: []\n"), "--json")
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["folders"][0]["mistakes"]


def test_documents_that_are_not_there_are_told_of_the_root_that_is_named(tmp_path: Path) -> None:
    folder, root = tmp_path / "policy", tmp_path / "documents"
    folder.mkdir()
    (root / "handbook").mkdir(parents=True)
    (root / "handbook" / "hours.md").write_text("Open from nine to five.")
    write(folder, k=KNOWLEDGE)
    done = run(folder, "--strict")
    assert done.exit_code == 1
    assert f"{folder}/k.yaml:1:41: warning: 'handbook/*.md' names no document" in done.stdout
    assert run(folder, "--strict", "--knowledge-root", root).exit_code == 0


def test_a_request_of_a_case_that_nobody_could_read_is_told_at_its_place(tmp_path: Path) -> None:
    (write(tmp_path) / "a.cases.yaml").write_text(
        "cases:\n- {messages: [{role: usr, content: Hi}], expect: {route: rest}}\n"
    )
    done = run(tmp_path)
    assert done.exit_code == 1
    assert f"{tmp_path}/a.cases.yaml:2:22: error: 'messages[0].role' must be one of" in done.stdout
