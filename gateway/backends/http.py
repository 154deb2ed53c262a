"""A pool of keep-alive HTTP/1.1 connections to upstreams, made to cost little CPU a call."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import certifi

from gateway.backends.addresses import OutOfReach, addresses
from gateway.backends.connection import Connection
from gateway.backends.response import Limits, Response
from gateway.errors import ProviderError, ProviderOverloaded, ProviderTimeout, ProviderUnavailable
from gateway.reach import Reach

_FORBIDDEN = frozenset("\r\n\0")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is asked for, made once and used for many calls; `name` stands for it in errors.

    `head` is the request up to its content-length, and may hold a key: it is never shown.
    """

    name: str
    origin: Origin
    head: bytes

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r})"

    @classmethod
    def of(cls, name: str, method: str, url: str, headers: Mapping[str, str]) -> Endpoint:
        """Raises ValueError for a URL or a header that cannot be sent."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the URL of {name} is not http(s)://host[:port]/path")
        tls = parts.scheme == "https"
        origin = Origin(parts.hostname, parts.port or (443 if tls else 80), tls)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        lines = [f"{method} {path} HTTP/1.1", f"host: {host}", *(f"{k}: {v}" for k, v in headers.items())]
        if any(_FORBIDDEN & set(line) for line in lines) or " " in path:
            raise ValueError(f"the URL or a header of {name} holds a character that HTTP forbids there")
        return cls(name, origin, "\r\n".join(lines).encode("latin-1") + b"\r\n")


class _Host:
    """The connections to one origin: at most `limit`, each closed after `idle_seconds` without work."""

    __slots__ = ("_limit", "_seconds", "_sweep", "_waiting", "closed", "connecting", "idle", "open")

    def __init__(self, limit: int, idle_seconds: float) -> None:
        self._limit, self._seconds = limit, idle_seconds
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self.idle: list[Connection] = []  # the last one used is the first one taken
        self.open = self.connecting = 0
        self.closed = False

    @property
    def in_use(self) -> bool:
        return bool(self.open or self.connecting or self._waiting)

    @property
    def full(self) -> bool:
        return self.open + self.connecting >= self._limit

    def take(self) -> Connection | None:
        while self.idle:
            connection = self.idle.pop()
            if not connection.lost:
                return connection
        return None

    async def wait(self, seconds: float) -> Connection | None:
        """A connection that came free, or None: one may be opened now. Raises TimeoutError."""
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self._give(waiter.result())
            waiter.cancel()
            raise

    def _give(self, connection: Connection | None) -> None:
        """To whoever has waited longest; a connection that nobody waits for becomes idle."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is not None and not connection.lost:
            self._rest(connection)

    def _rest(self, connection: Connection) -> None:
        if self.closed:
            connection.abort()
            return
        connection.idle_since = connection.loop.time()
        self.idle.append(connection)
        if self._sweep is None:
            self._sweep = connection.loop.call_later(self._seconds / 2, self._expire)

    def _expire(self) -> None:
        """Close what has been idle for too long; runs only while something is idle."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._seconds
        for connection in [c for c in self.idle if c.idle_since < oldest and not c.lost]:
            connection.abort()
        self.idle = [c for c in self.idle if not c.lost]
        self._sweep = loop.call_later(self._seconds / 2, self._expire) if self.idle else None

    def close(self) -> None:
        self.closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        while self.idle:
            self.idle.pop().abort()

    # What a connection says.

    def opened(self, connection: Connection) -> None:
        self.open += 1

    def freed(self, connection: Connection) -> None:
        self._give(connection)

    def gone(self, connection: Connection) -> None:
        self.open -= 1
        self.may_open()

    def may_open(self) -> None:
        if not self.full:
            self._give(None)


class Pool:
    """Connections to any number of hosts, `per_host` to each, closed after `idle` seconds without work.

    `reach` bounds the addresses that are connected to, whatever a host's name says. Redirects are not
    followed: whoever asks gets them as they are. Belongs to the event loop that it is first used in.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        per_host: int = 512,
        idle: float = 30.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._reach = reach
        self._per_host = per_host
        self._idle = idle
        self._tls = tls
        self._hosts: dict[Origin, _Host] = {}

    async def send(
        self,
        endpoint: Endpoint,
        body: bytes,
        limits: Limits,
        *,
        headers: bytes = b"",
        hold_first: bool = False,
    ) -> Response:
        """Ask, and return when the response's head is there. `headers` are more lines, each ending in CRLF.

        With `hold_first` the limit to the first byte runs until `Response.settled` is called.

        Raises:
            ProviderUnavailable: no connection, one that is not allowed, or it closed before a response.
            ProviderTimeout: one of the limits passed.
            ProviderOverloaded: all connections stayed busy.
            ProviderBroken: what came is not HTTP.
        """
        request = b"%s%scontent-length: %d\r\n\r\n%s" % (endpoint.head, headers, len(body), body)
        host = self._host(endpoint.origin)
        connection, reused = await self._connection(host, endpoint, limits.connect)
        while True:
            response = connection.ask(request, endpoint.name, limits, hold_first)
            try:
                await response.head()
            except ProviderUnavailable:
                if response.began or not reused:
                    raise
                # The server closed an idle connection while this was under way: it has seen nothing of it.
                connection, reused = await self._connect(host, endpoint, limits.connect), False
            else:
                return response

    async def close(self) -> None:
        """Cut all idle connections; those at work end with their responses."""
        for host in self._hosts.values():
            host.close()
        await asyncio.sleep(0)  # the sockets close in the loop's next turn

    def _host(self, origin: Origin) -> _Host:
        host = self._hosts.get(origin)
        if host is None:
            self._hosts = {known: kept for known, kept in self._hosts.items() if kept.in_use}
            host = self._hosts[origin] = _Host(self._per_host, self._idle)
        return host

    async def _connection(self, host: _Host, endpoint: Endpoint, seconds: float) -> tuple[Connection, bool]:
        """One that is open already, where there is one; and whether it was."""
        connection = host.take()
        if connection is None and host.full:
            connection = await self._wait(host, endpoint, seconds)
        if connection is not None and not connection.lost:
            return connection, True
        return await self._connect(host, endpoint, seconds), False

    async def _wait(self, host: _Host, endpoint: Endpoint, seconds: float) -> Connection | None:
        try:
            return await host.wait(seconds)
        except TimeoutError as error:
            raise ProviderOverloaded(
                f"all {self._per_host} connections to {endpoint.name} are busy"
            ) from error

    async def _connect(self, host: _Host, endpoint: Endpoint, seconds: float) -> Connection:
        host.connecting += 1
        try:
            async with asyncio.timeout(seconds):
                return await self._opened(host, endpoint.origin)
        except OSError as error:  # TimeoutError is one, too
            raise _translated(endpoint.name, error) from error
        finally:
            host.connecting -= 1
            host.may_open()

    async def _opened(self, host: _Host, origin: Origin) -> Connection:
        """To the first of the host's allowed addresses that accepts it; raises OSError, the last one's."""
        *others, last = await addresses(self._reach, origin.host, origin.port)
        for address in others:
            with suppress(OSError):
                return await self._to(address, host, origin)
        return await self._to(last, host, origin)

    async def _to(self, address: str, host: _Host, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        tls = self._context() if origin.tls else None
        name = origin.host if tls else None
        _, connection = await loop.create_connection(
            lambda: Connection(loop, host), address, origin.port, ssl=tls, server_hostname=name
        )
        return connection

    def _context(self) -> ssl.SSLContext:
        """Made once: the system's authorities and certifi's."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.load_verify_locations(certifi.where())
        return self._tls


def _translated(name: str, error: OSError) -> ProviderError:
    if isinstance(error, OutOfReach):
        return ProviderUnavailable(f"{name} is at an address that this gateway may not connect to")
    if isinstance(error, TimeoutError):
        return ProviderTimeout(f"{name} did not accept a connection in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ProviderUnavailable(f"the certificate of {name} is not valid: {error.verify_message}")
    return ProviderUnavailable(f"{name} cannot be reached", retryable=True)
