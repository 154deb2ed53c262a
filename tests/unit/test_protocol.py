"""HTTP from callers, however it is cut into pieces; what it does over time, tests/fault has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from gateway.api.door import read_body
from gateway.api.turn import Turn
from gateway.errors import HungUp
from gateway.protocol import patient

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
PLAIN = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
OFFERED = PLAIN.replace(b"Content", OFFER + b"Content")


class Wire(asyncio.Transport):
    """Takes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.said += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""


def heard(pieces: Iterable[bytes], by_endpoint: bool = False) -> tuple[list[tuple[str, str, bytes]], bytes]:
    """The requests that are served (method, path, body), and all that is said to the caller."""
    got: list[tuple[str, str, bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        got.append((scope["method"], scope["path"], body))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def endpoint(turn: Turn) -> None:
        try:
            body = await read_body(turn.receive, 1_000, 20.0)
        except HungUp:
            return
        got.append((turn.method, "/a", body))
        await turn.answer(200, [], b"fine")

    async def run() -> bytes:
        kind = patient(20.0, {"/a": endpoint} if by_endpoint else {})
        config = uvicorn.Config(app, http=kind, log_config=None, access_log=False, lifespan="off")
        wire, protocol = Wire(), kind(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(wire)
        for piece in pieces:
            protocol.data_received(piece)
            for _ in range(4):
                await asyncio.sleep(0)
        protocol.connection_lost(None)
        await asyncio.sleep(0)
        return wire.said

    said = asyncio.run(run())
    return got, said


@pytest.mark.parametrize("by_endpoint", [True, False], ids=["an endpoint", "the application"])
@pytest.mark.parametrize("first", [PLAIN, OFFERED], ids=["plain", "with an offer of another protocol"])
def test_requests_are_the_same_wherever_they_are_cut(first: bytes, by_endpoint: bool) -> None:
    whole = first + PLAIN.replace(b"hello", b"again")
    wanted = [("POST", "/a", b"hello"), ("POST", "/a", b"again")]
    assert heard([whole], by_endpoint)[0] == wanted
    for place in range(1, len(whole)):
        assert heard([whole[:place], whole[place:]], by_endpoint)[0] == wanted, place
    assert heard([whole[i : i + 1] for i in range(len(whole))], by_endpoint)[0] == wanted


def test_a_tunnel_is_refused() -> None:
    got, said = heard([b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", b"\x16\x03\x01"])
    assert got == []
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b'"invalid_request"' in said


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([PLAIN, OFFERED, PLAIN[:20], b"\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"{"])
        | st.binary(max_size=40),
        max_size=6,
    )
)
def test_no_bytes_make_it_fail(pieces: list[bytes]) -> None:
    for by_endpoint in (True, False):
        said = heard(pieces, by_endpoint)[1]
        assert said == b"" or said.startswith(b"HTTP/1.1 ")
