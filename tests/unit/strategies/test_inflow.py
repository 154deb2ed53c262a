"""What flows in: its label, who may have it, and what of it is masked."""

from __future__ import annotations

import re

from gateway.masks import MOST, Mask
from gateway.strategies.inflow import Inflow, Taken
from gateway.types import Finding, Label

SHAPES = {
    "password": ("credential", Label.RESTRICTED, r"hunter\d"),
    "email": ("contact", Label.CONFIDENTIAL, r"\w+@\w+\.org"),
}


def find(text: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(entity, kind, label, -1, m.start(), m.end(), 1.0)
        for entity, (kind, label, pattern) in SHAPES.items()
        for m in re.finditer(pattern, text)
    )


def test_the_higher_of_the_sources_label_and_a_secret_in_the_text_counts() -> None:
    inflow = Inflow(find, Label.RESTRICTED)
    assert inflow.take(Label.INTERNAL, "nothing") == Taken("nothing", Label.INTERNAL)
    assert inflow.take(Label.INTERNAL, "use hunter2") == Taken("use hunter2", Label.RESTRICTED)


def test_contact_details_in_a_public_source_are_no_secret() -> None:
    assert Inflow(find, Label.PUBLIC).take(Label.PUBLIC, "desk@shop.org") == Taken(
        "desk@shop.org", Label.PUBLIC
    )


def test_only_what_the_caller_is_cleared_for_is_taken() -> None:
    inflow = Inflow(find, Label.INTERNAL)
    assert [label for label in Label if inflow.take(label, "x")] == [Label.PUBLIC, Label.INTERNAL]
    assert inflow.take(Label.PUBLIC, "use hunter2") is None


def test_what_guards_mask_is_masked_as_it_flows_in_and_its_label_told_by_what_is_left() -> None:
    for lowers_to, label in ((Label.PUBLIC, Label.INTERNAL), (Label.CONFIDENTIAL, Label.CONFIDENTIAL)):
        mask = Mask(["credential"], Label.PUBLIC)
        inflow = Inflow(find, Label.RESTRICTED, mask, lambda _, left=lowers_to: left)  # type: ignore[misc]
        assert inflow.take(Label.INTERNAL, "use hunter2") == Taken("use [PASSWORD_1]", label)
        assert mask.label is Label.RESTRICTED


def test_where_no_guard_lowers_the_label_of_what_is_masked_stays() -> None:
    mask = Mask(["credential"], Label.PUBLIC)
    assert Inflow(find, Label.RESTRICTED, mask).take(Label.INTERNAL, "use hunter2") == Taken(
        "use [PASSWORD_1]", Label.RESTRICTED
    )


def test_masking_does_not_show_a_caller_what_it_may_not_see() -> None:
    """It comes back in the reply: the label before masking is what the caller is held against."""
    mask = Mask(["credential"], Label.PUBLIC)
    assert Inflow(find, Label.INTERNAL, mask).take(Label.PUBLIC, "use hunter2") is None
    assert not mask


def test_arguments_show_values_only_to_a_tool_that_is_cleared_for_them() -> None:
    mask = Mask(["email"], Label.PUBLIC)
    inflow = Inflow(find, Label.RESTRICTED, mask)
    inflow.take(Label.PUBLIC, "ask anna@b.org")
    asked = '{"to": "[EMAIL_1]"}'
    assert inflow.shown(asked, Label.PUBLIC, Label.INTERNAL) == (asked, Label.PUBLIC)
    assert inflow.shown(asked, Label.PUBLIC, Label.CONFIDENTIAL) == (
        '{"to": "anna@b.org"}',
        Label.CONFIDENTIAL,
    )


def test_structured_results_are_masked_like_their_text() -> None:
    mask = Mask(["email"], Label.PUBLIC)
    inflow = Inflow(find, Label.RESTRICTED, mask)
    inflow.take(Label.PUBLIC, "anna@b.org")
    assert inflow.hidden({"who": ["anna@b.org"]}) == {"who": ["[EMAIL_1]"]}
    assert Inflow(find, Label.RESTRICTED).hidden({"who": 1}) == {"who": 1}


def test_however_many_there_are_none_flows_in_unmasked() -> None:
    """What is found of one text is bounded, so it is read again until nothing is left to mask."""

    def some(text: str) -> tuple[Finding, ...]:
        return find(text)[:64]

    mask = Mask(["email"], Label.PUBLIC)
    taken = Inflow(some, Label.RESTRICTED, mask).take(
        Label.PUBLIC, " ".join(f"a{n}@b.org" for n in range(100))
    )
    assert taken is not None
    assert "@" not in taken.text
    many = " ".join(f"c{n}@b.org" for n in range(MOST))
    assert Inflow(some, Label.RESTRICTED, mask).take(Label.PUBLIC, many) is None


def test_a_value_that_is_known_is_masked_where_the_detector_does_not_find_it() -> None:
    mask = Mask(["person"], Label.PUBLIC)
    mask.learn("Anna Larsen", [Finding("person", "identity", Label.CONFIDENTIAL, 0, 0, 11, 1.0)])
    taken = Inflow(find, Label.RESTRICTED, mask).take(Label.PUBLIC, "Order 7 of Anna Larsen")
    assert taken == Taken("Order 7 of [PERSON_1]", Label.PUBLIC)
