"""The connection pool, over real sockets."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.backends.http import Endpoint, Pool
from gateway.backends.response import Limits
from gateway.errors import ProviderOverloaded, ProviderTimeout, ProviderUnavailable
from gateway.reach import Reach
from tests.reach import EVERYWHERE
from tests.upstream import FOREVER, Reply, Upstream


def endpoint(up: Upstream, **headers: str) -> Endpoint:
    return Endpoint.of("the server", "POST", f"{up.url}/x", headers)


async def ask(pool: Pool, where: Endpoint, body: bytes = b"{}") -> bytes:
    response = await pool.send(where, body, Limits())
    return await response.read()


def test_a_request_goes_out_as_it_was_made() -> None:
    with Upstream(Reply(raw=b"pong")) as up:
        where = Endpoint.of("s", "POST", f"{up.url}/x?y=1", {"authorization": "Bearer k"})
        assert asyncio.run(ask(Pool(EVERYWHERE), where, b"ping")) == b"pong"
    [seen] = up.requests
    assert (seen.method, seen.path, seen.raw) == ("POST", "/v1/x?y=1", b"ping")
    assert seen.headers["host"] == f"127.0.0.1:{up.port}"
    assert seen.headers["authorization"] == "Bearer k"


def test_an_endpoint_never_shows_its_key_and_refuses_what_would_split_a_header() -> None:
    assert "secret" not in repr(Endpoint.of("s", "GET", "http://h/", {"authorization": "secret"}))
    for url, headers in (
        ("http://h/", {"a": "b\r\nc: d"}),
        ("http://h/a b", {}),
        ("ftp://h/", {}),
        ("h", {}),
    ):
        with pytest.raises(ValueError, match="of s"):
            Endpoint.of("s", "GET", url, headers)


def test_calls_at_once_get_a_connection_each_and_later_ones_take_them_again() -> None:
    async def run(up: Upstream) -> None:
        pool = Pool(EVERYWHERE)
        for _ in range(3):
            await asyncio.gather(*(ask(pool, endpoint(up)) for _ in range(4)))
        await pool.close()

    for runner in (asyncio.run, uvloop.run):
        with Upstream(Reply(raw=b"x", before_headers=0.03)) as up:
            runner(run(up))
            assert up.connections == 4


def test_connections_are_bounded_and_whoever_waits_gets_the_next_free_one() -> None:
    async def run(up: Upstream) -> None:
        pool = Pool(EVERYWHERE, per_host=2)
        await asyncio.gather(*(ask(pool, endpoint(up)) for _ in range(8)))
        await pool.close()

    with Upstream(Reply(raw=b"x", before_headers=0.02)) as up:
        asyncio.run(run(up))
        assert (up.connections, len(up.requests)) == (2, 8)


def test_waiting_for_a_free_connection_ends_with_the_connect_limit() -> None:
    async def run(up: Upstream) -> None:
        pool = Pool(EVERYWHERE, per_host=1)
        busy = asyncio.create_task(ask(pool, endpoint(up)))
        await asyncio.sleep(0.05)
        with pytest.raises(ProviderOverloaded, match="busy"):
            await pool.send(endpoint(up), b"", Limits(connect=0.1))
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
        await asyncio.sleep(0.02)
        up.script = Reply(raw=b"free")
        assert await ask(pool, endpoint(up)) == b"free"

    with Upstream(Reply(before_headers=FOREVER)) as up:
        asyncio.run(run(up))


def test_one_who_stops_waiting_takes_no_connection_with_it() -> None:
    async def run(up: Upstream) -> None:
        pool = Pool(EVERYWHERE, per_host=1)
        first = asyncio.create_task(ask(pool, endpoint(up)))
        await asyncio.sleep(0.02)
        impatient = asyncio.create_task(ask(pool, endpoint(up)))
        patient = asyncio.create_task(ask(pool, endpoint(up)))
        await asyncio.sleep(0.02)
        impatient.cancel()
        assert await first == await patient == b"x"
        await pool.close()

    with Upstream(Reply(raw=b"x", before_headers=0.1)) as up:
        asyncio.run(run(up))
        assert up.connections == 1


def test_an_idle_connection_is_closed_after_a_while() -> None:
    async def run(up: Upstream) -> None:
        pool = Pool(EVERYWHERE, idle=0.1)
        await ask(pool, endpoint(up))
        await asyncio.sleep(0.3)
        await ask(pool, endpoint(up))
        await pool.close()

    with Upstream(Reply(raw=b"x")) as up:
        asyncio.run(run(up))
        assert up.connections == 2


def test_a_connection_that_the_server_wants_closed_is_not_used_again() -> None:
    async def run(up: Upstream) -> None:
        pool = Pool(EVERYWHERE)
        for _ in range(2):
            assert await ask(pool, endpoint(up)) == b"x"

    with Upstream(Reply(raw=b"x", keep_alive=False)) as up:
        asyncio.run(run(up))
        assert up.connections == 2


def test_a_reset_on_a_fresh_connection_is_not_hidden() -> None:
    with Upstream(Reply(reset=True)) as up:
        with pytest.raises(ProviderUnavailable, match="before it answered") as caught:
            asyncio.run(ask(Pool(EVERYWHERE), endpoint(up)))
        assert caught.value.retryable
        assert len(up.requests) == 1


def test_a_host_that_does_not_answer_the_handshake_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        where = Endpoint.of("far away", "GET", f"https://127.0.0.1:{mute.getsockname()[1]}/", {})
        started = time.monotonic()
        with pytest.raises(ProviderTimeout, match="far away did not accept"):
            asyncio.run(Pool(EVERYWHERE).send(where, b"", Limits(connect=0.2)))
        assert time.monotonic() - started < 1


def test_a_name_that_does_not_exist_is_unavailable() -> None:
    where = Endpoint.of("nobody", "GET", "http://nobody.invalid/", {})
    with pytest.raises((ProviderTimeout, ProviderUnavailable), match="nobody"):
        asyncio.run(Pool(EVERYWHERE).send(where, b"", Limits(connect=2)))


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(hosts, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


async def over_tls(file: Path, ask_it: Callable[[str], Awaitable[None]]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsealed")
        await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    await ask_it(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    server.close()


def test_tls_is_spoken_with_a_server_whose_certificate_is_trusted(tmp_path: Path) -> None:
    file = certificate(tmp_path)

    async def trusting(url: str) -> None:
        pool = Pool(EVERYWHERE, authorities=file)
        assert await ask(pool, Endpoint.of("s", "GET", url, {}), b"") == b"sealed"

    asyncio.run(over_tls(file, trusting))


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async def careful(url: str) -> None:
        with pytest.raises(ProviderUnavailable, match="certificate of s is not valid"):
            await ask(Pool(EVERYWHERE), Endpoint.of("s", "GET", url, {}), b"")

    asyncio.run(over_tls(certificate(tmp_path), careful))


def test_a_pool_that_is_closed_leaves_no_connection_open() -> None:
    async def run(up: Upstream) -> None:
        pool = Pool(EVERYWHERE)
        await asyncio.gather(*(ask(pool, endpoint(up)) for _ in range(3)))
        await pool.close()

    with Upstream(Reply(raw=b"x", before_headers=0.01)) as up:
        asyncio.run(run(up))
        up.wait(lambda: not up.open_connections)
    assert threading.active_count() < 20


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_an_address_that_is_not_allowed_is_not_connected_to(host: str) -> None:
    with Upstream() as up:
        where = Endpoint.of("model 'm'", "POST", f"http://{host}:{up.port}/v1", {})
        with pytest.raises(
            ProviderUnavailable, match=r"model 'm' is at an address .* may not connect"
        ) as failed:
            asyncio.run(Pool(Reach()).send(where, b"", Limits()))
        assert up.connections == 0
    assert not failed.value.retryable
    assert "127" not in failed.value.message


def test_a_name_is_connected_to_by_its_allowed_address() -> None:
    with Upstream(Reply(raw=b"pong")) as up:
        where = Endpoint.of("m", "POST", f"http://localhost:{up.port}/v1", {})
        assert asyncio.run(ask(Pool(Reach.of(["127.0.0.1"])), where, b"ping")) == b"pong"
        assert up.requests[0].headers["host"] == f"localhost:{up.port}"


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with Upstream() as elsewhere:
        with Upstream(Reply(status=307, raw=b"", headers={"location": elsewhere.url})) as up:

            async def asked() -> int:
                response = await Pool(EVERYWHERE).send(endpoint(up), b"", Limits())
                await response.read()
                return response.status

            assert asyncio.run(asked()) == 307
        assert elsewhere.connections == 0


def test_hosts_that_nobody_is_connected_to_are_forgotten() -> None:
    async def test() -> int:
        pool = Pool(EVERYWHERE, idle=0.0)
        for _ in range(5):
            with Upstream(Reply(raw=b"pong", keep_alive=False)) as up:
                await ask(pool, endpoint(up), b"ping")
            await asyncio.sleep(0.02)
        return len(pool._hosts)

    assert asyncio.run(test()) <= 2
