from __future__ import annotations

import pytest

from gateway.policy.grammar import faults_of, parsed, reads_of, strangers

BASES = frozenset({"handbook"})


@pytest.mark.parametrize(
    ("text", "column", "message", "proposal"),
    [
        ("task == codign", 9, "codign is not a label of task", "did you mean coding?"),
        (
            "freshness == confidential",
            11,
            "freshness is compared with a label of sensitivity",
            "static, slow",
        ),
        ("sensitivity >= live", 13, "sensitivity is compared with a label of freshness", "public, internal"),
        ("task in [coding, live]", 9, "a list holds things of one kind", ""),
        ("[task, freshness] == [live, coding]", 1, "a list holds things of one kind", ""),
        ("task < coding", 6, "task has no order", "use ==, != or in"),
        ("task == 'coding'", 6, "task is compared with a text", "labels stand without quotes"),
        ("sensitivity >= 2", 13, "sensitivity is compared with a whole number", "public, internal"),
        ("language == 'english'", 13, '"english" is not a known language', 'did you mean "en"?'),
        ("language in ['en', 'Germn']", 20, '"Germn" is not a known language', 'did you mean "de"?'),
        ('"credntial" in findings', 1, '"credntial" is not a known finding', 'did you mean "credential"?'),
        ("findings.exists(f, f == 'emial')", 25, '"emial" is not a known finding', '"email"'),
        ("['email', 'emial'].exists(x, x in findings)", 11, '"emial" is not a known finding', '"email"'),
        ("findings == ['emial']", 14, '"emial" is not a known finding', '"email"'),
        ("'visoin' in needs", 1, '"visoin" is not a known need', '"vision"'),
        ("knowledge.handbok >= 0.5", 10, "there is no knowledge base handbok", "did you mean handbook?"),
        ("knowledge['handbok'] > 0.5", 10, "there is no knowledge base handbok", "did you mean handbook?"),
        ("caller == 3", 1, "caller is not a value by itself", "caller.team"),
        ("caller.taem == 'x'", 7, "caller.taem is not a known name", "did you mean caller.team?"),
        ("caller.team == hr", 16, "hr is not a known name", 'text stands in quotes: "hr"'),
        ("request.headers['X-Team'] == 'a'", 16, "names of headers are in small letters", "write x-team"),
        ("request.headers.size() > 1", 8, "name the header", "x-team"),
        ("caller.team.matches('(')", 21, "not a regular expression", "RE2"),
        ("credential", 1, "credential is a finding, not a value", 'write "credential" in findings'),
        ("task", 1, "a condition is true or false", "compare it"),
        ("task ==", 8, "the condition ends too early", ""),
        ("task == coding &&& true", 16, "&&& is no sign of a condition", "write &&"),
        ("task = x", 6, "= is no sign of a condition", "write =="),
        ("task == coding and true", 16, "and is no sign of a condition", "write &&"),
        ("task == coding OR true", 16, "OR is no sign of a condition", "write ||"),
        ("'a and b' == language and true", 23, "and is no sign", "write &&"),
        ("true && (not task == coding)", 10, "not is no sign of a condition", "write !"),
        ("task <> coding", 6, "<> is no sign of a condition", "write !="),
        ("task == coding; true", 15, "Syntax error", "grammar"),
        (
            "sensitivity == secret",
            16,
            "secret is not a label of sensitivity",
            "public, internal, confidential, restricted",
        ),
        ("freshness in [live, statik]", 21, "statik is not a label of freshness", "did you mean static?"),
        ("secret < caller.label", 1, "secret is not a label of sensitivity", "public, internal"),
        ("knowledge.handbook >= 60", 23, "scores are from 0 to 1, and this is 60", "write 0.6"),
        ("injection > 1.5", 13, "scores are from 0 to 1, and this is 1.5", ""),
        ("knowledge['handbook'] < -1", 25, "scores are from 0 to 1", ""),
        ("knowledge.handbook == 1", 20, "== does not take number and whole number", "such as 1.0"),
        ("{'a': task}.a == coding", 1, "a map has no place in a condition", ""),
        ("dyn(task) == 'coding'", 4, "dyn is not a known name", ""),
    ],
)
def test_a_fault_is_told_with_its_column_and_what_would_be_right(
    text: str, column: int, message: str, proposal: str
) -> None:
    fault = faults_of(text, BASES)[0]
    assert (fault.line, fault.column) == (1, column)
    assert message in fault.message
    assert proposal in fault.proposal


def test_every_fault_of_a_condition_is_told_each_on_its_line() -> None:
    faults = faults_of("task == codign &&\n  'emial' in findings &&\n  langauge == 'en'", BASES)
    assert sorted((fault.line, fault.column) for fault in faults) == [(1, 9), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "task == coding",
        "task in [coding, translation] && sensitivity > caller.clearance",
        '"credential" in findings || findings.exists(f, f in ["email", "contact"])',
        "knowledge.handbook >= 0.5 && (task == tool_action || freshness == live)",
        'request.metadata.plan == "gold" && has(request.metadata.plan)',
        '"vision" in needs && "tools" in request.needs',
        'caller.team.matches("^h[rx]$") && request.headers["x-team"].startswith("a") == true',
        "input_tokens > 1000 && difficulty < 0.5 && injection < 1",
        'language != "en" && request.model == "auto" && !request.stream && !caller.admin',
    ],
)
def test_a_right_condition_has_no_fault(text: str) -> None:
    assert faults_of(text.replace("startswith", "startsWith"), BASES) == ()


def test_reads_are_variables_and_the_entries_of_maps() -> None:
    assert reads_of(parsed('task == coding && "x-a" in request.headers')) == {"task", "request.headers.x-a"}
    assert reads_of(parsed("findings.exists(f, f == 'email')")) == {"findings"}


def test_a_condition_that_is_nested_too_deep_is_told_at_its_beginning() -> None:
    for text in ("(" * 40 + "true" + ")" * 40, "(request.stream || " * 30 + "true" + ") && true" * 30):
        faults = faults_of(text, frozenset())
        assert {(f.line, f.column, f.message) for f in faults} == {(1, 1, "the condition is nested too deep")}


TEAMS = {"caller.team": ("team", frozenset({"web", "claims"}))}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("caller.team == 'wbe'", [16]),
        ("'wbe' != caller.team && caller.team == 'web'", [1]),
        ("caller.team in ['web', 'clams', 'it']", [24, 33]),
        ("['web', 'it'].exists(team, team == caller.team)", [9]),
        ("caller.team == 'web' || caller.name == 'wbe' || caller.team.startsWith('wbe')", []),
    ],
)
def test_a_text_that_is_the_team_of_nobody_is_told_at_its_place(text: str, columns: list[int]) -> None:
    assert [fault.column for fault in strangers(text, TEAMS)] == columns


def test_what_a_team_is_called_is_proposed() -> None:
    (fault,) = strangers("caller.team == 'wbe'", TEAMS)
    assert (fault.message, fault.proposal) == ('"wbe" is not the team of any caller', 'did you mean "web"?')


@pytest.mark.parametrize("text", ["task = x", "task in [categorization, extractoin]", "task == a\n&& b ="])
def test_what_follows_from_a_fault_is_not_told_as_another(text: str) -> None:
    assert len(faults_of(text, BASES)) == 1
