from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy.analysis.matrix import CellWays, Fate, Masking, Way, matrix_of, ways_at
from gateway.policy.analysis.space import Point, points
from gateway.policy.evaluate import Facts, decide
from gateway.policy.schema import Policy
from gateway.types import Caller, Freshness, Label, Task
from tests.conditions import CONDITIONS, FACTS, policy_of
from tests.policies import loaded

ROUTES = """\
routes:
  - {name: hr, when: 'caller.team == "hr"', model: small}
  - {name: code, when: task == coding && freshness >= recent, model: {small: 5, house: 95}}
  - {name: long, when: task == coding && input_tokens > 1000, model: house}
  - {name: rest, model: [small, house]}
"""
GUARDS = """\
guards:
  - {name: stop, when: 'sensitivity == restricted && caller.team != "hr"', block: No.}
  - {name: hide, when: sensitivity == confidential && task != translation, mask: [email], lowers_to: internal}
"""


def cell(
    policy: Policy,
    task: Task | None,
    label: Label = Label.PUBLIC,
    freshness: Freshness | None = Freshness.STATIC,
    caller: Caller | None = None,
) -> CellWays:
    return ways_at(policy, Point(task, freshness, label), caller)


def test_each_cell_has_its_ways_in_the_order_in_which_they_are_taken(tmp_path: Path) -> None:
    policy = loaded(tmp_path, routes=ROUTES)
    assert [c.point for c in matrix_of(policy).cells] == list(points())
    assert cell(policy, Task.CODING) in matrix_of(policy).cells
    assert cell(policy, Task.CODING).routes == (
        Way(Fate.SERVED, "hr", 'caller.team == "hr"', Label.PUBLIC, ("small",)),
        Way(Fate.SERVED, "long", "input_tokens > 1000", Label.PUBLIC, ("house",)),
        Way(Fate.SERVED, "rest", "", Label.PUBLIC, ("small", "house")),
    )
    assert [way.rule for way in cell(policy, Task.CODING, freshness=Freshness.LIVE).routes] == ["hr", "code"]
    assert [way.rule for way in cell(policy, Task.CODING, freshness=None).routes] == ["hr", "long", "rest"]
    assert [way.rule for way in cell(policy, None).routes] == ["hr", "rest"]


def test_a_canarys_models_come_heaviest_first(tmp_path: Path) -> None:
    policy = loaded(tmp_path, routes=ROUTES)
    assert cell(policy, Task.CODING, freshness=Freshness.LIVE).routes[1].models == ("house", "small")


def test_where_no_model_is_cleared_there_is_a_gap(tmp_path: Path) -> None:
    hr, rest = cell(loaded(tmp_path, routes=ROUTES), Task.CHIT_CHAT, Label.CONFIDENTIAL).routes
    assert (hr.fate, hr.models) == (Fate.GAP, ())
    assert (rest.fate, rest.models) == (Fate.SERVED, ("house",))


def test_a_guard_that_may_block_is_a_way_and_one_that_surely_does_the_only_one(tmp_path: Path) -> None:
    policy = loaded(tmp_path, routes=ROUTES, guards=GUARDS)
    blocked = cell(policy, Task.CHIT_CHAT, Label.RESTRICTED)
    assert blocked.blocks == (Way(Fate.BLOCKED, "stop", 'caller.team != "hr"', Label.RESTRICTED),)
    assert not blocked.certain
    it = cell(policy, Task.CHIT_CHAT, Label.RESTRICTED, caller=Caller("app", team="it"))
    assert (it.ways, it.certain) == ((Way(Fate.BLOCKED, "stop", "", Label.RESTRICTED),), True)


def test_masking_leaves_the_label_at_worst_and_lowers_it_at_best(tmp_path: Path) -> None:
    policy = loaded(tmp_path, routes=ROUTES, guards=GUARDS)
    masked = cell(policy, Task.CHIT_CHAT, Label.CONFIDENTIAL)
    assert masked.masks == (Masking("hide", "", Label.INTERNAL, False),)
    assert [(way.rule, way.label, way.fate, way.unmasked) for way in masked.routes] == [
        ("hr", Label.CONFIDENTIAL, Fate.GAP, True),
        ("rest", Label.CONFIDENTIAL, Fate.SERVED, True),
        ("hr", Label.INTERNAL, Fate.SERVED, False),
        ("rest", Label.INTERNAL, Fate.SERVED, False),
    ]
    assert cell(policy, Task.TRANSLATION, Label.CONFIDENTIAL).masks == ()
    assert cell(policy, None, Label.CONFIDENTIAL).masks == masked.masks  # unknown, so it acts


