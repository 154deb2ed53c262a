"""Members of responses that are not as they should be."""

from __future__ import annotations

import pytest

from gateway.backends.decoding import MOST_COUNTED
from gateway.backends.responses.shapes import error_of, event_of, response_of, usage_of
from gateway.backends.speech import NotJson
from gateway.types import Usage


def test_counts_that_make_no_sense_can_still_be_added_up() -> None:
    said = (
        b'{"output": [], "usage": {"input_tokens": -5, "output_tokens": 1e300,'
        b' "input_tokens_details": {"cached_tokens": 7}, "output_tokens_details": null}}'
    )
    usage = response_of(said).usage
    assert usage is not None
    assert usage_of(usage) == Usage(input=0, cached_input=7, output=MOST_COUNTED)


def test_an_event_of_a_strange_shape_keeps_its_name() -> None:
    assert event_of(b'{"type": "response.news", "output_index": "first"}').type == "response.news"
    with pytest.raises(NotJson):
        event_of(b'{"output_index": "first"}')


def test_nesting_without_end_is_no_event() -> None:
    with pytest.raises(NotJson):
        event_of(b'{"delta":' * 100_000)


def test_an_error_has_all_its_members() -> None:
    assert error_of({"code": "x", "message": None}) == {
        "message": "the upstream gave no reason",
        "type": "server_error",
        "param": None,
        "code": "x",
    }
