"""The JSON of the Messages API."""

from __future__ import annotations

import pytest

from gateway.backends.anthropic.wire import Event, Usage, decoded, event_of, finish_of, usage_of
from gateway.backends.speech import Announced
from gateway.types import Usage as Used


def test_an_event_with_members_of_other_types_has_its_name() -> None:
    assert event_of(b'{"type":"content_block_delta","index":"first"}') == Event("content_block_delta")


def test_an_error_is_told_in_openais_shape_with_all_that_it_says() -> None:
    said = b'{"type":"error","error":{"type":"overloaded_error","message":"Busy","details":{"a":1}}}'
    with pytest.raises(Announced) as caught:
        decoded(said)
    assert caught.value.error == {
        "type": "overloaded_error",
        "message": "Busy",
        "param": None,
        "code": None,
        "details": {"a": 1},
    }


def test_without_counts_there_is_no_usage() -> None:
    assert usage_of(None, None) is None
    assert usage_of(Usage(), None) == Used()


def test_thoughts_are_no_more_than_all_that_was_said() -> None:
    said = event_of(b'{"type":"x","usage":{"output_tokens":3,"output_tokens_details":{"thinking_tokens":9}}}')
    assert usage_of(None, said.usage) == Used(reasoning=3)


def test_a_word_that_is_not_known_yet_is_a_stop() -> None:
    assert finish_of("later") == "stop"
