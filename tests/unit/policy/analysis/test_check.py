from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.analysis.check import check, folders_of
from tests.policies import MODELS, write


def test_a_right_folder_is_told_with_what_it_holds(tmp_path: Path) -> None:
    checked = check(write(tmp_path), {})
    assert checked.right(strict=True)
    assert checked.holds == "4 models, 1 route"
    assert len(checked.revision) == 12
    assert (checked.mistakes, checked.warnings, checked.notes, checked.found) == ((), (), (), ())


def test_every_mistake_is_told_and_nothing_else(tmp_path: Path) -> None:
    checked = check(write(tmp_path, routes="routes: [{name: rest, model: smal}, {name: a}]\n"), {})
    assert not checked.right()
    assert "routes.yaml:1:30: there is no model smal; did you mean small?" in map(str, checked.mistakes)
    assert (checked.warnings, checked.revision) == ((), "")


def test_a_folder_with_warnings_is_right_unless_they_count(tmp_path: Path) -> None:
    routes = "routes:\n- {name: code, when: task == coding, model: small}\n- {name: rest, model: house}\n"
    checked = check(write(tmp_path, routes=routes), {})
    assert len(checked.warnings) == 1
    assert checked.right()
    assert not checked.right(strict=True)


def test_warnings_of_reading_and_models_out_of_service_are_told(tmp_path: Path) -> None:
    models = MODELS + "  - {name: gpt, target: openai/x, api_key: '${OPENAI_API_KEY}', if_available: true}\n"
    routes = "routes: [{name: rest, model: [small, house], when: 'true'}, {name: r, model: house}]\n"
    checked = check(write(tmp_path, models=models, routes=routes), {})
    assert checked.out_of_service == ("model gpt is out of service: OPENAI_API_KEY is not set",)
    assert [one.message.partition(":")[0] for one in checked.warnings] == ["route r is never chosen"]
    assert check(tmp_path, {}, assume_secrets=True).out_of_service == ()


def test_folders_are_those_named_and_those_that_hold_the_files_named(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (one / "notes.md").write_text("")
    given = [one / "routes.yaml", two, one / "models.yaml", one / "a.cases.yaml"]
    assert folders_of(given) == (one, two)
    with pytest.raises(ValueError, match="is a file, and none of a policy"):
        folders_of([one / "notes.md"])
    for missing in (tmp_path / "none", tmp_path / "none" / "routes.yaml"):
        with pytest.raises(ValueError, match=r"there is no folder .*none;"):
            folders_of([missing])


def test_a_wrong_name_in_a_case_is_a_mistake_of_the_folder(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "routes.cases.yaml").write_text("cases: [{say: Hi, expect: {route: rets}}]\n")
    checked = check(tmp_path, {})
    assert [str(one) for one in checked.mistakes] == [
        "routes.cases.yaml:1:35: there is no route rets; did you mean rest?"
    ]
    assert not checked.right()
