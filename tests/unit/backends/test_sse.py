"""Server-sent events, however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.sse import Events, TooLong


def read(*pieces: bytes) -> list[bytes]:
    events = Events()
    return [event for piece in pieces for event in events.feed(piece)]


def test_one_event_per_empty_line() -> None:
    assert read(b"data: a\n\ndata: b\n\n") == [b"a", b"b"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_kind_of_line_end_ends_a_line(end: bytes) -> None:
    assert read(end.join([b"data: a", b"", b"data: b", b"", b""])) == [b"a", b"b"]


def test_comments_ids_names_and_retries_say_nothing() -> None:
    stream = b": hello\n\nevent: x\nid: 1\nretry: 5\ndata: a\n\n:\n\nevent: lonely\n\ndatabase: no\n\n"
    assert read(stream) == [b"a"]


def test_data_over_several_lines_is_joined_and_one_leading_space_is_dropped() -> None:
    assert read(b"data:  a\ndata:b\ndata\n\n") == [b" a\nb\n"]


def test_a_byte_order_mark_is_skipped_also_when_cut() -> None:
    assert read(b"\xef", b"\xbb", b"\xbfdata: a\n\n") == [b"a"]


@pytest.mark.parametrize(
    "pieces",
    [
        (b"data: a\n\n", b"data: b\n\n", b"\xef\xbb\xbfdata: c\n\n", b"data: d\n\n"),
        (b": hi\n\n", b"data: \n\n", b"data: a\rdata: b\n\n", b"data: c\r", b"\n\r\n", b"data: d\n\n"),
        (b": hi\n\n", b"data: a\r\r", b"\ndata: b\n\n", b"data", b": a\n\n", b"data: x\n\n"),
        (b"data: a\n\n", b"data: b\n", b"data: c\n\n", b"data: d\n\n"),
        (b"data: a\n\n", b"data: b", b"data: c\n\n", b"data: d\n\n"),
    ],
)
def test_events_that_arrive_whole_are_read_like_those_that_do_not(pieces: tuple[bytes, ...]) -> None:
    whole = b"".join(pieces)
    assert read(*pieces) == read(*(whole[at : at + 1] for at in range(len(whole))))


def test_a_last_event_without_its_empty_line_is_the_rest() -> None:
    events = Events()
    assert events.feed(b"data: a\n\ndata: [DONE]\n") == [b"a"]
    assert events.rest() == b"[DONE]"
    assert events.rest() == b""


def test_an_event_that_never_ends_is_refused() -> None:
    events = Events(limit=100)
    with pytest.raises(TooLong, match="100 bytes"):
        events.feed(b"data: " + b"x" * 200)


@given(
    st.lists(st.binary(min_size=1).filter(lambda b: not set(b) & set(b"\r\n")), min_size=1, max_size=5),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(1, 9), min_size=1, max_size=60),
)
def test_cutting_the_bytes_anywhere_changes_nothing(data: list[bytes], end: bytes, sizes: list[int]) -> None:
    whole = b"".join(b"data: " + each + end + end for each in data)
    pieces, at = [], 0
    for size in sizes:
        pieces.append(whole[at : at + size])
        at += size
    assert read(*pieces, whole[at:]) == data
