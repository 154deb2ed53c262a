"""Escapes of JSON, undone with every place remembered."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.classify.detect import Detector
from gateway.escapes import Unescaped

CARD = "4111 1111 1111 1111"
KEY = "sk-proj-" + "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3"


@given(st.text(), st.booleans())
def test_what_json_escapes_is_undone(text: str, ascii_only: bool) -> None:
    escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    plain = Unescaped(escaped).text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert plain == text


@given(st.text(alphabet='ab\\"n/u0041 '), st.data())
def test_a_place_is_where_the_character_stood(text: str, data: st.DataObject) -> None:
    plain = Unescaped(text)
    if plain.text:
        start = data.draw(st.integers(0, len(plain.text) - 1))
        end = data.draw(st.integers(start + 1, len(plain.text)))
        piece = text[plain.place(start) : plain.place(end)]
        assert Unescaped(piece).text == plain.text[start:end]
    assert plain.place(len(plain.text)) == len(text)


def found(text: str) -> list[tuple[str, str]]:
    return [(f.entity, text[f.start : f.end]) for f in Detector().find(text)]


def test_what_stands_behind_an_escape_is_found_where_it_stands() -> None:
    text = json.dumps({"note": f"first\n{KEY}\nthen\t{CARD}"})
    assert found(text) == [("api_key", KEY), ("payment_card", CARD)]
    twice = json.dumps({"inner": text})
    assert [entity for entity, _ in found(twice)] == ["api_key", "payment_card"]


def test_a_value_in_whose_middle_escapes_stand_is_found_whole() -> None:
    assert found('{"to": "anna.berg\\u0040example.org"}') == [("email", "anna.berg\\u0040example.org")]
    address = "postgres://app:s3cr3t-pass@db.example.org/x"
    assert [entity for entity, _ in found(address.replace("/", "\\/"))] == ["connection_string"]


def test_a_path_of_windows_is_read_as_it_is_written_too() -> None:
    assert found(r"C:\users\new anna@example.org") == [("email", "anna@example.org")]


def test_what_an_escape_means_goes_before_what_is_written() -> None:
    assert found('{"text": "password: hunter2xx\\nplease"}') == [("password", "hunter2xx")]
    assert found('"x\\nanna@example.org"') == [("email", "anna@example.org")]


def test_json_in_json_in_json_hides_nothing() -> None:
    text = f"note\n{KEY}"
    for _ in range(5):
        text = json.dumps({"inner": text})
    assert [entity for entity, _ in found(text)] == ["api_key"]


def test_letters_that_are_ascii_only_in_small_do_not_crash() -> None:
    assert found("xKA12 ABCD ABCD ABCD ABCD and Dſ89 3704 0044 0532 0130 00") == []
