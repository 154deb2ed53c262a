from __future__ import annotations

from gateway.policy.analysis.supposing import supposing
from gateway.policy.conditions import checked
from gateway.policy.index import given, possible

PLAIN = given(("chit_chat", 0, 0))


def outcomes(true: str, other: str) -> set[bool | None]:
    return set(possible(checked(other), supposing(checked(true), PLAIN)))


def test_a_text_that_a_condition_names_is_known() -> None:
    assert outcomes('caller.team == "hr"', 'caller.team != "it"') == {True}
    assert outcomes('caller.team == "hr" && input_tokens > 3', 'caller.team in ["it", "web"]') == {False}
    assert outcomes('caller.team in ["hr", "it"]', 'caller.team == "hr"') == {True, False, None}


def test_any_other_part_is_taken_for_what_it_must_be() -> None:
    assert outcomes("input_tokens > 3 && caller.admin", "caller.admin || request.stream") == {True}
    assert outcomes("!(caller.admin || request.stream)", "caller.admin") == {False}
    assert outcomes("!(caller.admin && request.stream)", "caller.admin") == {True, False, None}
    assert outcomes("task == coding || caller.admin", "caller.admin") == {True}
    assert outcomes("input_tokens > 3", "input_tokens > 2") == {True, False, None}
