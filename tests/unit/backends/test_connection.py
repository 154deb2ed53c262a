"""One connection, spoken to as the event loop does: when it may be used again and when not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gateway.backends.connection import Connection
from gateway.backends.response import Limits, Response
from gateway.errors import ProviderError


class Wire(asyncio.Transport):
    """A transport that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False
        self.unsent = 0

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Owner:
    def __init__(self) -> None:
        self.told: list[str] = []

    def opened(self, connection: Connection) -> None:
        self.told.append("opened")

    def freed(self, connection: Connection) -> None:
        self.told.append("freed")

    def gone(self, connection: Connection) -> None:
        self.told.append("gone")


def play(act: Callable[[Connection, Response], None]) -> tuple[Owner, Wire, Response]:
    async def run() -> tuple[Owner, Wire, Response]:
        owner, wire = Owner(), Wire()
        connection = Connection(asyncio.get_running_loop(), owner)
        connection.connection_made(wire)
        response = connection.ask(b"GET / HTTP/1.1\r\n\r\n", b"", "s", Limits(), hold_first=False)
        act(connection, response)
        response.close()
        return owner, wire, response

    return asyncio.run(run())


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_a_whole_response_frees_the_connection() -> None:
    owner, wire, response = play(lambda connection, _: connection.data_received(OK))
    assert owner.told == ["opened", "freed"]
    assert response.complete
    assert not wire.aborted


@pytest.mark.parametrize(
    "data",
    [
        OK.replace(b"OK\r\n", b"OK\r\nconnection: close\r\n"),
        OK.replace(b"1.1", b"1.0"),
        OK + OK,
        OK + b"rubbish",
    ],
    ids=["close", "HTTP/1.0", "a second response", "rubbish after it"],
)
def test_a_connection_that_cannot_be_trusted_further_is_cut_and_the_response_stands(data: bytes) -> None:
    owner, wire, response = play(lambda connection, _: connection.data_received(data))
    assert "freed" not in owner.told
    assert wire.aborted
    assert response.complete


def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    def act(connection: Connection, _: Response) -> None:
        connection.data_received(OK)
        connection.data_received(OK)

    _, wire, response = play(act)
    assert wire.aborted
    assert response.complete


def test_the_owner_hears_once_that_it_is_gone() -> None:
    owner, _, response = play(lambda connection, _: connection.connection_lost(None))
    assert owner.told == ["opened", "gone"]
    with pytest.raises(ProviderError):
        asyncio.run(response.head())
