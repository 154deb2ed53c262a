"""What a JSON text holds is counted without decoding it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.outline import MAX_VALUES, Outline, Room, outline
from gateway.errors import InvalidRequest


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        ("text, with [brackets] and {braces}: all of it one value", (1, 0)),
        ([], (1, 0)),
        ({}, (1, 0)),
        ([1, [], {}, None], (5, 0)),
        ({"a": {"b": [1, 2]}, "c": "x"}, (6, 3)),
        (['say "a", [b]', "ends with a backslash \\", '\\", "', ""], (5, 0)),
        ({'"': "\\\\", "\\": '\\"'}, (3, 2)),
        ([[" "], ["[]"], "{}"], (6, 0)),
    ],
)
def test_values_and_members_are_counted(value: Any, counts: tuple[int, int]) -> None:
    assert outline(json.dumps(value).encode()) == counts
    assert outline(json.dumps(value, indent=1).encode()) == counts


@pytest.mark.parametrize("value", [b"[]", b"1", b'"a"', b'"\\\\"', b'{"a":1}', b'{"a":"b"}', b" [ 2 ] "])
def test_more_values_than_are_read_are_counted_as_more(value: bytes) -> None:
    assert outline(b"[" + b",".join([value] * (MAX_VALUES + 1)) + b"]").values > MAX_VALUES


def test_a_long_text_is_one_value_whatever_is_in_it() -> None:
    code = 'if a["b"] == {"c": [1, 2, "\\n"]}: f(x, y)\n' * 200_000
    assert outline(json.dumps({"content": code}).encode()) == Outline(2, 1)


def test_room_is_for_so_many_values_and_the_error_says_how_many() -> None:
    room = Room()
    room.take(MAX_VALUES)
    with pytest.raises(InvalidRequest, match=r"more than 200,000 JSON values"):
        room.take(1)
