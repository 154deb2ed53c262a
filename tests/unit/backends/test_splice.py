"""A member of a JSON object is replaced, and no other byte changes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.splice import with_member, with_members


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"model":"a"}', b'{"model":"NEW"}'),
        (b'{"a":1,"model":"x","b":2}', b'{"a":1,"model":"NEW","b":2}'),
        (b' {\n "model" :\t"x" , "b": [ 1 ] }\r\n', b' {\n "model" :\t"NEW" , "b": [ 1 ] }\r\n'),
        (rb'{"mod\u0065l":"x","t":1.0e5}', rb'{"mod\u0065l":"NEW","t":1.0e5}'),
        (b'{"model":null}', b'{"model":"NEW"}'),
        (b'{"model":{"model":"inner"}}', b'{"model":"NEW"}'),
        (b'{"a":{"model":"inner"},"model":1}', b'{"a":{"model":"inner"},"model":"NEW"}'),
        (b'{"a":"\\"model\\":1}","model":1}', b'{"a":"\\"model\\":1}","model":"NEW"}'),
        (b"{}", b'{"model":"NEW"}'),
        (b"{ }", b'{"model":"NEW" }'),
        (b'{"a": [1] }\n', b'{"a": [1],"model":"NEW" }\n'),
        (b'{"a":"{"}', b'{"a":"{","model":"NEW"}'),
        (b'{"a":{}}', b'{"a":{},"model":"NEW"}'),
    ],
)
def test_the_value_is_replaced_and_the_rest_stays(body: bytes, expected: bytes) -> None:
    assert with_member(body, "model", b'"NEW"') == expected


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"{}"', b'{"a":}', b'{"a":1}}', b"\xff", b'{"a" 1}'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a JSON object"):
        with_member(body, "model", b"1")


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"a":22,"model":3}',
        b'{"a":[1],"b":2,"a":[1]}',
        # The longer value of the second `a` must not make the walk go on in the middle of it.
        b'{"a":"s","a":"longer,","model":1}',
        b'{"a":"","a":"xxxx,",":":1}',
    ],
)
def test_members_of_one_name_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="one name"):
        with_member(body, "model", b"1")


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=12,
)
_objects = st.dictionaries(st.text(st.characters(codec="utf-8")) | st.just("model"), _values, max_size=6)
_space = st.text(" \t\r\n", max_size=3)


@given(_objects, st.booleans(), st.sampled_from([None, 1, " \t"]), _space)
def test_it_is_what_parsing_and_writing_anew_would_say(
    value: dict[str, Any], ascii_only: bool, indent: int | str | None, around: str
) -> None:
    body = f"{around}{json.dumps(value, ensure_ascii=ascii_only, indent=indent)}{around}".encode()
    made = with_member(body, "model", b'["new"]')
    said = json.loads(made)
    assert said == {**value, "model": ["new"]}
    assert list(said) == list({**value, "model": 0})
    if "model" in value:
        assert with_member(made, "model", json.dumps(value["model"], ensure_ascii=ascii_only).encode()) == (
            with_member(body, "model", json.dumps(value["model"], ensure_ascii=ascii_only).encode())
        )
    else:
        added = b',"model":["new"]' if value else b'"model":["new"]'
        assert made.replace(added, b"", 1) == body


@given(st.binary(max_size=60) | st.text('{}[]":,\\a1 model', max_size=60).map(str.encode))
def test_no_bytes_break_it(body: bytes) -> None:
    try:
        made = with_member(body, "model", b"1")
    except ValueError:
        return
    assert json.loads(made)["model"] == 1


@pytest.mark.parametrize(
    ("body", "changed", "expected"),
    [
        (b'{"a":1}', {"a": b"2"}, b'{"a":2}'),
        (b'{ "b" : 1,"a":[ 1 ],"c":2 }', {"c": b"3", "a": b"4"}, b'{ "b" : 1,"a":4,"c":3 }'),
        (b'{"a":1 }\n', {"z": b"2"}, b'{"a":1 ,"z":2}\n'),
        (b'{"a":"}", "b":{}}', {"z": b"2", "b": b"1", "y": b"3"}, b'{"a":"}", "b":1,"z":2,"y":3}'),
        (b'{"\\u0061":1}', {"a": b"2"}, b'{"\\u0061":2}'),
        (b'{"a":1}', {}, b'{"a":1}'),
    ],
)
def test_several_members_of_a_known_object_change(
    body: bytes, changed: dict[str, bytes], expected: bytes
) -> None:
    assert with_members(body, members(body), changed) == expected


def test_an_object_that_is_not_the_known_one_is_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        with_members(b'{"a":1,"b":2}', {"a": b"2", "b": b"2"}, {"b": b"3"})


@given(_objects.filter(bool), st.data(), st.booleans(), st.sampled_from([None, 1, " \t"]))
def test_it_is_the_same_one_after_the_other(
    value: dict[str, Any], data: st.DataObject, ascii_only: bool, indent: int | str | None
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    names = data.draw(st.sets(st.sampled_from([*value, "model", "z"]), max_size=3))
    made = with_members(body, members(body), dict.fromkeys(names, b"[1]"))
    expected = body
    for name in sorted(names):
        expected = with_member(expected, name, b"[1]")
    assert json.loads(made) == json.loads(expected)
    if names <= value.keys():
        assert made == expected


def members(body: bytes) -> dict[str, bytes]:
    return {name: bytes(raw) for name, raw in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items()}
