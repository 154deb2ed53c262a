"""A response as it comes: bodies of every framing, limits, and connections that break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from gateway.backends.http import Endpoint, Pool
from gateway.backends.response import Limits, Response
from gateway.errors import ProviderBroken, ProviderTimeout, ProviderUnavailable
from tests.reach import EVERYWHERE

Use = Callable[[Response], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\n"
FAST = Limits(first=0.2, idle=0.2, total=1.0)


async def exchange(pieces: tuple[bytes | float, ...], use: Use, limits: Limits) -> bool:
    """Send the pieces (numbers are pauses), close, and let `use` have the response; whether it was cut."""
    cut = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            for piece in pieces:
                if isinstance(piece, float):
                    await asyncio.wait_for(reader.read(1), piece)
                    cut.set()
                    break
                writer.write(piece)
                await writer.drain()
        except TimeoutError:
            pass
        except ConnectionError:
            cut.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        response = await Pool(EVERYWHERE).send(Endpoint.of("s", "GET", url, {}), b"", limits)
        await use(response)
        response.close()
        await asyncio.sleep(0.02)
    finally:
        server.close()
    return cut.is_set()


def read(*pieces: bytes | float, limits: Limits = FAST, most: int = 1000) -> bytes:
    body = b""

    async def use(response: Response) -> None:
        nonlocal body
        body = await response.read(most)

    asyncio.run(exchange(pieces, use, limits))
    return body


def iterated(*pieces: bytes | float, limits: Limits = FAST) -> list[bytes]:
    chunks: list[bytes] = []

    async def use(response: Response) -> None:
        chunks.extend([chunk async for chunk in response])

    asyncio.run(exchange(pieces, use, limits))
    return chunks


@pytest.mark.parametrize(
    "framed",
    [
        b"content-length: 5\r\n\r\nhello",
        b"transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\ntrailer: x\r\n\r\n",
        b"connection: close\r\n\r\nhello",
    ],
    ids=["length", "chunked", "chunked with trailer", "until close"],
)
def test_a_body_of_every_framing_is_read_whole_however_it_is_cut(framed: bytes) -> None:
    whole = HEAD + framed
    assert read(whole) == b"hello"
    assert read(*(whole[i : i + 1] for i in range(len(whole)))) == b"hello"
    assert b"".join(iterated(whole)) == b"hello"


@pytest.mark.parametrize(
    "cut",
    [b"content-length: 9\r\n\r\nhello", b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"],
)
def test_a_body_that_is_cut_is_an_error_whichever_way_it_is_read(cut: bytes) -> None:
    for way in (read, iterated):
        with pytest.raises(ProviderBroken, match="s closed the connection in the middle"):
            way(HEAD + cut)


def test_a_connection_that_closes_before_or_in_the_head_is_unavailable() -> None:
    for start in ((), (b"HTTP/1.1 200",)):
        with pytest.raises(ProviderUnavailable):
            read(*start)


@pytest.mark.parametrize("head", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"])
def test_what_is_not_http_is_an_error(head: bytes) -> None:
    with pytest.raises(ProviderBroken, match="not HTTP"):
        read(head)


def test_an_upgrade_that_nobody_asked_for_is_an_error() -> None:
    with pytest.raises(ProviderBroken):
        read(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")


def test_interim_responses_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    assert read(early + HEAD + b"content-length: 2\r\n\r\nok") == b"ok"


def test_a_body_larger_than_asked_for_is_an_error() -> None:
    large = HEAD + b"content-length: 2000\r\n\r\n" + b"x" * 2000
    with pytest.raises(ProviderBroken, match="more than 1000 bytes"):
        read(large)
    with pytest.raises(ProviderBroken, match="more than 1000 bytes"):
        read(large[:1500], 1.0)


def test_headers_without_end_are_an_error() -> None:
    with pytest.raises(ProviderBroken, match="headers"):
        read(HEAD, *(b"x-%d: %s\r\n" % (i, b"y" * 1000) for i in range(200)), 1.0)


def test_each_limit_says_what_took_too_long() -> None:
    start = HEAD + b"content-length: 100\r\n\r\n"
    with pytest.raises(ProviderTimeout, match="begin"):
        read(1.0)
    with pytest.raises(ProviderTimeout, match="begin"):
        read(start, 1.0)
    with pytest.raises(ProviderTimeout, match="paused"):
        read(start, b"x", 1.0)
    with pytest.raises(ProviderTimeout, match="finish"):
        read(start, b"x", 1.0, limits=Limits(total=0.2))


def test_a_reader_that_is_slow_holds_the_server_back_and_does_not_time_it_out() -> None:
    size = 8 * 1024 * 1024
    seen = 0

    async def use(response: Response) -> None:
        nonlocal seen
        await asyncio.sleep(0.4)
        assert response._unread < 2 * 1024 * 1024
        async for chunk in response:
            seen += len(chunk)

    head = HEAD + b"content-length: %d\r\n\r\n" % size
    pieces = (head, *(b"x" * 65536 for _ in range(size // 65536)))
    asyncio.run(exchange(pieces, use, Limits(first=0.2, idle=0.2, total=5)))
    assert seen == size


def test_closing_half_way_cuts_the_connection_at_once() -> None:
    async def use(response: Response) -> None:
        await anext(response)

    assert asyncio.run(exchange((HEAD + b"content-length: 9\r\n\r\nx", 1.0), use, FAST))


def test_finishing_waits_a_moment_for_the_end_without_holding_anybody_up() -> None:
    async def use(response: Response) -> None:
        await anext(response)
        started = time.monotonic()
        response.finish(grace=0.5)
        assert time.monotonic() - started < 0.2  # far less than the grace, on a busy machine too
        await asyncio.sleep(0.7)

    assert asyncio.run(exchange((HEAD + b"content-length: 9\r\n\r\nx", 1.0), use, FAST))
