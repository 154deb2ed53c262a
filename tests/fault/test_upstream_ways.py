"""The way to an upstream: TLS, proxies, and hosts with several addresses, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from gateway.backends.http import Endpoint, Pool
from gateway.backends.racing import connected, in_turns
from gateway.backends.response import Limits
from gateway.errors import ProviderError, ProviderTimeout, ProviderUnavailable
from gateway.proxies import Proxies
from gateway.reach import Reach
from tests.certificates import Authority
from tests.reach import EVERYWHERE
from tests.wire_upstream import Talk, WireUpstream

FAST = Limits(connect=0.5, first=2.0, idle=2.0, total=3.0)
LOOPS: list[Callable[[Coroutine[Any, Any, None]], None]] = [asyncio.run, uvloop.run]
on_both = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
Loop = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def asked(pool: Pool, url: str, limits: Limits = FAST) -> bytes:
    response = await pool.send(Endpoint.of("the model", "POST", url, {}), b"{}", limits)
    return await response.read()


async def refused(pool: Pool, url: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await asked(pool, url)
    await pool.close()
    return caught.value


# TLS


@on_both
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_trusted_server_is_asked_and_the_next_connection_takes_its_session_up(
    authority: Authority, loop: Loop, version: ssl.TLSVersion
) -> None:
    def once(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nwell")
        talk.close()

    async def run() -> None:
        with WireUpstream(once, tls=authority.server("127.0.0.1", version=version)) as up:
            pool = Pool(EVERYWHERE, authorities=authority.file)
            for _ in range(3):
                assert await asked(pool, up.url) == b"well"
            assert up.resumed == [False, True, True]
            await pool.close()

    loop(run())


@on_both
def test_whom_nobody_vouches_for_gets_nothing(authority: Authority, loop: Loop) -> None:
    async def run() -> None:
        with WireUpstream(tls=authority.server("127.0.0.1")) as up:
            error = await refused(Pool(EVERYWHERE), up.url)
            assert "the certificate of the model is not valid" in error.message
            assert not error.retryable
            assert not up.requests

    loop(run())


@pytest.mark.parametrize(("hosts", "days"), [(("other.example", "127.0.0.2"), 1), (("127.0.0.1",), -1)])
def test_a_certificate_for_another_host_or_one_that_is_over_is_none(
    authority: Authority, hosts: tuple[str, ...], days: int
) -> None:
    async def run() -> None:
        with WireUpstream(tls=authority.server(*hosts, days=days)) as up:
            error = await refused(Pool(EVERYWHERE, authorities=authority.file), up.url)
            assert isinstance(error, ProviderUnavailable)
            assert "is not valid" in error.message
            assert not up.requests

    asyncio.run(run())


@on_both
def test_a_server_that_speaks_no_tls_and_one_that_says_nothing_are_told_apart(
    authority: Authority, loop: Loop
) -> None:
    async def run() -> None:
        with WireUpstream(lambda talk: talk.send(b"SSH-2.0-x\r\n")) as other, WireUpstream(Talk.hang) as mute:
            pool = Pool(EVERYWHERE, authorities=authority.file)
            spoke = await refused(pool, other.url.replace("http:", "https:"))
            assert "TLS could not be agreed on" in spoke.message
            began = time.monotonic()
            silent = await refused(Pool(EVERYWHERE), mute.url.replace("http:", "https:"))
            assert isinstance(silent, ProviderTimeout)
            assert time.monotonic() - began < 2

    loop(run())


# Names and addresses


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://nowhere.invalid/", "its name cannot be looked up"),
        ("http://127.0.0.1:1/", "the connection was refused"),
        (f"http://{'x' * 70}.example/", "cannot be reached"),
    ],
)
def test_why_a_connection_could_not_be_had_is_told(url: str, said: str) -> None:
    error = asyncio.run(refused(Pool(EVERYWHERE), url))
    assert isinstance(error, ProviderUnavailable)
    assert said in error.message
    assert error.retryable


def test_an_address_of_version_six_is_asked() -> None:
    async def run() -> None:
        with WireUpstream(host="::1") as up:
            pool = Pool(EVERYWHERE)
            assert await asked(pool, up.url) == b"well"
            assert b"host: [::1]" in up.requests[0]
            await pool.close()

    asyncio.run(run())


@on_both
def test_the_first_address_that_accepts_is_taken_and_the_others_are_left(loop: Loop) -> None:
    async def run() -> None:
        with WireUpstream() as up:
            line = await connected(["127.0.0.2", "::1", "127.0.0.1"], up.port)
            assert line.transport.get_extra_info("peername")[0] == "127.0.0.1"
            line.transport.abort()
            with pytest.raises(ConnectionRefusedError):
                await connected(["::1", "127.0.0.2"], up.port)

    loop(run())


def test_the_families_take_turns() -> None:
    assert in_turns(["::1", "::2", "::3", "1.1.1.1"]) == ["::1", "1.1.1.1", "::2", "::3"]
    assert in_turns(["1.1.1.1", "::1"]) == ["1.1.1.1", "::1"]


# Proxies


def leads_on(authority: Authority, seen: list[bytes]) -> Callable[[Talk], object]:
    """A proxy that says yes, and is the server itself."""

    def script(talk: Talk) -> None:
        seen.append(talk.head())
        talk.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        talk.socket = authority.server("api.example").wrap_socket(talk.socket, server_side=True)

    return script


@on_both
def test_what_is_asked_over_tls_goes_through_the_proxy_unseen_by_it(authority: Authority, loop: Loop) -> None:
    async def run() -> None:
        seen: list[bytes] = []
        with WireUpstream(leads_on(authority, seen)) as up:
            proxies = Proxies.of({"HTTPS_PROXY": f"http://user:s3cret@127.0.0.1:{up.port}"})
            pool = Pool(Reach(), proxies=proxies, authorities=authority.file)
            assert await asked(pool, "https://api.example/v1") == b"well"
            assert await asked(pool, "https://api.example/v1") == b"well"
            assert seen == [
                b"CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\n"
                b"proxy-authorization: Basic dXNlcjpzM2NyZXQ=\r\n\r\n"
            ]
            assert all(b"proxy-authorization" not in request for request in up.requests)
            await pool.close()

    loop(run())


def test_what_is_asked_without_tls_is_asked_of_the_proxy() -> None:
    async def run() -> None:
        with WireUpstream() as up:
            pool = Pool(Reach(), proxies=Proxies.of({"HTTP_PROXY": f"127.0.0.1:{up.port}"}))
            assert await asked(pool, "http://api.example:8000/v1?x=1") == b"well"
            assert up.requests[0].startswith(
                b"POST http://api.example:8000/v1?x=1 HTTP/1.1\r\nhost: api.example:8000\r\n"
            )
            await pool.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "said", "again"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy wants other credentials", False),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy answered with 403", False),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy answered with 502", True),
        (b"SSH-2.0-x\r\n\r\n", "the proxy does not speak HTTP", False),
        (b"x" * 100_000, "the proxy does not speak HTTP", False),
    ],
)
def test_a_proxy_that_does_not_lead_on_is_told(answer: bytes, said: str, again: bool) -> None:
    def script(talk: Talk) -> None:
        talk.head()
        talk.send(answer)
        talk.hang()

    async def run() -> None:
        with WireUpstream(script) as up:
            proxies = Proxies.of({"HTTPS_PROXY": f"http://user:s3cret@127.0.0.1:{up.port}"})
            error = await refused(Pool(Reach(), proxies=proxies), "https://api.example/v1")
            assert said in error.message
            assert error.retryable is again
            assert "s3cret" not in error.message

    asyncio.run(run())


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "0x7f.1", "[fd00::1]"])
def test_a_proxy_is_no_way_round_what_may_be_reached(host: str) -> None:
    async def run() -> None:
        with WireUpstream() as up:
            pool = Pool(Reach(), proxies=Proxies.of({"ALL_PROXY": f"127.0.0.1:{up.port}"}))
            for scheme in ("http", "https"):
                error = await refused(pool, f"{scheme}://{host}/v1")
                assert "may not connect to" in error.message
            assert up.connections == 0

    asyncio.run(run())
