from __future__ import annotations

import pytest

from gateway.policy.replies import BadTemplate, fill, parse


def test_fields_stand_for_the_values_of_a_result() -> None:
    assert fill("Order {id} is {status}.", {"id": 7, "status": "packed"}) == "Order 7 is packed."


def test_what_is_in_brackets_is_left_out_where_a_field_is_absent_or_null() -> None:
    template = "{status}[ with {carrier}][, due {due}]"
    assert fill(template, {"status": "sent", "carrier": None, "due": "Monday"}) == "sent, due Monday"
    assert fill(template, {"status": "sent"}) == "sent"


def test_a_sentence_without_a_field_that_it_needs_is_not_said() -> None:
    assert fill("Order {id} is {status}.", {"id": 7}) is None


def test_a_list_is_said_record_by_record() -> None:
    result = {"orders": [{"id": 1, "status": "sent"}, {"id": 2, "status": None}]}
    assert fill("{orders: no. {id}[ {status}]}", result) == "no. 1 sent; no. 2"
    assert fill("None[: {orders: {id}}].", {"orders": []}) == "None."


def test_values_that_are_no_text_are_spoken() -> None:
    assert fill("{a}, {b}", {"a": True, "b": ["x", 2]}) == "yes, x, 2"


def test_a_number_that_is_zero_is_said() -> None:
    assert fill("{left} left", {"left": 0}) == "0 left"


@pytest.mark.parametrize("template", ["{a", "[a", "a]", "a}", "{}", "{a b}", "{a: {b}", "[[[[[[x]]]]]]"])
def test_a_template_that_does_not_parse_is_told(template: str) -> None:
    with pytest.raises(BadTemplate):
        parse(template)
