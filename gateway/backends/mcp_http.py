"""An HTTP client for the `mcp` package that connects to allowed addresses only.

The package follows redirects within the server's own origin alone, and each request comes through here.
Proxies that the environment names are not used, as for models. Imported when a session is opened, since
`httpx2` comes with the extra.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx2
from mcp.shared._httpx_utils import MCP_DEFAULT_SSE_READ_TIMEOUT, MCP_DEFAULT_TIMEOUT

from gateway.backends.addresses import addresses, port_of
from gateway.reach import Reach


def http_client(headers: Mapping[str, str], reach: Reach) -> httpx2.AsyncClient:
    """A client with the package's own time limits."""
    limits = httpx2.Timeout(MCP_DEFAULT_TIMEOUT, read=MCP_DEFAULT_SSE_READ_TIMEOUT)
    return httpx2.AsyncClient(headers=dict(headers), timeout=limits, transport=Reaching(reach))


class Reaching(httpx2.AsyncBaseTransport):
    """Sends each request to an address that was held against `reach`, under the name that was asked for."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._inner = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises httpx2.ConnectError where no allowed address accepts a connection."""
        host = request.url.host
        try:
            *others, last = await addresses(self._reach, host, port_of(str(request.url)))
        except OSError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        for address in others:
            try:
                return await self._inner.handle_async_request(_to(address, request))
            except httpx2.ConnectError:
                continue
        return await self._inner.handle_async_request(_to(last, request))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _to(address: str, request: httpx2.Request) -> httpx2.Request:
    """The request for an address: its Host header stays, and a certificate is asked for the name."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
