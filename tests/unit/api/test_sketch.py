"""What is left out of a body is only what nobody has to read, and comes back byte for byte."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.api.opaque import is_base64
from gateway.api.outline import outline
from gateway.api.sketch import LONG, Sketch

PICTURE = base64.b64encode(bytes(range(256)) * 200).decode()
URL = f"data:image/png;base64,{PICTURE}"
PROSE = "The parcel came two days early; thank you. " * 1000
_raw = msgspec.json.Decoder(dict[str, msgspec.Raw])


def raw_members(text: bytes) -> dict[str, bytes]:
    return {name: bytes(raw) for name, raw in _raw.decode(text).items()}


# Long strings: of one piece repeated, so that escapes, quotes and characters of more bytes fall anywhere.
_pieces = st.text(
    st.characters(codec="utf-8") | st.sampled_from('\\"/\n\t{}[],:0aé€😀'), min_size=1, max_size=40
)
_long = st.builds(
    lambda before, piece, times, after: before + piece * (times // len(piece)) + after,
    *(_pieces, _pieces, st.integers(LONG - 60, LONG * 2), _pieces),
)
_strings = (
    _long | _pieces | st.sampled_from([PICTURE, URL, URL.upper(), PROSE, "\\" * LONG, '"' * LONG, " " * LONG])
)
_leaves = st.none() | st.booleans() | st.integers() | _strings
_names = st.sampled_from(["url", "data", "file_data", "image_url", "text", "x", 'a"url', "url\\"]) | _pieces
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=8,
)
_bodies = st.builds(
    lambda value, ascii_only, indent: json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(),
    *(st.dictionaries(_names, _values, max_size=4), st.booleans(), st.sampled_from([None, 1])),
)


@settings(max_examples=150, deadline=None)
@given(_bodies)
@example(json.dumps({"text": PROSE, "x": [{"url": URL}, {"url": URL}]}).encode())
@example(json.dumps({"x": ("[" * 20 + "\\") * 2000, "url": "\\" * 40_000 + '"'}).encode())
@example(b'{"x":[' + b" " * LONG + b",".join([b"1"] * LONG) + b',"a"],"url":1}')
def test_the_same_members_and_values_are_left_and_each_member_comes_back_whole(body: bytes) -> None:
    sketch = Sketch(body)
    assert {n: sketch.whole(raw) for n, raw in raw_members(sketch.text).items()} == raw_members(body)
    assert outline(sketch.text) == outline(body)
    assert sketch.whole(sketch.text) == body


def says_the_same(read: Any, whole: Any) -> bool:
    """But for what is base64 to its end, of which a beginning is enough."""
    if isinstance(whole, dict):
        return list(read) == list(whole) and all(says_the_same(read[name], whole[name]) for name in whole)
    if isinstance(whole, list):
        return len(read) == len(whole) and all(map(says_the_same, read, whole))
    return bool(read == whole or (whole.startswith(read) and len(read) > 1024 and is_base64(whole)))


@settings(max_examples=150, deadline=None)
@given(_bodies)
@example(json.dumps({"text": PROSE, "x": [{"url": URL}, {"url": URL}]}).encode())
def test_all_but_files_can_be_read(body: bytes) -> None:
    assert says_the_same(json.loads(Sketch(body).readable), json.loads(body))


@pytest.mark.parametrize("member", ["url", "data", "file_data", "image_url"])
@pytest.mark.parametrize(
    "payload", [URL, PICTURE, URL.upper(), PICTURE[:-2] + "==", URL.replace("/png", "/*;q=1")]
)
@pytest.mark.parametrize("escaped", [False, True])
def test_a_file_is_cut_short_for_those_who_read(member: str, payload: str, escaped: bool) -> None:
    body = json.dumps({"x": [{member: payload}], "y": 1}).encode()
    body = body.replace(b"/", b"\\/") if escaped else body
    readable = Sketch(body).readable
    assert len(readable) < 5000
    read = json.loads(readable)
    assert read["y"] == 1
    assert payload.startswith(read["x"][0][member])
    assert len(read["x"][0][member]) > 1024


@pytest.mark.parametrize("member", ["text", "content", "arguments", "refusal", "name"])
def test_a_text_is_never_cut_short(member: str) -> None:
    body = json.dumps({"x": [{member: PICTURE}, {"data": PICTURE + " call anna@example.org"}]}).encode()
    assert Sketch(body).readable == body


@pytest.mark.parametrize(
    "hidden", ["call anna@example.org", "=", "====", "é", '"', "\\u0041", "\n", "\\", ";base64,"]
)
@pytest.mark.parametrize("at", [30, 40_000])
def test_what_is_not_base64_to_its_end_is_read_whole(hidden: str, at: int) -> None:
    payload = json.dumps(PICTURE)[:at] + json.dumps(hidden)[1:-1] + json.dumps(PICTURE)[at:]
    body = b'{"url":' + payload.encode() + b"}"
    assert Sketch(body).readable == body


@pytest.mark.parametrize(
    "body", [b"", b'"', b'{"a', b'"' * 50_000, b"\\" * 50_000, b"[" * 50_000, b'"url":"' * 9000]
)
def test_what_is_no_json_breaks_nothing(body: bytes) -> None:
    sketch = Sketch(body)
    assert sketch.whole(sketch.text) == body


def test_a_mark_cannot_be_guessed() -> None:
    body = json.dumps({"text": PROSE}).encode()
    assert Sketch(body).text != Sketch(body).text
    assert len(Sketch(body).text) < 2000
