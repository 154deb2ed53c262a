"""What the readers of upstreams' JSON share."""

from __future__ import annotations

import math

import msgspec
import pytest

from gateway.backends.decoding import MOST_COUNTED, count_of, event_by
from gateway.backends.speech import NotJson


class _Event(msgspec.Struct):
    type: str
    index: int = 0


decoder = msgspec.json.Decoder(_Event)


@pytest.mark.parametrize(
    ("said", "count"), [(None, 0), (-3, 0), (2.9, 2), (10**30, MOST_COUNTED), (math.inf, MOST_COUNTED)]
)
def test_a_count_can_be_added_up(said: float | None, count: int) -> None:
    assert count_of(said) == count


def test_an_event_of_other_types_keeps_its_name() -> None:
    assert event_by(decoder, _Event, b'{"type": "a", "index": 3}') == _Event("a", 3)
    assert event_by(decoder, _Event, b'{"type": "a", "index": "three"}') == _Event("a")


@pytest.mark.parametrize("data", [b"{", b'{"index": 1}', b"[]", b'{"type": 1}', b"\xff"])
def test_what_has_no_name_is_no_event(data: bytes) -> None:
    with pytest.raises(NotJson):
        event_by(decoder, _Event, data)
