from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.policy.conditions import Cell
from gateway.policy.evaluate import Decision, Facts, activate, decide
from gateway.policy.index import reach
from gateway.policy.schema import Policy
from gateway.types import Caller, Label, Task
from tests.conditions import CONDITIONS, FACTS, policy_of
from tests.facts import credential, facts
from tests.policies import loaded

CODING: Cell = ("coding", 0, 0)
UNSURE: Cell = (None, None, 0)


def routes_in(policy: Policy, cell: Cell) -> list[str]:
    return [entry.rule.name for entry in reach(policy, cell).routes]


def test_a_cell_leaves_out_what_cannot_match_and_ends_at_what_surely_does() -> None:
    policy = policy_of(
        ["task == translation", "caller.admin && task == coding", "task == coding", "caller.admin"]
    )
    assert routes_in(policy, CODING) == ["route-1", "route-2"]
    assert routes_in(policy, ("translation", 0, 0)) == ["route-0"]
    assert routes_in(policy, ("chit_chat", 0, 0)) == ["route-3", "rest"]


def test_a_condition_that_an_unsure_signal_leaves_unknown_for_good_is_left_out() -> None:
    policy = policy_of(
        ["task != coding", 'task == coding && caller.team == "hr"', "freshness == live && difficulty > 0.5"]
    )
    assert routes_in(policy, UNSURE) == ["rest"]


def test_guards_are_left_out_only_where_they_are_surely_false() -> None:
    guards = [
        ("task == coding && caller.admin", True),
        ("freshness == live", False),
        ("task != coding", True),
    ]
    policy = policy_of([], guards)
    assert [e.rule.name for e in reach(policy, UNSURE).guards] == ["guard-0", "guard-1", "guard-2"]
    assert [e.rule.name for e in reach(policy, ("translation", 0, 0)).guards] == ["guard-2"]
    assert [e.rule.name for e in reach(policy, CODING).guards] == ["guard-0"]


def test_nothing_counts_behind_a_guard_that_surely_blocks() -> None:
    policy = policy_of([], [("task == coding", False), ("task == coding", True), ("caller.admin", True)])
    assert [entry.rule.name for entry in reach(policy, CODING).guards] == ["guard-0", "guard-1"]


def test_routes_that_need_a_text_are_looked_at_only_where_it_is_there() -> None:
    policy = policy_of([f'caller.team == "team-{n}"' for n in range(6)] + ["input_tokens > 1000"])
    seen = facts(caller=Caller("app", team="team-3", clearance=Label.RESTRICTED))
    decision = decide(policy, seen)
    assert [verdict.name for verdict in decision.tried] == ["route-3"]
    other = decide(policy, replace(seen, caller=Caller("app", clearance=Label.RESTRICTED)))
    assert [verdict.name for verdict in other.tried] == ["rest"]


def test_a_route_that_is_found_in_two_ways_is_looked_at_once() -> None:
    policy = policy_of(['("email" in findings || "phone" in findings) && caller.team == "hr"'])
    found = (credential(), replace(credential(), entity="email"), replace(credential(), entity="phone"))
    assert [verdict.name for verdict in decide(policy, facts(findings=found)).tried].count("route-0") == 1


def test_routes_that_need_a_number_are_looked_at_only_where_it_is_high_enough() -> None:
    policy = policy_of([f"input_tokens >= {n}" for n in (300, 200, 101, 100, 50)] + ["input_tokens < 100"])
    assert [verdict.name for verdict in decide(policy, facts()).tried] == ["route-3"]


def test_a_policy_that_was_loaded_remembers_each_cell(tmp_path: Path) -> None:
    policy = loaded(tmp_path)
    first = reach(policy, CODING)
    assert reach(policy, CODING) is first
    assert replace(policy, revision="other").reaches == {}


def one_by_one(policy: Policy, seen: Facts, masked: Label | None) -> tuple[object, ...]:
    """What the rules say, each looked at: who blocks, who masks, which route serves."""
    activation = activate(policy, seen)
    acting = [
        guard
        for guard in policy.guards
        if not guard.disabled and guard.when.evaluate(activation) is not False
    ]
    blocks = [guard.name for guard in acting if guard.block is not None]
    if blocks:
        return blocks[0], [], None
    if acting and masked is not None:
        activation = activate(policy, replace(seen, label=masked))
    matching = [
        route.name
        for route in policy.routes
        if not route.disabled and (route.when is None or route.when.evaluate(activation) is True)
    ]
    return None, [guard.name for guard in acting], matching[0]


def said(decision: Decision) -> tuple[object, ...]:
    return (
        decision.blocked_by.name if decision.blocked_by else None,
        [guard.name for guard in decision.masking],
        decision.route.name if decision.route else None,
    )


@settings(max_examples=300, deadline=None)
@given(
    st.lists(CONDITIONS, max_size=10),
    st.lists(st.tuples(CONDITIONS, st.booleans()), max_size=4),
    FACTS,
    st.sampled_from([None, *Label]),
)
@example(['caller.team == "hr"', "true"], [], facts(Task.CODING), None)
def test_the_index_and_every_rule_looked_at_decide_alike(
    routes: list[str], guards: list[tuple[str, bool]], seen: Facts, masked: Label | None
) -> None:
    policy = policy_of(routes, guards)
    assert said(decide(policy, seen, masked)) == one_by_one(policy, seen, masked)
