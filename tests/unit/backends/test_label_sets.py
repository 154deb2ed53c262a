from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.backends.label_sets import Form, Unfillable, form_of, listed


def schema(**properties: Any) -> bytes:
    wanted = {"name": "x", "schema": {"type": "object", "properties": properties}}
    return json.dumps({"type": "json_schema", "json_schema": wanted}).encode()


def test_plain_text_is_the_form_unless_json_is_asked_for() -> None:
    assert form_of(None) == Form()
    assert form_of(b'{"type": "text"}') == Form()
    assert form_of(b"not json") == Form()
    assert form_of(b'{"type": "json_object"}') == Form("label", "confidence")


def test_the_one_text_of_a_schema_takes_the_label() -> None:
    form = form_of(schema(category={"type": "string", "enum": ["a", "b"]}, score={"type": "number"}))
    assert form == Form("category", "score", ("a", "b"))


@pytest.mark.parametrize(
    "wanted",
    [
        schema(category={"type": "string"}, reason={"type": "string"}),
        schema(category={"type": "string"}, urgent={"type": "boolean"}),
        schema(count={"type": "integer"}),
    ],
)
def test_a_schema_that_needs_more_than_a_label_cannot_be_filled(wanted: bytes) -> None:
    with pytest.raises(Unfillable):
        form_of(wanted)


def test_a_label_is_spelt_as_the_sender_spells_it() -> None:
    form = Form(allowed=("Product question", "Other"))
    assert form.spelling("product_question") == "Product question"
    assert form.spelling("billing") is None


@pytest.mark.parametrize(
    "instruction",
    [
        "Answer with one of: red, green or blue.",
        "Categories: red | green | blue",
        "Sort messages into red, green and blue",
        "Give each text a label.\n- red\n- green: like grass\n- blue",
        'Classify as "red", "green", or "blue"',
    ],
)
def test_a_list_of_labels_is_read_off_an_instruction(instruction: str) -> None:
    assert listed(instruction) == ("red", "green", "blue")


@pytest.mark.parametrize(
    "instruction",
    [
        "",
        "You are a helpful assistant.",
        "Classify this ticket: ",
        "Which category does this ticket belong to: ",
        "House rules\n- be kind\n- be short",
    ],
)
def test_an_instruction_without_labels_lists_none(instruction: str) -> None:
    assert listed(instruction) == ()


@pytest.mark.parametrize("required", [5, True, "label", {"a": 1}, None, []])
def test_a_required_that_is_no_list_is_passed_over(required: object) -> None:
    wanted = {"properties": {"label": {"type": "string"}}, "required": required}
    form = form_of(json.dumps({"type": "json_schema", "json_schema": {"schema": wanted}}).encode())
    assert form.key == "label"
