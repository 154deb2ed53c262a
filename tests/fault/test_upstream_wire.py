"""Upstreams that break HTTP in every way: what the pool says, how soon, and that all is well afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
import uvloop

from gateway.backends.http import Endpoint, Pool, Sizes
from gateway.backends.response import Limits
from gateway.errors import ProviderBroken, ProviderError, ProviderTimeout, ProviderUnavailable
from tests.reach import EVERYWHERE
from tests.wire_upstream import Script, Talk, WireUpstream, answer, open_sockets, until

OK = answer(b"fine")
HEAD = b"HTTP/1.1 200 OK\r\n"
FAST = Limits(connect=0.5, first=0.3, idle=0.3, total=1.0)
SOON = 3.0  # seconds within which everything here is over, on a busy machine too
LARGE = b"x" * (8 * 1024 * 1024)
LOOPS: list[Callable[[Coroutine[Any, Any, None]], None]] = [asyncio.run, uvloop.run]


@dataclass
class Seen:
    """What came of a request, and of the upstream."""

    status: int = 0
    body: bytes = b""
    error: ProviderError | None = None
    connections: int = 0
    requests: int = 0


async def fetched(
    pool: Pool, up: WireUpstream, body: bytes = b"{}", hold: bool = False, most: int = 1000
) -> Seen:
    where = Endpoint.of("the model", "POST", up.url, {})
    try:
        response = await pool.send(where, body, FAST, hold_first=hold)
        try:
            return Seen(response.status, await response.read(most))
        finally:
            response.close()
    except ProviderError as error:
        return Seen(error=error)


def played(
    script: Script, body: bytes = b"{}", *, hold: bool = False, most: int = 1000, warm: int = 0
) -> Seen:
    """One request to an upstream that plays the script, after `warm` others, on both event loops.

    It is over soon; a request that follows is served; and no socket is left open.
    """
    seen = Seen()

    async def run() -> None:
        nonlocal seen
        before = open_sockets()
        with WireUpstream(lambda talk: script(talk) if talk.number == 1 else None) as up:
            pool = Pool(EVERYWHERE)
            for _ in range(warm):
                assert (await fetched(pool, up)).body == b"well"
            began = time.monotonic()
            seen = await fetched(pool, up, body, hold, most)
            assert time.monotonic() - began < SOON
            seen.connections, seen.requests = up.connections, len(up.requests)
            assert (await fetched(pool, up)).body == b"well"
            await pool.close()
            await asyncio.sleep(0.02)
            assert pool.sizes() == Sizes(0, 0, 0, 0)
        until(lambda: open_sockets() <= before)

    for loop in LOOPS:
        loop(run())
    return seen


def say(*pieces: bytes | float, then: Callable[[Talk], object] = Talk.hang) -> Script:
    """Reads a request, sends the pieces (numbers are pauses)."""

    def script(talk: Talk) -> None:
        talk.request()
        for piece in pieces:
            if isinstance(piece, float):
                time.sleep(piece)
            else:
                talk.send(piece)
        then(talk)

    return script


def trickles(said: bytes, after: bytes = b"") -> Script:
    """Reads a request, and answers it byte by byte after what is sent at once."""

    def script(talk: Talk) -> None:
        talk.request()
        talk.send(after)
        talk.trickle(said)

    return script


def stay(talk: Talk) -> None:
    """The connection is served on."""


# What is odd, and right


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"fine"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + OK, 200, b"fine"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n", 304, b""),
        (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 4\r\n\r\nfine", 200, b"fine"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n4;a=b\r\nfine\r\n0\r\ntrailer: x\r\n\r\n", 200, b"fine"),
        (HEAD + b"content-length: 0\r\n\r\n", 200, b""),
    ],
    ids=["100", "103 and 102", "204", "304", "HTTP/1.0 that stays", "chunks with all there is", "empty"],
)
def test_what_is_odd_and_right_is_read_and_its_connection_kept(said: bytes, status: int, body: bytes) -> None:
    seen = played(say(said, then=stay))
    assert (seen.status, seen.body, seen.connections) == (status, body, 1)
    half = len(said) // 2
    assert played(say(said[:half], 0.05, said[half:], then=stay)).body == body


@pytest.mark.parametrize(
    ("said", "then"),
    [
        (OK.replace(b"OK\r\n", b"OK\r\nconnection: close\r\n"), stay),
        (OK.replace(b"1.1", b"1.0"), stay),
        (OK + b"!", stay),
        (OK + answer(b"somebody else's"), stay),
        (HEAD + b"\r\nfine", Talk.close),
        (HEAD.replace(b"1.1", b"1.0") + b"\r\nfine", Talk.half_close),
    ],
    ids=["close", "HTTP/1.0", "too much", "a second response", "until it closes", "until it half-closes"],
)
def test_an_answer_stands_whose_connection_cannot_be_used_again(
    said: bytes, then: Callable[[Talk], object]
) -> None:
    """The next request has another: `played` asks one, and it gets its own answer."""
    assert played(say(said, then=then)).body == b"fine"


def test_a_response_that_nobody_asked_for_answers_nobody() -> None:
    async def run() -> None:
        with WireUpstream(lambda talk: talk.number == 1 and say(OK, 0.05, OK, then=stay)(talk)) as up:
            pool = Pool(EVERYWHERE)
            assert (await fetched(pool, up)).body == b"fine"
            await asyncio.sleep(0.2)
            assert pool.sizes().open == 0
            assert (await fetched(pool, up)).body == b"well"
            await pool.close()

    for loop in LOOPS:
        loop(run())


@pytest.mark.parametrize("then", [Talk.reset, Talk.close, Talk.hang, stay], ids=lambda then: then.__name__)
def test_an_answer_before_the_request_was_read_is_an_answer(then: Callable[[Talk], object]) -> None:
    """Its connection is not used again: nobody knows whether the server reads what is left of the request."""

    def early(talk: Talk) -> None:
        talk.head()
        talk.send(answer(b"too large", status=b"413 Payload Too Large"))
        time.sleep(0.05)
        if then is not stay:
            then(talk)

    seen = played(early, LARGE)
    assert (seen.status, seen.body) == (413, b"too large")


# What is wrong


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
        b"\0" * 100,
        b"<html>hello</html>\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        HEAD + b"content-length: -1\r\n\r\nfine",
        HEAD + b"content-length: 4\r\ncontent-length: 5\r\n\r\nfine",
        HEAD + b"content-length: 4, 5\r\n\r\nfine",
        HEAD + b"content-length: 99999999999999999999999\r\n\r\nfine",
        HEAD + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n4\r\nfine\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nhello, this is no size\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nfine and more than it said\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nfine\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
    ],
    ids=lambda said: repr(said[-40:]),
)
def test_what_is_not_http_is_broken_at_once(said: bytes) -> None:
    error = played(say(said)).error
    assert isinstance(error, ProviderBroken)
    assert error.message == "the model sent something that is not HTTP/1.1"


@pytest.mark.parametrize("then", [Talk.close, Talk.half_close, Talk.reset], ids=lambda then: then.__name__)
@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"content-length: 99\r\n\r\nfine",
        HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nfine\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n99\r\nfine",
    ],
    ids=["length", "between chunks", "in a chunk"],
)
def test_an_answer_that_ends_too_soon_is_broken(said: bytes, then: Callable[[Talk], object]) -> None:
    error = played(say(said, 0.05, then=then)).error
    assert isinstance(error, ProviderBroken)
    assert "in the middle of its answer" in error.message


def test_an_answer_that_a_reset_ends_is_not_whole_though_nothing_said_how_long_it_is() -> None:
    assert isinstance(played(say(HEAD + b"\r\nfine", 0.05, then=Talk.reset)).error, ProviderBroken)


@pytest.mark.parametrize("then", [Talk.close, Talk.half_close, Talk.reset], ids=lambda then: then.__name__)
@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 20", HEAD + b"content-le", b"HTTP/1.1 100 Continue\r\n\r\n"]
)
def test_a_connection_that_ends_before_the_answer_is_unavailable(
    said: bytes, then: Callable[[Talk], object]
) -> None:
    error = played(say(said, 0.02, then=then)).error
    assert isinstance(error, ProviderUnavailable)
    assert error.retryable


def test_a_body_larger_than_allowed_is_not_read_to_its_end() -> None:
    for head in (b"content-length: 8388608\r\n\r\n", b"\r\n"):
        error = played(say(HEAD + head + LARGE)).error
        assert isinstance(error, ProviderBroken)
        assert "more than 1000 bytes" in error.message


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"x: %s\r\n" % (b"x" * 100_000),
        HEAD + b"x: y\r\n" * 20_000,
        b"HTTP/1.1 100 Continue\r\nx: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n" * 5_000,
    ],
    ids=["one line", "many lines", "many interim responses"],
)
def test_a_head_larger_than_allowed_is_not_read_to_its_end(said: bytes) -> None:
    error = played(say(said)).error
    assert isinstance(error, ProviderBroken)
    assert "headers" in error.message


# What is slow


@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("said", [HEAD + b"x-long: " + b"x" * 500, b"HTTP/1.1 100 Continue\r\n\r\n" * 50])
def test_a_head_that_trickles_is_late_like_one_that_does_not_come(said: bytes, hold: bool) -> None:
    for script in (trickles(said), say()):
        error = played(script, hold=hold).error
        assert isinstance(error, ProviderTimeout)
        assert "did not begin to answer in time" in error.message


def test_a_body_that_stalls_and_one_that_trickles_for_ever_are_late() -> None:
    start = HEAD + b"content-length: 500\r\n\r\n"
    stalled = played(say(start + b"x")).error
    assert isinstance(stalled, ProviderTimeout)
    assert "paused too long" in stalled.message
    trickled = played(trickles(b"x" * 500, after=start)).error
    assert isinstance(trickled, ProviderTimeout)
    assert "did not finish" in trickled.message


def test_a_server_that_does_not_read_is_late_and_its_request_piles_up_nowhere() -> None:
    def deaf(talk: Talk) -> None:
        talk.head()
        time.sleep(1)

    error = played(deaf, LARGE).error
    assert isinstance(error, ProviderTimeout)


# Connections that were closed while they were idle


def closes(*then: Callable[[Talk], object], said: bytes = b"", after: float = 0.0) -> Script:
    """The first request is served; each connection's next one ends it, in the way given for it."""

    def script(talk: Talk) -> None:
        if talk.number == 1:
            talk.request()
            talk.send(answer(b"well"))
        if talk.number <= len(then):
            talk.request()
            time.sleep(after)
            talk.send(said)
            then[talk.number - 1](talk)

    return script


