"""The client under MCP connects where it may, under the name that was asked for."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from gateway.backends.mcp_http import http_client
from gateway.reach import Reach
from tests.upstream import Reply, Upstream

LOOPBACK = Reach.of(["127.0.0.1"])


async def get(url: str, reach: Reach) -> httpx2.Response:
    async with http_client({"x-own": "1"}, reach) as client:
        return await client.get(url)


def test_a_name_is_connected_to_by_its_allowed_address_and_keeps_its_host_header() -> None:
    with Upstream(Reply(json={"fine": True})) as up:
        reply = asyncio.run(get(f"http://localhost:{up.port}/mcp", LOOPBACK))
        assert reply.json() == {"fine": True}
        assert up.requests[0].headers["host"] == f"localhost:{up.port}"
        assert up.requests[0].headers["x-own"] == "1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_an_address_that_is_not_allowed_is_not_connected_to(host: str) -> None:
    with Upstream() as up:
        with pytest.raises(httpx2.ConnectError, match="may not connect"):
            asyncio.run(get(f"http://{host}:{up.port}/mcp", Reach()))
        assert up.connections == 0


def test_a_redirect_is_not_followed_elsewhere() -> None:
    with Upstream() as elsewhere:
        away = Reply(status=307, raw=b"", headers={"location": f"http://127.0.0.1:{elsewhere.port}/"})
        with Upstream(away) as up:
            assert asyncio.run(get(f"http://127.0.0.1:{up.port}/mcp", LOOPBACK)).status_code == 307
        assert elsewhere.connections == 0