def test_with_a_caller_its_fields_are_known_and_labels_below_its_own_do_not_occur(tmp_path: Path) -> None:
    matrix = matrix_of(loaded(tmp_path, routes=ROUTES), Caller("app", team="hr", label=Label.INTERNAL))
    assert matrix.caller == "app"
    assert {cell.point.label for cell in matrix.cells} == {
        Label.INTERNAL,
        Label.CONFIDENTIAL,
        Label.RESTRICTED,
    }
    assert all([way.rule for way in cell.ways] == ["hr"] and cell.certain for cell in matrix.cells)
    unknown = matrix_of(loaded(tmp_path, routes=ROUTES), Caller("other"))
    assert not any(way.rule == "hr" for cell in unknown.cells for way in cell.ways)


def test_a_route_whose_every_request_an_earlier_one_takes_is_no_way(tmp_path: Path) -> None:
    routes = (
        "routes:\n- {name: hr, when: 'caller.team == \"hr\"', model: house}\n"
        "- {name: late, when: 'caller.team == \"hr\" && input_tokens > 9', model: house}\n"
        "- {name: rest, model: house}\n"
    )
    assert [way.rule for way in cell(loaded(tmp_path, routes=routes), None).routes] == ["hr", "rest"]


def test_a_route_whose_every_request_a_guard_blocks_or_never_masks_is_no_way_there(tmp_path: Path) -> None:
    guards = (
        "guards:\n- {name: stop, when: 'caller.team == \"it\"', block: No.}\n"
        "- {name: hide, when: 'caller.team != \"hr\"', mask: [email], lowers_to: public}\n"
    )
    routes = (
        "routes:\n- {name: it, when: 'caller.team == \"it\"', model: house}\n"
        "- {name: hr, when: 'caller.team == \"hr\"', model: small}\n- {name: rest, model: house}\n"
    )
    confidential = cell(loaded(tmp_path, routes=routes, guards=guards), None, Label.CONFIDENTIAL)
    ways = [(way.rule, way.label, way.unmasked) for way in confidential.routes]
    assert ("hr", Label.CONFIDENTIAL, False) in ways
    assert ("hr", Label.PUBLIC, False) not in ways
    assert ("rest", Label.CONFIDENTIAL, True) in ways
    assert not any(rule == "it" for rule, _, _ in ways)


def test_a_guard_that_stays_unknown_where_a_route_matches_blocks_all_of_it(tmp_path: Path) -> None:
    guards = "guards: [{name: stop, when: 'freshness == live && caller.team == \"hr\"', block: No.}]\n"
    policy = loaded(tmp_path, routes=ROUTES, guards=guards)
    assert [way.rule for way in cell(policy, None, freshness=None).routes] == ["rest"]
    assert [way.rule for way in cell(policy, None).routes] == ["hr", "rest"]


def test_what_a_route_says_of_the_label_after_masking_is_not_taken_for_the_label_before(
    tmp_path: Path,
) -> None:
    guards = (
        "guards:\n- {name: stop, when: sensitivity <= caller.clearance, block: No.}\n"
        "- {name: hide, when: sensitivity == restricted, mask: [email], lowers_to: public}\n"
    )
    routes = (
        "routes:\n- {name: low, when: sensitivity <= caller.clearance, model: house}\n"
        "- {name: rest, model: house}\n"
    )
    ways = cell(loaded(tmp_path, routes=routes, guards=guards), None, Label.RESTRICTED).routes
    assert [way.label for way in ways if way.rule == "low"] == [
        Label.CONFIDENTIAL,
        Label.INTERNAL,
        Label.PUBLIC,
    ]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(CONDITIONS, max_size=6),
    st.lists(st.tuples(CONDITIONS, st.booleans()), max_size=3),
    FACTS,
    st.integers(0, 3),
)
def test_whatever_is_decided_is_one_of_the_ways_of_the_cell(
    routes: list[str], guards: list[tuple[str, bool]], seen: Facts, fall: int
) -> None:
    policy = policy_of(routes, guards)
    signals = seen.signals
    task = None if signals.task.unsure else signals.task.best
    freshness = None if signals.freshness.unsure else signals.freshness.best
    plain = decide(policy, seen)
    lowers = [guard.lowers_to for guard in plain.masking if guard.lowers_to is not None]
    masked = min(seen.label, max(*lowers, Label(fall))) if lowers else None
    decision = decide(policy, seen, masked)
    for caller in (None, seen.caller):
        ways = cell(policy, task, seen.label, freshness, caller).ways
        if decision.blocked_by is not None:
            assert decision.blocked_by.name in [way.rule for way in ways if way.fate is Fate.BLOCKED]
        else:
            assert decision.route is not None
            models = tuple(model.name for model in decision.candidates)
            assert (decision.route.name, decision.label, models) in [
                (way.rule, way.label, way.models) for way in ways
            ]
