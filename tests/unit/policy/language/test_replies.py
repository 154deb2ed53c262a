from __future__ import annotations

import pytest

from gateway.policy.language.replies import fault_of


@pytest.mark.parametrize(
    "template",
    [
        "Order {id} is {status}.",
        "{status}[, with {carrier}][, due {due}]",
        "{customer} has {orders: no. {id}[ {status}]}",
        "{order.id} [see the note]",
        "No field at all",
    ],
)
def test_a_right_template_has_no_fault(template: str) -> None:
    assert fault_of(template) is None


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("It is {x.", "{ has no partner"),
        ("It is [{x}.", "[ has no partner"),
        ("It is x].", "] has no partner"),
        ("It is x}.", "} has no partner"),
        ("It is {}.", "{} names no field"),
        ("It is {two words}.", "{two words} names no field"),
        ("{a: {b}", "{ has no partner"),
        ("[[[[[[[x]]]]]]]", "[ has no partner, or stands too deep"),
    ],
)
def test_a_template_with_a_fault_is_told(template: str, fault: str) -> None:
    said = fault_of(template)
    assert said is not None
    assert said.startswith(fault)