async def second(script: Script) -> tuple[Seen, WireUpstream]:
    """What comes of the second request to an upstream that keeps its connection after the first."""
    with WireUpstream(script) as up:
        pool = Pool(EVERYWHERE)
        assert (await fetched(pool, up)).body == b"well"
        seen = await fetched(pool, up)
        await pool.close()
        return seen, up


@pytest.mark.parametrize("then", [Talk.close, Talk.half_close, Talk.reset], ids=lambda then: then.__name__)
def test_a_request_that_met_a_closing_connection_is_asked_again_on_a_fresh_one(
    then: Callable[[Talk], object],
) -> None:
    for loop in (asyncio.run, uvloop.run):
        seen, up = loop(second(closes(then)))
        assert (seen.body, up.connections, len(up.requests)) == (b"well", 2, 3)


def test_it_is_asked_again_once_only() -> None:
    seen, up = asyncio.run(second(closes(Talk.reset, Talk.reset)))
    assert isinstance(seen.error, ProviderUnavailable)
    assert (up.connections, len(up.requests)) == (2, 3)


@pytest.mark.parametrize("said", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", HEAD])
def test_it_is_not_asked_again_once_anything_of_an_answer_has_come(said: bytes) -> None:
    seen, up = asyncio.run(second(closes(Talk.close, said=said)))
    assert isinstance(seen.error, ProviderUnavailable)
    assert (up.connections, len(up.requests)) == (1, 2)


def test_it_is_not_asked_again_by_the_pool_where_the_server_has_had_it_for_a_while() -> None:
    slow = Limits(first=5, total=5)

    async def run() -> None:
        with WireUpstream(closes(Talk.close, after=1.3)) as up:
            pool, where = Pool(EVERYWHERE), Endpoint.of("m", "POST", up.url, {})
            await (await pool.send(where, b"", slow)).read()
            with pytest.raises(ProviderUnavailable):
                await pool.send(where, b"", slow)
            assert up.connections == 1

    asyncio.run(run())


def test_what_was_closed_while_nobody_looked_is_not_used() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(answer(b"well"))
        talk.close()

    async def run() -> None:
        with WireUpstream(script) as up:
            pool = Pool(EVERYWHERE)
            for expected in range(1, 4):
                assert (await fetched(pool, up)).body == b"well"
                await asyncio.sleep(0.05)
                assert (up.connections, len(up.requests)) == (expected, expected)
            await pool.close()

    for loop in LOOPS:
        loop(run())
