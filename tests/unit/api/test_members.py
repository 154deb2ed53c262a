"""A body as a JSON object: how deep it may be, and what its members must be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.members import DEEPEST, member, object_of, required
from gateway.errors import InvalidRequest


def nested(depth: int, inside: str) -> bytes:
    """An object with `depth` objects or lists in each other."""
    opening, closing = ("[", "]") if inside == "list" else ('{"a":', "}")
    return b'{"x":' + (opening * (depth - 1) + "1" + closing * (depth - 1)).encode() + b"}"


@pytest.mark.parametrize("inside", ["list", "object"])
def test_depth_is_bounded_where_all_that_recurs_has_room(inside: str) -> None:
    assert object_of(nested(DEEPEST, inside))
    for depth in (DEEPEST + 1, 400, 100_000):
        with pytest.raises(InvalidRequest, match="too deep: more than 128 objects and lists"):
            object_of(nested(depth, inside))


def test_width_is_no_depth() -> None:
    assert len(object_of(json.dumps({"x": [[{"a": []}] for _ in range(2 * DEEPEST)]}).encode())["x"]) == 256


@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b'{"x":[{"a":[],"b":{"c":1,"c":1}}]}'])
def test_a_name_twice_is_refused_wherever_it_stands(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="two members of one name"):
        object_of(body)


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (7, str, "a string"),
        (True, int, "an integer"),
        (1, bool, "true or false"),
        ([], dict, "an object"),
        ({}, list, "a list"),
    ],
)
def test_a_member_of_another_type_is_refused_saying_where(value: Any, kind: type, words: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"'at\.x' must be {words}") as refused:
        member({"x": value}, "x", kind, "at.")
    assert refused.value.param == "at.x"


def test_what_is_required_has_to_be_there_and_say_something() -> None:
    assert member({}, "x", str) is None
    assert required({"x": 0}, "x", int) == 0
    for members in ({}, {"x": None}, {"x": ""}):
        with pytest.raises(InvalidRequest, match="'x' is required"):
            required(members, "x", str)
