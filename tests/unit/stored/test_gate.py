"""What may be kept passes the gate with the label that it has as the caller knows it."""

from __future__ import annotations

import pytest

from gateway.accounting.exchange import Exchange
from gateway.policy.schema import Policy, Responses
from gateway.stored.gate import cleared, label_to_keep, withheld
from gateway.types import ChatRequest, KeptResponse, Label, Refused, Serving


def exchange(up_to: Label = Label.INTERNAL) -> Exchange:
    made = Exchange("id", 0.0, 0.0, Policy("r", {}, (), responses=Responses(up_to=up_to)))
    made.request = ChatRequest("auto", (), {})
    return made


def response(label: Label) -> KeptResponse:
    return KeptResponse("r1", "app", "m", False, label, label, (), b"{}", 60.0)


def test_the_label_is_the_highest_that_was_reached_and_what_masks_hid_counts() -> None:
    at = exchange()
    assert label_to_keep(at) is Label.PUBLIC
    at.note(Serving("m", Label.INTERNAL))
    assert label_to_keep(at) is Label.INTERNAL
    at.hidden = Label.RESTRICTED
    assert label_to_keep(at) is Label.RESTRICTED


@pytest.mark.parametrize("label", Label)
def test_nothing_above_the_policys_label_is_kept(label: Label) -> None:
    at = exchange(Label.INTERNAL)
    at.hidden = label
    if label <= Label.INTERNAL:
        assert withheld(at) is None
        assert cleared(response(label), at) is not None
    else:
        assert withheld(at) == Refused("store", "responses", label)
        assert cleared(response(label), at) is None
