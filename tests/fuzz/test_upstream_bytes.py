"""Whatever bytes an upstream sends, in whatever cuts: a response or a clear error, and nobody hangs."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.connection import Connection
from gateway.backends.response import Limits
from gateway.errors import ProviderError
from tests.fuzz.profile import Cut, cuts, tried

STATUSES = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 503 No\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 204 \r\n",
)
FIELDS = (
    *(b"content-length: 5\r\n", b"content-length: -1\r\n", b"content-length: 99999999999999999999\r\n"),
    *(
        b"transfer-encoding: chunked\r\n",
        b"connection: close\r\n",
        b"upgrade: h2c\r\nconnection: upgrade\r\n",
    ),
    *(b"content-type: text/event-stream\r\n", b"x: \xff\r\n", b" folded\r\n", b": x\r\n", b"x" * 70_000),
)
BODIES = (
    *(b"hello", b"5\r\nhello\r\n", b"0\r\n\r\n", b"FFFFFFFFFFFFFFFF\r\n", b"data: {}\n\n", b"\0", b"\r\n"),
)


def _some(pieces: tuple[bytes, ...], most: int) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(pieces), max_size=most).map(b"".join)


soup = st.lists(
    st.one_of(st.sampled_from((*STATUSES, *FIELDS, *BODIES)), st.binary(max_size=8)), max_size=12
).map(b"".join)
likely = st.tuples(
    st.sampled_from(STATUSES),
    _some(FIELDS, 2),
    st.just(b"\r\n"),
    _some(BODIES, 3),
    st.one_of(st.just(b""), soup),
).map(b"".join)


class _Wire(asyncio.Transport):
    """A transport that says whether it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.cut = False

    def write(self, data: bytes | bytearray | memoryview) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def abort(self) -> None:
        self.cut = True

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.cut


class _Owner:
    """Counts how often a connection was given back for the next request."""

    def __init__(self) -> None:
        self.freed_times = 0

    def opened(self, connection: Connection) -> None: ...
    def gone(self, connection: Connection) -> None: ...

    def freed(self, connection: Connection) -> None:
        self.freed_times += 1


async def fetched(pieces: list[bytes], clean: bool) -> tuple[int, bytes] | str:
    """The status and the body of what the pieces say, or the name of the error."""
    wire, owner = _Wire(), _Owner()
    connection = Connection(asyncio.get_running_loop(), owner)
    connection.connection_made(wire)
    response = connection.ask(b"GET / HTTP/1.1\r\n\r\n", b"", "up", Limits(), hold_first=False)
    try:
        for piece in pieces:
            if not wire.cut:
                connection.data_received(piece)
        connection.connection_lost(None if clean else ConnectionResetError())
        await response.head()
        found: tuple[int, bytes] | str = (response.status, await response.read(limit=1_000_000))
        assert response.complete
    except ProviderError as error:
        found = type(error).__name__
    finally:
        response.close()
    assert owner.freed_times <= 1
    return found


@given(st.one_of(likely, soup), cuts(), st.booleans())
@tried(800)
def test_a_response_or_an_error_whatever_comes(stream: bytes, cut: Cut, clean: bool) -> None:
    """Everything that can come has come, so whoever still waits would wait for ever."""
    whole = asyncio.run(asyncio.wait_for(fetched([stream] if stream else [], clean), 10))
    pieces = asyncio.run(asyncio.wait_for(fetched([piece for piece in cut(stream) if piece], clean), 10))
    if isinstance(whole, tuple) and isinstance(pieces, tuple):
        assert whole == pieces
    else:
        assert isinstance(whole, str) == isinstance(pieces, str), (whole, pieces)
