"""JSON schemas in the words that constrain an answer."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.api.members import DEEPEST
from gateway.backends.anthropic.schema import constrained
from gateway.backends.anthropic.unsaid import Unsaid

CLOSED: dict[str, Any] = {"properties": {}, "additionalProperties": False}


def test_what_can_be_said_stays() -> None:
    schema = {
        "type": "object",
        "title": "Person",
        "description": "Somebody",
        "properties": {
            "name": {"type": "string", "format": "email"},
            "kind": {"enum": ["a", "b"]},
            "tags": {"type": "array", "items": {"$ref": "#/$defs/Tag"}, "minItems": 1},
            "either": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        },
        "required": ["name"],
        "additionalProperties": False,
        "$defs": {"Tag": {"type": "string", "const": "x"}},
    }
    assert constrained(schema, "at") == schema


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "minimum": 1}, {"type": "integer", "description": "(minimum: 1)"}),
        (
            {"type": "string", "pattern": "a+", "maxLength": 3, "description": "Letters"},
            {"type": "string", "description": "Letters\n\n(pattern: a+, maxLength: 3)"},
        ),
        ({"type": "string", "format": "regex"}, {"type": "string", "description": "(format: regex)"}),
        ({"type": "string", "format": ["a"]}, {"type": "string", "description": "(format: ['a'])"}),
        ({"type": "array", "minItems": 2}, {"type": "array", "description": "(minItems: 2)"}),
        ({"type": "string", "default": "x", "$schema": "y"}, {"type": "string"}),
        ({"oneOf": [{"type": "null"}]}, {"anyOf": [{"type": "null"}]}),
        (
            {"type": ["string", "null"], "enum": ["a", None], "description": "D"},
            {
                "description": "D",
                "anyOf": [{"type": "string", "enum": ["a", None]}, {"type": "null"}],
            },
        ),
    ],
)
def test_what_cannot_be_said_is_told(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert constrained(schema, "at") == expected


def test_an_object_is_closed_at_every_depth() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "null"}}}
    made = constrained({"type": "object", "properties": {"a": inner}}, "at")
    assert made["additionalProperties"] is False
    assert made["properties"]["a"]["additionalProperties"] is False


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        {"type": "array", "items": {"type": "object"}},
        {"anyOf": [True]},
    ],
)
def test_any_members_at_all_cannot_be_said(schema: Any) -> None:
    with pytest.raises(Unsaid) as lacking:
        constrained(schema, "at")
    assert lacking.value.param == "at"


def test_an_object_of_no_members_is_said() -> None:
    assert constrained({"type": "object", "additionalProperties": False}, "at") == {
        "type": "object",
        **CLOSED,
    }


def test_alternatives_of_alternatives_are_not_gone_through_without_end() -> None:
    """Each level doubles what it holds."""
    schema: dict[str, Any] = {"type": "null"}
    for _ in range(40):
        schema = {"type": ["object", "array"], "properties": {"a": schema}}
    with pytest.raises(Unsaid, match=r"more than 2,000 schemas"):
        constrained(schema, "at")


def test_a_schema_as_deep_as_a_body_may_be_can_be_said() -> None:
    schema: dict[str, Any] = {"type": "null"}
    for _ in range(DEEPEST // 2):
        schema = {"type": "object", "properties": {"a": schema}}
    assert constrained(schema, "at")["additionalProperties"] is False
