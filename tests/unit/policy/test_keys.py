from __future__ import annotations

import pytest

from gateway.policy.conditions import checked
from gateway.policy.keys import Key, Scale, floor_of, key_of
from gateway.policy.logic import Given

CODING = Given({"task": "coding", "sensitivity": 0}, frozenset({"freshness"}))
TEAM = Key("caller.team")
HEADER = Key("request.headers", "x-team")


def needed(text: str) -> tuple[Key, set[str]] | None:
    logic = checked(text, ["handbook"]).logic
    assert logic is not None
    found = key_of(logic, CODING)
    return None if found is None else (found[0], set(found[1]))


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ('caller.team == "hr"', TEAM, {"hr"}),
        ('"hr" == caller.team && input_tokens > 3', TEAM, {"hr"}),
        ('input_tokens > 3 && caller.team in ["hr", "it"]', TEAM, {"hr", "it"}),
        ('caller.team == "hr" || (caller.team == "it" && caller.admin)', TEAM, {"hr", "it"}),
        ('task == translation || caller.team == "hr"', TEAM, {"hr"}),
        ('"email" in findings', Key("findings"), {"email"}),
        ('request.headers["x-team"] == "a"', HEADER, {"a"}),
        ('request.metadata.plan == "gold"', Key("request.metadata", "plan"), {"gold"}),
    ],
)
def test_a_text_that_a_condition_needs_is_found(text: str, key: Key, words: set[str]) -> None:
    assert needed(text) == (key, words)


@pytest.mark.parametrize(
    "text",
    [
        'caller.team != "hr"',
        '!(caller.team == "hr")',
        'caller.team == "hr" || caller.name == "app"',
        'caller.team == "hr" || caller.admin',
        "caller.team == caller.name",
        'caller.team in ["hr", caller.name]',
        'task == coding || caller.team == "hr"',
        '"x-team" in request.headers',
        "knowledge.handbook >= 0.5",
        'caller.team.startsWith("hr")',
        'caller.admin ? caller.team == "hr" : true',
        'findings == ["email"]',
        'size(findings.filter(f, f == "email")) == 1',
    ],
)
def test_a_condition_that_can_be_true_without_any_such_text_needs_none(text: str) -> None:
    assert needed(text) is None


def test_a_keys_texts_are_read_off_the_values() -> None:
    values = {"caller.team": "hr", "findings": ["email", "contact"], "request.headers": {"x-team": "a"}}
    assert list(TEAM.words(values)) == ["hr"]
    assert list(HEADER.words(values)) == ["a"]
    assert list(Key("findings").words(values)) == ["email", "contact"]
    assert [list(key.words({})) for key in (TEAM, HEADER, Key("findings"))] == [[], [], []]
    assert list(HEADER.words({"request.headers": {}})) == []


TOKENS, SCORE = Key("input_tokens"), Key("knowledge", "handbook")


@pytest.mark.parametrize(
    ("text", "scale", "floor"),
    [
        ("input_tokens > 100", Scale(TOKENS, 1), 100.0),
        ("100 <= input_tokens && caller.admin", Scale(TOKENS, 1), 100.0),
        ("input_tokens <= 100", Scale(TOKENS, -1), -100.0),
        ("input_tokens > -3", Scale(TOKENS, 1), -3.0),
        ("knowledge.handbook >= 0.5", Scale(SCORE, 1), 0.5),
        ('knowledge["handbook"] > 0.5', Scale(SCORE, 1), 0.5),
        ("task == translation || input_tokens > 7", Scale(TOKENS, 1), 7.0),
    ],
)
def test_a_number_that_a_condition_needs_is_found(text: str, scale: Scale, floor: float) -> None:
    logic = checked(text, ["handbook"]).logic
    assert logic is not None
    assert floor_of(logic, CODING) == (scale, floor)


@pytest.mark.parametrize(
    "text",
    [
        "input_tokens == 100",
        "input_tokens + 1 > 100",
        "!(input_tokens > 100)",
        "input_tokens > 100 || caller.admin",
        "input_tokens > 2 || input_tokens < 1",
        "freshness > slow",
        "sensitivity >= internal",
        "size(findings) > 1",
        "'a' > 'b'",
    ],
)
def test_a_condition_that_can_be_true_at_any_height_has_no_floor(text: str) -> None:
    logic = checked(text, ["handbook"]).logic
    assert logic is not None
    assert floor_of(logic, CODING) is None


def test_a_height_is_read_off_the_values() -> None:
    values = {"input_tokens": 7, "knowledge": {"handbook": 0.5}}
    assert [Scale(key, -1).height(values) for key in (TOKENS, SCORE)] == [-7, -0.5]
    assert [Scale(key, 1).height({"knowledge": {}}) for key in (TOKENS, SCORE)] == [None, None]
