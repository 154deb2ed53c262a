"""Server-sent events: any bytes, in any cuts, against the standard read line by line."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.sse import Events, TooLong
from tests.fuzz.profile import Cut, cuts, tried

PIECES = (
    *(b"data: ", b"data:", b"data", b"data:  ", b" data: ", b"datax: ", b"event: x", b"id: 1", b"retry: 1"),
    *(b":", b": ping", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r", b"\xef\xbb\xbf", b"\0"),
    *(b"{}", b"[DONE]", b"a", b"\xff", b"\xc3", "é".encode()),
)
streams = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=40).map(b"".join)


def read(pieces: list[bytes]) -> list[bytes]:
    """Every event, that which no empty line ends included."""
    events = Events()
    found = [event for piece in pieces for event in events.feed(piece)]
    last = events.rest()
    return [*found, last] if last else found


def standard(stream: bytes) -> list[bytes]:
    """HTML, 9.2.6, as written; but an event without data is none, and the end of the stream ends one."""
    found: list[bytes] = []
    data: list[bytes] = []
    for line in [*re.split(b"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf")), b""]:
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                data.append(value.removeprefix(b" "))
            continue
        event = b"\n".join(data)
        data.clear()
        if event:
            found.append(event)
    return found


@given(streams)
@tried(800)
def test_it_reads_what_the_standard_reads(stream: bytes) -> None:
    assert read([stream]) == standard(stream)


@given(streams, cuts())
@tried(800)
def test_cuts_change_nothing(stream: bytes, cut: Cut) -> None:
    assert read(cut(stream)) == standard(stream)


@given(streams, cuts(), st.integers(3, 64))
@tried(400)
def test_no_more_is_kept_than_the_limit(stream: bytes, cut: Cut, limit: int) -> None:
    """An event that is not whole yet is refused as soon as it is longer than the limit, and not before."""
    events, fed = Events(limit), b""
    for piece in cut(stream):
        fed += piece
        try:
            events.feed(piece)
        except TooLong:
            assert len(_open_block(fed)) >= limit  # of three line ends, one may count to what follows
            return
        assert len(_open_block(fed)) <= limit


def _open_block(stream: bytes) -> bytes:
    """What follows the last empty line."""
    lines = re.sub(b"\r\n|\r", b"\n", stream.removeprefix(b"\xef\xbb\xbf"))
    return lines.rpartition(b"\n\n")[2]
