"""A request and the reply to it, as bytes on a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from gateway.api.turn import Turn

PLAIN = [(b"content-type", b"text/plain")]
Endpoint = Callable[[Turn], Awaitable[None]]


class Wire(asyncio.Transport):
    """Takes what is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False
        self.answered = 0
        self.flow = FlowControl(self)

    def write(self, data: Any) -> None:
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def turn(self, method: str = "POST", **how: bool) -> Turn:
        return Turn(method, [], self, self.flow, self._complete, **how)

    def _complete(self) -> None:
        self.answered += 1


def served(endpoint: Endpoint, method: str = "POST", **how: bool) -> Wire:
    async def run() -> Wire:
        wire = Wire()
        await wire.turn(method, **how).run_asgi(endpoint)
        return wire

    return asyncio.run(run())


async def whole(turn: Turn) -> None:
    await turn.answer(200, PLAIN, b"fine")


async def stream(turn: Turn) -> None:
    turn.begin(PLAIN)
    await turn.write(b"one ")
    await turn.write(b"two ")
    await asyncio.sleep(0)
    await turn.write(b"three ")
    await turn.end(b"four")


def test_a_whole_reply_leaves_in_one_piece() -> None:
    wire = served(whole)
    assert wire.pieces == [b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\nfine"]
    assert (wire.answered, wire.closed) == (1, False)


def test_what_a_stream_is_given_at_once_leaves_together_and_without_delay() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
    assert served(stream).pieces == [
        head + b"8\r\none two \r\n",
        b"a\r\nthree four\r\n0\r\n\r\n",
    ]


def test_a_stream_in_http_1_0_ends_with_the_connection() -> None:
    wire = served(stream, keep_alive=False, chunked=False)
    head, _, body = b"".join(wire.pieces).partition(b"\r\n\r\n")
    assert head.endswith(b"\r\nconnection: close")
    assert b"chunked" not in head
    assert (body, wire.closed) == (b"one two three four", True)


def test_a_reply_that_says_close_ends_the_connection() -> None:
    async def endpoint(turn: Turn) -> None:
        await turn.answer(408, [(b"connection", b"close")], b"")

    wire = served(endpoint)
    assert wire.pieces[0].count(b"connection") == 1
    assert wire.closed


def test_a_head_alone_is_told_the_length_of_what_is_left_out() -> None:
    assert served(whole, "HEAD").pieces[0].endswith(b"content-length: 4\r\n\r\n")


def test_whoever_asks_first_is_told_to_go_on_once_the_body_is_wanted() -> None:
    async def endpoint(turn: Turn) -> None:
        turn.body += b"{}"
        turn.more_body = False
        assert (await turn.receive())["body"] == b"{}"
        await whole(turn)

    assert served(endpoint, expects=True).pieces[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert len(served(whole, expects=True).pieces) == 1


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\x00b"])
def test_no_header_gets_in_by_another(value: bytes) -> None:
    async def endpoint(turn: Turn) -> None:
        await turn.answer(200, [(b"x-name", value)], b"")

    wire = served(endpoint)
    assert (wire.pieces, wire.closed) == ([], True)


def test_a_reply_that_breaks_off_is_not_taken_for_the_whole() -> None:
    async def endpoint(turn: Turn) -> None:
        turn.begin(PLAIN)
        await turn.write(b"half")
        raise RuntimeError("nobody foresaw it")

    wire = served(endpoint)
    assert wire.pieces[-1].endswith(b"4\r\nhalf\r\n")
    assert wire.closed


def test_a_caller_that_leaves_ends_what_is_done_for_it() -> None:
    seen: list[bool] = []

    async def endpoint(turn: Turn) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            turn.stay()
            seen.append(turn.left)
            await whole(turn)

    async def run() -> Wire:
        wire = Wire()
        turn = wire.turn()
        task = asyncio.create_task(turn.run_asgi(endpoint))
        await asyncio.sleep(0)
        turn.leave()
        await task
        return wire

    assert asyncio.run(run()).pieces == []
    assert seen == [True]


def test_a_caller_that_left_before_it_was_served_sends_no_body() -> None:
    async def run() -> Any:
        turn = Wire().turn()
        turn.leave()
        return await turn.receive()

    assert asyncio.run(run()) == {"type": "http.disconnect"}


def test_a_stream_waits_for_a_caller_that_does_not_read() -> None:
    async def run() -> None:
        wire = Wire()
        turn = wire.turn()
        turn.begin(PLAIN)
        await turn.write(b"one")
        await asyncio.sleep(0)
        wire.flow.pause_writing()
        writing = asyncio.create_task(turn.write(b"two"))
        await asyncio.sleep(0.01)
        turn.comment(b": still here")
        assert not writing.done()
        wire.flow.resume_writing()
        await writing
        await turn.end(b"")
        assert b"two" in b"".join(wire.pieces)
        assert b"still here" not in b"".join(wire.pieces)

    asyncio.run(run())
