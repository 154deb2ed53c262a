from __future__ import annotations

import pytest

from gateway.commands.estimate import estimated_label
from gateway.policy.conditions import Condition
from gateway.policy.schema import Guard
from gateway.types import Finding, Label

PUBLIC, INTERNAL, CONFIDENTIAL, RESTRICTED = Label
EMAIL = Finding("email", "contact", CONFIDENTIAL, 0, 3, 20, 0.99)
ADDRESS = Finding("email", "contact", INTERNAL, 0, 3, 20, 0.99)
CARD = Finding("payment_card", "payment", RESTRICTED, 0, 30, 46, 0.99)
HEALTH = Finding("health", "topic", CONFIDENTIAL, 0, 0, 0, 0.8)


def guard(*mask: str, to: Label | None = INTERNAL, residual: bool = False) -> Guard:
    return Guard("mask", Condition("true"), mask=mask, lowers_to=to, accept_residual=residual)


def test_what_is_masked_whole_falls_to_what_the_guard_says() -> None:
    assert estimated_label([guard("email")], [EMAIL], CONFIDENTIAL, PUBLIC) is INTERNAL
    assert estimated_label([guard("contact")], [EMAIL], CONFIDENTIAL, PUBLIC) is INTERNAL


def test_without_lowers_to_the_label_stays() -> None:
    assert estimated_label([guard("email", to=None)], [EMAIL], CONFIDENTIAL, PUBLIC) is CONFIDENTIAL


def test_what_no_guard_masks_keeps_its_label() -> None:
    assert estimated_label([guard("email")], [EMAIL, CARD], RESTRICTED, PUBLIC) is RESTRICTED
    assert estimated_label([guard("email"), guard("payment")], [EMAIL, CARD], RESTRICTED, PUBLIC) is INTERNAL


def test_what_only_a_guard_without_lowers_to_masks_keeps_its_label() -> None:
    guards = [guard("email", to=PUBLIC, residual=True), guard("payment", to=None)]
    assert estimated_label(guards, [EMAIL, CARD], RESTRICTED, PUBLIC) is RESTRICTED
    assert estimated_label(guards, [EMAIL], CONFIDENTIAL, PUBLIC) is PUBLIC


def test_where_nothing_is_masked_nothing_is_lowered() -> None:
    assert estimated_label([guard("iban", residual=True)], [HEALTH], CONFIDENTIAL, PUBLIC) is CONFIDENTIAL
    assert estimated_label([guard("iban", residual=True)], [], CONFIDENTIAL, PUBLIC) is CONFIDENTIAL


def test_of_several_guards_the_highest_counts() -> None:
    both = [guard("email", to=PUBLIC), guard("payment", to=CONFIDENTIAL)]
    assert estimated_label(both, [EMAIL, CARD], RESTRICTED, PUBLIC) is CONFIDENTIAL


@pytest.mark.parametrize("floor", [CONFIDENTIAL, RESTRICTED])
def test_the_callers_label_and_what_cannot_be_read_stay(floor: Label) -> None:
    assert estimated_label([guard("email", residual=True)], [EMAIL], RESTRICTED, floor) is floor


@pytest.mark.parametrize(("residual", "left"), [(False, CONFIDENTIAL), (True, INTERNAL)])
def test_a_topic_without_a_span_falls_only_where_the_residual_is_accepted(
    residual: bool, left: Label
) -> None:
    guards = [guard("email", "topic", residual=residual)]
    assert estimated_label(guards, [EMAIL, HEALTH], CONFIDENTIAL, PUBLIC) is left


@pytest.mark.parametrize(("residual", "left"), [(False, CONFIDENTIAL), (True, INTERNAL)])
def test_a_label_that_no_finding_explains_falls_only_where_the_residual_is_accepted(
    residual: bool, left: Label
) -> None:
    assert estimated_label([guard("email", residual=residual)], [ADDRESS], CONFIDENTIAL, PUBLIC) is left


def test_one_guard_that_does_not_accept_the_residual_is_enough() -> None:
    guards = [guard("email", residual=True), guard("phone")]
    assert estimated_label(guards, [EMAIL, HEALTH], CONFIDENTIAL, PUBLIC) is CONFIDENTIAL


def test_a_label_never_rises_by_masking() -> None:
    assert estimated_label([guard("email", to=RESTRICTED)], [EMAIL], CONFIDENTIAL, PUBLIC) is CONFIDENTIAL
