from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.commands.policy_test import Report, Result, run
from gateway.policy.mistakes import PolicyMistakes
from gateway.settings import Settings
from tests.policies import KNOWLEDGE, write

ROUTES = """\
guards:
  - {name: no-credentials, when: '"credential" in findings', block: No.}
  - {name: hide, when: sensitivity == confidential, mask: [email, phone], lowers_to: internal}
callers:
  - {name: app, key_sha256: %s, may_use: [auto], label: internal}
routes:
  - {name: facts, when: task == knowledge_lookup, retrieve: {from: handbook}, model: [small, house]}
  - {name: code, when: task == coding, model: house}
  - {name: rest, model: [small, house]}
""" % ("ab" * 32)


def folder_with(tmp_path: Path, *cases: str, **files: str) -> Path:
    folder = tmp_path / "policy"
    (folder / "handbook").mkdir(parents=True)
    (folder / "handbook" / "returns.md").write_text(
        "# Returns\n\nCustomers have 30 days to send goods back, counted from the day of delivery.\n"
    )
    write(folder, **{"routes": ROUTES, "knowledge": KNOWLEDGE.replace(", embed_with: embed", ""), **files})
    (folder / "routes.cases.yaml").write_text("cases:\n" + "".join(f"  - {case}\n" for case in cases))
    return folder


def report(tmp_path: Path, *cases: str, wanted: str = "", **files: str) -> Report:
    folder = folder_with(tmp_path, *cases, **files)
    return run(Settings(folder, tmp_path / "data", folder), wanted)


def only(tmp_path: Path, case: str, **files: str) -> Result:
    (result,) = report(tmp_path, case, **files).results
    return result


@pytest.mark.parametrize(
    "case",
    [
        "{say: How many days are there to send goods back?, expect: {route: facts, retrieve: handbook}}",
        "{say: Write a Python function that sorts a list, expect: {task: coding, model: house}}",
        "{say: Good morning!, as: app, expect: {sensitivity: internal, route: rest, reason: default}}",
        "{say: My password is hunter2-Blue!, expect: {blocked_by: no-credentials}}",
        "{say: Good morning!, model: route/code, expect: {route: code, reason: forced}}",
        "{say: Good morning!, as: app, model: house, expect: {error: forbidden}}",
        "{say: Hi, headers: {x-pointsman-sensitivity: secret}, expect: {error: invalid_request}}",
        "{messages: [{role: nobody, content: Hi}], expect: {error: invalid_request}}",
    ],
)
def test_a_case_goes_the_way_of_a_request(tmp_path: Path, case: str) -> None:
    assert only(tmp_path, case).misses == ()


def test_the_label_of_a_case_is_the_one_that_masking_leaves(tmp_path: Path) -> None:
    case = (
        "{say: Translate into German - write to anna@example.org tomorrow,"
        " expect: {sensitivity: internal, masked: [email], findings: [email], model: small}}"
    )
    assert only(tmp_path, case).misses == ()


def test_a_failed_case_says_what_came_and_why(tmp_path: Path) -> None:
    result = only(tmp_path, "{say: Write a Python function that sorts a list, expect: {route: rest}}")
    (miss,) = result.misses
    assert (miss.key, miss.expected, miss.came) == ("route", "rest", "code")
    assert result.why[0].startswith("task coding ")
    assert "found nothing" in result.why
    assert 'guard no-credentials is false: "credential" in findings  (findings = [])' in result.why
    assert "route code is true: task == coding  (task = coding)" in result.why
    assert not any("route rest" in line for line in result.why)


def test_masking_is_part_of_the_reason(tmp_path: Path) -> None:
    case = "{say: Translate into German - write to anna@example.org tomorrow, expect: {route: facts}}"
    assert "masked 1 email: the label is internal" in only(tmp_path, case).why


def test_no_key_has_to_be_there_and_every_model_counts_as_there(tmp_path: Path) -> None:
    models = """\
models:
  - {name: paid, target: openai/gpt-5-mini, api_key: "${OPENAI_API_KEY}"}
  - {name: near, target: openai-compatible/m, base_url: "http://127.0.0.1:9/v1", if_available: true}
  - {name: retired, target: local/smollm2, disabled: true}
"""
    routes = "routes: [{name: rest, model: [retired, near, paid]}]\n"
    case = "{say: Good morning!, expect: {candidates: [near, paid]}}"
    assert only(tmp_path, case, models=models, routes=routes, knowledge="knowledge: []\n").misses == ()


def test_a_pattern_chooses_cases_by_name_or_place(tmp_path: Path) -> None:
    cases = ("{say: Hi, name: Greets, expect: {route: rest}}", "{say: Ho, expect: {route: rest}}")
    assert [r.case.name for r in report(tmp_path / "a", *cases, wanted="greet").results] == ["Greets"]
    assert [r.case.name for r in report(tmp_path / "b", *cases, wanted="cases.yaml:3").results] == ["Ho"]
    assert report(tmp_path / "c", *cases, wanted="greet").left_out == 1
    with pytest.raises(ValueError, match="none of the 2 cases"):
        report(tmp_path / "d", *cases, wanted="nothing of that name")


def test_a_folder_without_cases_is_no_success(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "{}")
    (folder / "routes.cases.yaml").unlink()
    with pytest.raises(ValueError, match="there are no cases in"):
        run(Settings(folder, tmp_path / "data", folder))


def test_documents_that_cannot_be_read_are_no_verdict_on_the_policy(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "{say: Hi, expect: {route: rest}}")
    with pytest.raises(ValueError, match="handbook cannot be read"):
        run(Settings(folder, tmp_path / "data", tmp_path / "absent"))


def test_mistakes_in_the_policy_and_in_cases_have_their_place(tmp_path: Path) -> None:
    with pytest.raises(PolicyMistakes, match=r"routes\.cases\.yaml:2:31: there is no route rets"):
        report(tmp_path / "a", "{say: Hi, expect: {route: rets}}")
    with pytest.raises(PolicyMistakes, match=r"routes\.yaml:1:9"):
        report(tmp_path / "b", "{say: Hi, expect: {route: rest}}", routes="routes: {}\n")


def test_rules_that_no_case_reaches_are_named_where_all_cases_ran(tmp_path: Path) -> None:
    cases = (
        "{say: Write a Python function that sorts a list, expect: {route: code}}",
        "{say: My password is hunter2-Blue!, expect: {blocked_by: no-credentials}}",
    )
    assert report(tmp_path / "a", *cases).unreached == ("guard hide", "route facts", "route rest")
    assert report(tmp_path / "b", *cases, wanted="python").unreached == ()


def test_a_report_is_plain_json(tmp_path: Path) -> None:
    made = report(tmp_path, "{say: Hi there!, expect: {route: code}}", "{say: Hi, expect: {route: rest}}")
    told = json.loads(json.dumps(made.as_dict()))
    assert (told["passed"], told["failed"], told["left_out"]) == (1, 1, 0)
    first = told["cases"][0]
    assert first["misses"] == [{"key": "route", "expected": "code", "came": "rest"}]
    assert (first["file"], first["line"], first["passed"]) == ("routes.cases.yaml", 2, False)
    assert first["came"]["candidates"] == ["small", "house"]


def test_the_indexes_of_the_documents_are_not_for_git(tmp_path: Path) -> None:
    report(tmp_path, "{say: Hi, expect: {route: rest}}")
    assert (tmp_path / "data" / ".gitignore").read_text() == "*\n"
