"""The shipped policy folders pass their own cases, and need no key for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.commands.policy_test import Report, run
from gateway.policy.analysis.review import review
from gateway.policy.language.load import File, files_of, files_of_cases, load
from gateway.settings import Settings

POLICIES = Path(__file__).parents[2] / "policies"
SHIPPED = {
    "default": (POLICIES, 25),
    "support-desk": (POLICIES / "examples" / "support-desk", 25),
    "hospital": (POLICIES / "examples" / "hospital", 25),
    "software-company": (POLICIES / "examples" / "software-company", 25),
    "reference": (POLICIES / "examples" / "reference", 3),
}
FOLDERS = [folder for folder, _ in SHIPPED.values()]
NAMES = list(SHIPPED)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_folder_passes_its_cases_and_they_reach_every_rule(name: str, tmp_path: Path) -> None:
    folder, least = SHIPPED[name]
    report = run(Settings(folder, tmp_path, folder))
    assert told(report) == []
    assert len(report.results) >= least
    assert report.unreached == ()


def told(report: Report) -> list[str]:
    return [
        f"{result.case.place}: {miss.key}: expected {miss.expected}, came {miss.came}"
        for result in report.failed
        for miss in result.misses
    ]


def test_every_example_is_tested() -> None:
    assert {path for path in (POLICIES / "examples").iterdir() if path.is_dir()} == {
        folder for folder in FOLDERS if folder != POLICIES
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_every_request_that_a_route_lets_in_is_served_by_somebody(folder: Path) -> None:
    assert [str(one) for one in review(load(folder, secrets={}, assume_secrets=True)) if one.warning] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_editor_is_told_the_schema_by_the_first_line_of_each_file(folder: Path) -> None:
    up = "" if folder == POLICIES else "../../"
    for files, schema in ((files_of(folder), "schema.json"), (files_of_cases(folder), "cases.schema.json")):
        assert files
        for file in files:
            assert first_line(file) == f"# yaml-language-server: $schema={up}{schema}"
            assert (folder / up / schema).is_file()


def first_line(file: File) -> str:
    return file.data.decode().partition("\n")[0]


def test_nothing_leaves_the_hospital() -> None:
    policy = load(SHIPPED["hospital"][0], secrets={})
    for model in policy.models.values():
        assert model.provider == "local" or (model.base_url or "").startswith("http://")
        assert ".alder.internal" in (model.base_url or ".alder.internal")
    for source in policy.tools.values():
        assert ".alder.internal/" in (source.url or "")
