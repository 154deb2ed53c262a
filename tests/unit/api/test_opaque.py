"""Base64 is known in texts of any length, and nothing else is taken for it."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.api.opaque import is_base64, is_opaque, is_sealed

PICTURE = base64.b64encode(bytes(range(256)) * 20).decode()
PROSE = "The parcel came two days early; thank you. "
_DATA_URL = re.compile(r"data:[\w.+/-]*(?:;[\w.=+-]+)*?;base64,[a-z0-9+/_-]{16}")
_WHOLE = re.compile(r"(?:(?i:data:[^,\s]*;base64,))?[A-Za-z0-9+/_-]*={0,2}")

_texts = st.builds(
    lambda before, times, piece, after: before + piece * times + after,
    st.sampled_from(
        ["", PROSE, "data:image/png;base64,", "DATA:;x=1;Base64,", "data:x,", "é", "data:;base64,="]
    ),
    st.sampled_from([0, 1, 3, 200]),
    st.sampled_from([PROSE, PICTURE[:64], "привет ", PICTURE]) | st.text(max_size=30),
    st.sampled_from(["", "=", "==", "===", " ", "é", ". Call anna@example.org", f" data:;base64,{PICTURE}"]),
)


@settings(max_examples=300, deadline=None)
@given(_texts)
@example(PICTURE * 3)
@example(PICTURE + "é" + PICTURE)
@example(PROSE * 200 + f"DATA:image/PNG;baSE64,{PICTURE}")
def test_a_text_is_known_for_what_one_pass_of_a_pattern_over_all_of_it_says(text: str) -> None:
    whole = _WHOLE.fullmatch(text) is not None
    assert is_base64(text) == whole
    assert is_opaque(text) == ((whole and len(text) >= 1024) or _DATA_URL.search(text.lower()) is not None)


@pytest.mark.parametrize("length", [1024, 4096, 100_000])
def test_from_some_length_on_base64_is_no_word(length: int) -> None:
    assert is_opaque("a" * length)
    assert not is_opaque("a" * length + " b")


def test_what_is_as_long_as_a_key_is_no_seal_and_words_are_none_of_any_length() -> None:
    assert is_sealed(PICTURE[:224])
    assert is_sealed("gAAAAAB" + "x" * 300)
    for other in ("sk-proj-" + "x" * 156, PROSE * 20, "", None, 7):
        assert not is_sealed(other)
