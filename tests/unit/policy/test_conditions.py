from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy.conditions import Activation, Cell, Condition, Faulty, checked
from gateway.policy.vocabulary import LABELS, Kind

UNSURE: Cell = (None, None, 0)


def outcome(text: str, cell: Cell = UNSURE, values: Mapping[str, object] | None = None) -> bool | None:
    named = dict(zip(("task", "freshness", "sensitivity"), cell, strict=True))
    known = {name: value for name, value in named.items() if value is not None} | dict(values or {})
    return checked(text, ["handbook"]).evaluate(Activation(cell, lambda: known))


def test_a_sure_signal_is_compared_with_its_labels() -> None:
    assert outcome("task == coding", ("coding", None, 0)) is True
    assert outcome("task in [coding, translation]", ("coding", None, 0)) is True
    assert outcome("task == coding", ("chit_chat", None, 0)) is False


def test_ordered_axes_compare_by_their_order() -> None:
    assert outcome("sensitivity >= confidential && freshness < live", ("coding", 1, 3)) is True
    assert outcome("sensitivity >= confidential", ("coding", 1, 1)) is False


def test_not_equal_is_unknown_for_an_unsure_task() -> None:
    assert outcome("task != coding") is None
    assert outcome("!(task == coding)") is None


def test_a_side_that_decides_absorbs_an_unknown_one() -> None:
    hr = {"caller.team": "hr"}
    assert outcome('task == coding || caller.team == "hr"', UNSURE, hr) is True
    assert outcome('caller.team == "hr" || task == coding', UNSURE, hr) is True
    assert outcome('task == coding && caller.team == "it"', UNSURE, hr) is False
    assert outcome('task == coding && caller.team == "hr"', UNSURE, hr) is None


def test_a_field_that_the_request_does_not_have_is_unknown() -> None:
    assert outcome('caller.team != "hr"') is None
    assert outcome('request.metadata.plan == "gold"', values={"request.metadata": {}}) is None
    assert outcome("knowledge.handbook >= 0.5", values={"knowledge": {}}) is None
    assert outcome("knowledge.handbook >= 0.5", values={"knowledge": {"handbook": 0.7}}) is True
    assert outcome("has(request.metadata.plan)", values={"request.metadata": {}}) is False


def test_a_failed_evaluation_is_unknown_and_never_true() -> None:
    assert outcome("input_tokens / 0 == 1", values={"input_tokens": 3}) is None


def test_findings_are_a_set_of_names_and_classes() -> None:
    found: dict[str, object] = {"findings": ["password", "credential"]}
    assert outcome('"credential" in findings', values=found) is True
    assert outcome('findings.exists(f, f == "email")', values=found) is False
    assert outcome('"credential" in findings', values={"findings": []}) is False


def test_what_the_cell_decides_is_worked_out_beforehand_and_asks_for_no_values() -> None:
    def refuse() -> Mapping[str, object]:
        raise AssertionError("nothing but the cell is read")

    condition = checked("task == coding && freshness >= recent")
    assert condition.by_cell
    assert condition.evaluate(Activation(("coding", 3, 0), refuse)) is True
    assert condition.evaluate(Activation(("coding", None, 0), refuse)) is None


def test_the_table_of_a_condition_on_findings_holds_only_while_there_are_none() -> None:
    condition = checked('"credential" in findings || task == coding')
    found = {"findings": ["credential"], "task": "chit_chat"}
    assert not condition.by_cell
    assert condition.evaluate(Activation(("chit_chat", None, 0), dict, frozenset())) is False
    assert condition.evaluate(Activation(("chit_chat", None, 0), lambda: found)) is True


def test_a_condition_is_compared_by_its_text_and_can_be_a_key() -> None:
    assert checked("task == coding") == checked("task == coding")
    assert len({checked("task == coding"), checked("task == coding"), checked("true")}) == 2


def test_a_condition_that_was_not_checked_cannot_be_evaluated() -> None:
    with pytest.raises(TypeError, match="not checked"):
        Condition("task == coding").evaluate(Activation(UNSURE, dict))


def test_a_condition_knows_what_it_reads() -> None:
    condition = checked('knowledge.handbook > 0.5 && request.headers["x-team"] == "a"', ["handbook"])
    assert condition.reads == {"knowledge.handbook", "request.headers.x-team"}
    assert condition.variables == {"knowledge", "request.headers"}


