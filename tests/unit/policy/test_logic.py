from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy.conditions import checked
from gateway.policy.evaluate import Facts, activate, observed
from gateway.policy.logic import ANY, Given, Joined, Leaf, Logic, Not, applies, holds, written
from gateway.policy.schema import Policy
from tests.conditions import CONDITIONS, FACTS

CODING = Given({"task": "coding", "sensitivity": 1}, frozenset({"freshness", "difficulty"}))


def logic(text: str) -> Logic:
    made = checked(text, ["handbook"]).logic
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("task == coding && caller.admin", "(task == coding) && (caller.admin)"),
        ("true || task == coding && false", "(true) || ((task == coding) && (false))"),
        ("!(caller.admin || request.stream)", "!((caller.admin) || (request.stream))"),
        ("!caller.admin && !request.stream", "(!caller.admin) && (!request.stream)"),
        ("((task == coding)) && (caller.admin)", "(task == coding) && (caller.admin)"),
        ("caller.name == 'a && b' || true", "(caller.name == 'a && b') || (true)"),
        ("caller.name == \"|| ')\" || true", "(caller.name == \"|| ')\") || (true)"),
        ("caller.admin // so && so\n || request.stream", "(caller.admin) || (request.stream)"),
        ("caller.name == r'a\\d' && caller.admin", "(caller.name == r'a\\d') && (caller.admin)"),
        ("caller.name == '\\'&&' && caller.admin", "(caller.name == '\\'&&') && (caller.admin)"),
        ("caller.name == '''a' &&'b''' && caller.admin", "(caller.name == '''a' &&'b''') && (caller.admin)"),
    ],
)  # fmt: skip
def test_a_condition_is_cut_at_its_connectives_and_nowhere_in_a_text_or_a_bracket(
    text: str, parts: str
) -> None:
    assert written(logic(text)) == parts


@pytest.mark.parametrize(
    "text",
    [
        "caller.admin ? task == coding || request.stream : true",
        "findings.exists(f, f == 'email' || f == 'phone')",
        "(caller.admin || request.stream) == true",
        "!caller.admin == request.stream",
    ],
)
def test_what_cannot_be_cut_is_one_part(text: str) -> None:
    assert isinstance(logic(text), Leaf)


def test_a_condition_as_deep_as_may_be_is_read_all_the_same() -> None:
    text = "caller.admin"
    for _ in range(14):
        text = f"(request.stream || {text}) && true"
    assert logic(text).possible(CODING) == ANY


def test_what_a_part_can_come_to_follows_from_what_is_known() -> None:
    assert logic("task == coding").possible(CODING) == {True}
    assert logic("task == coding && freshness == live").possible(CODING) == {None}
    assert logic("caller.admin").possible(CODING) == ANY
    assert logic("task == translation && caller.admin").possible(CODING) == {False}
    assert logic("task == translation || caller.admin").possible(CODING) == ANY
    assert logic("freshness == live && caller.admin").possible(CODING) == {False, None}
    assert logic("!(freshness == live && caller.admin)").possible(CODING) == {True, None}
    assert logic("difficulty > 0.5").possible(CODING) == {None}
    assert logic("sensitivity > caller.clearance || sensitivity >= internal").possible(CODING) == {True}


def test_what_is_left_of_a_condition_is_what_still_counts_in_the_words_of_its_author() -> None:
    assert (
        logic('task == coding && caller.team == "hr"').residue(CODING, guard=False) == 'caller.team == "hr"'
    )
    left = logic(
        "task == coding && (task == translation || caller.admin || request.stream) && input_tokens > 3"
    )
    assert left.residue(CODING, guard=False) == "(caller.admin || request.stream) && input_tokens > 3"
    assert logic("task == coding || caller.admin").residue(CODING, guard=False) == ""
    assert (
        logic("task == coding && !(task == coding && caller.admin)").residue(CODING, False) == "!caller.admin"
    )


def test_of_a_guard_that_acts_where_it_is_unknown_only_what_can_be_false_is_left() -> None:
    unsure = Given({"sensitivity": 2}, frozenset({"task", "freshness"}))
    text = 'task != coding && caller.team != "hr"'
    assert logic(text).residue(unsure, guard=True) == 'caller.team != "hr"'
    assert not applies(logic(text).possible(unsure), guard=False)
    assert applies(logic(text).possible(unsure), guard=True)
    assert not holds(logic(text).possible(unsure), guard=True)


@settings(max_examples=200, deadline=None)
@given(CONDITIONS, FACTS, st.sets(st.sampled_from(["task", "freshness", "sensitivity", "caller.team"])))
def test_the_parts_make_the_whole_and_no_outcome_is_missing_from_those_that_are_possible(
    text: str, seen: Facts, known: set[str]
) -> None:
    outcome = evaluated(text, seen)
    assert recombined(logic(text), seen) is outcome
    values = observed(seen, known)
    unknown = frozenset(name for name in known if name not in values) | {"difficulty"}
    assert outcome in logic(text).possible(Given(values, unknown))


def evaluated(text: str, seen: Facts) -> bool | None:
    return checked(text, ["handbook"]).evaluate(activate(Policy("random", {}, ()), seen))


def recombined(made: Logic, seen: Facts) -> bool | None:
    if isinstance(made, Leaf):
        return evaluated(made.text, seen)
    if isinstance(made, Not):
        below = recombined(made.part, seen)
        return None if below is None else not below
    parts = [recombined(part, seen) for part in made.parts]
    if (not made.every) in parts:
        return not made.every
    return None if None in parts else made.every


def test_the_logic_is_made_of_parts_joined_and_negated() -> None:
    made = logic("!(task == coding) && (caller.admin || request.stream)")
    assert isinstance(made, Joined)
    assert made.every
    assert isinstance(made.parts[0], Not)
    assert isinstance(made.parts[1], Joined)
    assert not made.parts[1].every
