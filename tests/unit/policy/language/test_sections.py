from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.language.callers import CallerFields
from gateway.policy.language.definitions import Fields
from gateway.policy.language.document import Reading, compose
from gateway.policy.language.guards import GuardFields
from gateway.policy.language.models import ModelFields
from gateway.policy.language.routes import RetrieveFields, RouteFields, ToolLoopFields
from gateway.policy.language.sections import MANY, PolicyFields, entries, one_file_each
from gateway.policy.language.sources import KnowledgeFields, ServerFields, ToolsFields
from gateway.policy.schema import Responses
from gateway.types import Label
from tests.policies import only_mistake

PAGE = (Path(__file__).parents[4] / "policies" / "README.md").read_text()


def read(found: Reading, **sources: str) -> list[PolicyFields]:
    roots = (compose(f"{name}.yaml", source.encode(), found) for name, source in sources.items())
    return [PolicyFields(root, found) for root in roots if root is not None]


def test_the_entries_of_a_section_are_those_of_every_file() -> None:
    found = Reading()
    files = read(found, a="models: [a, b]\n", b="tools: [x]\n", c="models: [c]\n")
    one_file_each(files, found)
    assert [entry.scalar for entry in entries(files, PolicyFields.models, found)] == ["a", "b", "c"]
    assert found.mistakes == []


def test_every_other_key_stands_in_one_file() -> None:
    found = Reading()
    one_file_each(
        read(found, a="disclose: true\n", b="disclose: true\nroutes: []\n", c="routes: []\n"), found
    )
    assert [str(mistake) for mistake in found.mistakes] == [
        "b.yaml:1:11: disclose is given already, in a.yaml; keep it in one file",
        "c.yaml:1:9: routes is given already, in b.yaml; keep it in one file",
    ]


def test_a_section_that_is_no_list_is_a_mistake() -> None:
    found = Reading()
    assert entries(read(found, a="models: {a: b}\n"), PolicyFields.models, found) == []
    assert [mistake.message for mistake in found.mistakes] == ["a list is wanted here, not a mapping"]


def test_the_sections_of_several_files_are_known_keys() -> None:
    assert set(MANY) < set(PolicyFields.keys)


@pytest.mark.parametrize(
    "fields",
    [
        PolicyFields,
        ModelFields,
        KnowledgeFields,
        ToolsFields,
        ServerFields,
        CallerFields,
        GuardFields,
        RouteFields,
        RetrieveFields,
        ToolLoopFields,
    ],
)
def test_the_page_of_the_language_names_every_key(fields: type[Fields]) -> None:
    assert [key for key in fields.keys if key not in PAGE] == []


def test_cases_in_a_file_of_the_policy_are_told_where_they_belong(tmp_path: Path) -> None:
    assert only_mistake(tmp_path, **{"ins.case": "cases: [{say: Hi, expect: {route: rest}}]\n"}) == (
        "ins.case.yaml:1:1: cases stand in files of their own; name the file ins.cases.yaml"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unreadable: public\n", Responses(Label.RESTRICTED, 24 * 3600.0)),
        ("responses: {up_to: internal}\n", Responses(Label.INTERNAL, 24 * 3600.0)),
        ("responses: {keep: 5m}\n", Responses(Label.RESTRICTED, 300.0)),
    ],
)
def test_which_responses_are_kept(text: str, expected: Responses) -> None:
    found = Reading()
    (fields,) = read(found, a=text)
    assert fields.responses == expected
    assert found.mistakes == []