def test_a_condition_of_great_length_is_refused() -> None:
    with pytest.raises(Faulty, match="4096"):
        checked("true || " * 600 + "true")


def test_threads_share_a_condition_each_with_an_activation_of_its_own() -> None:
    condition = checked("input_tokens > 3")

    def right(tokens: int) -> bool:
        values = {"input_tokens": tokens}
        return all(condition.evaluate(Activation(UNSURE, lambda: values)) is (tokens > 3) for _ in range(500))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(right, range(8)))


def test_an_outcome_that_is_remembered_is_that_of_the_same_values() -> None:
    condition = checked('input_tokens > 3 && caller.team == "hr"')
    known = [{"input_tokens": 4, "caller.team": "hr"}, {"input_tokens": 3, "caller.team": "hr"}, {}]

    for _ in range(2):
        outcomes = [condition.evaluate(Activation(UNSURE, lambda values=values: values)) for values in known]  # type: ignore[misc]
        assert outcomes == [True, False, None]


# A condition as a tree: leaves are comparisons with an axis, a team or a number, joined by the connectives.
LEAVES = st.one_of(
    st.sampled_from(["coding", "translation", "chit_chat"]).map(lambda label: ("task", "==", label)),
    st.sampled_from(["static", "slow", "live"]).map(lambda label: ("freshness", ">=", label)),
    st.sampled_from(["internal", "restricted"]).map(lambda label: ("sensitivity", "<", label)),
    st.sampled_from(['"hr"', '"it"']).map(lambda team: ("caller.team", "==", team)),
)
Tree = tuple[object, ...]
TREES: st.SearchStrategy[Tree] = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.tuples(st.just("!"), below), st.tuples(st.sampled_from(["&&", "||"]), below, below)
    ),
    max_leaves=6,
)


def written(tree: Tree) -> str:
    match tree:
        case ("!", below):
            assert isinstance(below, tuple)
            return f"!({written(below)})"
        case ("&&" | "||" as sign, left, right):
            assert isinstance(left, tuple)
            assert isinstance(right, tuple)
            return f"({written(left)} {sign} {written(right)})"
    return " ".join(str(part) for part in tree)


def kleene(tree: Tree, values: Mapping[str, object]) -> bool | None:
    """Kleene's strong three-valued logic, written down once more."""
    match tree:
        case ("!", below):
            assert isinstance(below, tuple)
            inner = kleene(below, values)
            return None if inner is None else not inner
        case ("&&" | "||" as sign, left, right):
            assert isinstance(left, tuple)
            assert isinstance(right, tuple)
            both = (kleene(left, values), kleene(right, values))
            decides = sign == "||"
            return decides if decides in both else (None if None in both else not decides)
    name, compares, label = (str(part) for part in tree)
    if name not in values:
        return None
    known: dict[str, object] = {k: v for labels in LABELS.values() for k, v in labels.items()}
    value, other = values[name], known.get(label, label.strip('"'))
    if compares == "==":
        return value == other
    assert isinstance(value, int)
    assert isinstance(other, int)
    return value >= other if compares == ">=" else value < other


@settings(max_examples=150, deadline=None)
@given(
    TREES,
    st.sampled_from([None, *LABELS[Kind.TASK]]),
    st.sampled_from([None, 0, 1, 2, 3]),
    st.integers(0, 3),
    st.sampled_from([None, "hr", "it"]),
)
def test_conditions_follow_three_valued_logic(
    tree: Tree, task: str | None, freshness: int | None, sensitivity: int, team: str | None
) -> None:
    cell = (task, freshness, sensitivity)
    named = {"task": task, "freshness": freshness, "sensitivity": sensitivity, "caller.team": team}
    values = {name: value for name, value in named.items() if value is not None}
    extra = {"caller.team": team} if team else {}
    assert outcome(written(tree), cell, extra) is kleene(tree, values)


@settings(max_examples=100, deadline=None)
@given(TREES, st.sampled_from([*LABELS[Kind.TASK]]), st.sampled_from([0, 1, 2, 3]), st.integers(0, 3))
def test_what_holds_while_unsure_holds_whatever_the_label_turns_out_to_be(
    tree: Tree, task: str, freshness: int, sensitivity: int
) -> None:
    text, team = written(tree), {"caller.team": "hr"}
    unsure = outcome(text, (None, None, sensitivity), team)
    if unsure is not None:
        assert outcome(text, (task, freshness, sensitivity), team) is unsure
