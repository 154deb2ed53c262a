"""An open session with a tool server that speaks MCP, and what can go wrong with its connection."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from gateway.backends.addresses import OutOfReach, addresses, port_of
from gateway.errors import ProviderTimeout, ProviderUnavailable
from gateway.policy.schema import ToolSource
from gateway.reach import Reach

if TYPE_CHECKING:
    from mcp import Client, StdioServerParameters

T = TypeVar("T")

START_SECONDS = 20.0  # to start a server and greet it


class Session:
    """One open session. A task of its own enters and leaves it: anyio's scopes ask for that."""

    client: Client

    def __init__(self, source: ToolSource, reach: Reach) -> None:
        self._source, self._reach = source, reach
        self._stop = asyncio.Event()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(), name=f"mcp {source.name}")

    @classmethod
    async def opened(cls, source: ToolSource, reach: Reach) -> Session:
        """A session that has greeted its server.

        Raises:
            ProviderUnavailable, ProviderTimeout: it cannot be opened; the message says why.
        """
        # The import takes a second: off the loop, so that other requests are served meanwhile.
        await asyncio.to_thread(importlib.import_module, "mcp")
        session = cls(source, reach)
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.shield(session._opened)
        except TimeoutError as error:
            await session.close()
            raise ProviderTimeout(
                f"tool server {source.name!r} did not start in {START_SECONDS:g} s"
            ) from error
        except asyncio.CancelledError:
            await session.close()
            raise
        except Exception as error:
            await session.close()
            raise ProviderUnavailable(_cannot_start(source, error)) from error
        return session

    @property
    def over(self) -> bool:
        return self._owner.done()

    async def use(self, asked: Awaitable[T], seconds: float) -> T:
        """Await something of the client's, and say in our words what went wrong with the connection.

        Raises:
            MCPError: the server's own answer.
        """
        from mcp import MCPError
        from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT

        name = self._source.name
        try:
            async with asyncio.timeout(seconds):
                return await asked
        except TimeoutError as error:
            raise ProviderTimeout(f"tool server {name!r} did not answer in {seconds:.3g} s") from error
        except MCPError as error:
            if error.code == REQUEST_TIMEOUT:
                raise ProviderTimeout(f"tool server {name!r} did not answer in time") from error
            if error.code == CONNECTION_CLOSED or self.over or error.code not in _SERVERS_OWN:
                raise ProviderUnavailable(f"tool server {name!r} broke off") from error
            raise
        except Exception as error:  # transports raise types of their own
            raise ProviderUnavailable(f"tool server {name!r} cannot be reached") from error

    async def close(self) -> None:
        self._stop.set()
        if not self._opened.done():
            self._owner.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await asyncio.shield(self._owner)
        if self._opened.done() and not self._opened.cancelled():
            self._opened.exception()  # seen

    async def _own(self) -> None:
        try:
            async with _client(self._source, self._reach) as self.client:
                self._opened.set_result(None)
                await self._stop.wait()
        except BaseException as error:
            if self._opened.done():
                raise
            self._opened.set_exception(
                ConnectionError() if isinstance(error, asyncio.CancelledError) else error
            )


# The JSON-RPC codes by which a server answers that a request is wrong; any other is the connection's.
_SERVERS_OWN = frozenset({-32700, -32600, -32601, -32602, -32603, -32002, -32020, -32021, -32042})


@asynccontextmanager
async def _client(source: ToolSource, reach: Reach) -> AsyncIterator[Client]:
    from mcp import Client
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    if source.url is not None:
        from gateway.backends.mcp_http import http_client

        await addresses(reach, urlsplit(source.url).hostname or "", port_of(source.url))
        async with http_client(source.headers, reach) as http:
            transport = streamable_http_client(source.url, http_client=http)
            async with Client(transport, cache=None) as client:
                yield client
        return
    with open(os.devnull, "w") as silent:  # noqa: ASYNC230 (never blocks); what a server logs may hold content
        async with Client(stdio_client(_child(source), errlog=silent), cache=None) as client:
            yield client


def _child(source: ToolSource) -> StdioServerParameters:
    """How to start a stdio server: with PATH, HOME and the like, and nothing else of our environment."""
    from mcp import StdioServerParameters

    program, *arguments = source.command
    return StdioServerParameters(command=sys.executable if program == "python" else program, args=arguments)


def _cannot_start(source: ToolSource, error: BaseException) -> str:
    if isinstance(error, OutOfReach):
        return f"tool server {source.name!r} is at an address that this gateway may not connect to"
    if source.url is not None:
        return f"tool server {source.name!r} cannot be reached, or does not speak MCP over streamable HTTP"
    if isinstance(error, FileNotFoundError):
        return f"tool server {source.name!r}: there is no program {source.command[0]!r}"
    return f"tool server {source.name!r} ended before it answered; run its command by hand to see why"
