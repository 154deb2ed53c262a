"""A pool of keep-alive HTTP/1.1 connections to upstreams, made to cost little CPU a call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gateway.backends.connection import Connection
from gateway.backends.dialing import Dialer, Origin, refused_by_proxy, translated
from gateway.backends.host import Host
from gateway.backends.line import authorized
from gateway.backends.response import Limits, Response
from gateway.errors import ProviderOverloaded, ProviderUnavailable
from gateway.proxies import Proxies, Proxy
from gateway.reach import Reach

_FORBIDDEN = frozenset("\r\n\0")
_STALE = 1.0  # seconds within which a server that had closed an idle connection is heard of
_DIRECT = Proxies()


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


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many connections are open (`idle` of these without work) or being opened, and who waits for one."""

    open: int
    idle: int
    connecting: int
    waiting: int


class Pool:
    """Connections to any number of hosts, `per_host` to each, closed after `idle` seconds without work.

    `reach` bounds the addresses that are connected to, whatever a host's name says; `authorities` is a file
    of certificates to trust beside the usual ones. Redirects are not followed: whoever asks gets them as
    they are. Belongs to the event loop that it is first used in.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        per_host: int = 512,
        idle: float = 30.0,
        proxies: Proxies = _DIRECT,
        authorities: Path | None = None,
    ) -> None:
        self._dialer = Dialer(reach, proxies, authorities)
        self._per_host = per_host
        self._idle = idle
        self._hosts: dict[Origin, Host] = {}

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
        host = self._host(endpoint.origin)
        start = endpoint.head if host.proxy is None else absolute(endpoint, host.proxy)
        head = b"%s%scontent-length: %d\r\n\r\n" % (start, headers, len(body))
        connection, reused = await self._connection(host, endpoint, limits.connect)
        while True:
            response = connection.ask(head, body, endpoint.name, limits, hold_first)
            try:
                await response.head()
            except ProviderUnavailable:
                if response.began or not reused or response.age > _STALE:
                    raise
                # The server closed an idle connection while this was under way: it has seen nothing of it.
                connection, reused = await self._connect(host, endpoint, limits.connect), False
                continue
            if not reused:
                self._dialer.keep_session(endpoint.origin, connection)
            if response.status == 407 and host.proxy is not None:
                response.close()
                raise refused_by_proxy(endpoint.name, 407)
            return response

    def sizes(self) -> Sizes:
        """As they are now, over all hosts."""
        hosts = self._hosts.values()
        return Sizes(
            sum(host.open for host in hosts),
            sum(not connection.lost for host in hosts for connection in host.idle),
            sum(host.connecting for host in hosts),
            sum(host.waiting for host in hosts),
        )

    async def close(self) -> None:
        """Cut all idle connections; those at work end with their responses."""
        for host in self._hosts.values():
            host.close()
        await asyncio.sleep(0)  # the sockets close in the loop's next turn

    def _host(self, origin: Origin) -> Host:
        host = self._hosts.get(origin)
        if host is None:
            self._hosts = {known: kept for known, kept in self._hosts.items() if kept.in_use}
            through = None if origin.tls else self._dialer.proxy(origin)
            host = self._hosts[origin] = Host(self._per_host, self._idle, through)
        return host

    async def _connection(self, host: Host, endpoint: Endpoint, seconds: float) -> tuple[Connection, bool]:
        """One that is open already, where there is one; and whether it was."""
        connection = host.take()
        if connection is None and host.full:
            started = asyncio.get_running_loop().time()
            connection = await self._wait(host, endpoint, seconds)
            seconds = max(0.0, seconds + started - asyncio.get_running_loop().time())
        if connection is not None and not connection.lost:
            return connection, True
        return await self._connect(host, endpoint, seconds), False

    async def _wait(self, host: Host, endpoint: Endpoint, seconds: float) -> Connection | None:
        try:
            return await host.wait(seconds)
        except TimeoutError as error:
            raise ProviderOverloaded(
                f"all {self._per_host} connections to {endpoint.name} are busy"
            ) from error

    async def _connect(self, host: Host, endpoint: Endpoint, seconds: float) -> Connection:
        host.connecting += 1
        try:
            async with asyncio.timeout(seconds):
                return await self._dialer.connection(endpoint.origin, host)
        except OSError as error:  # TimeoutError is one, too
            raise translated(endpoint.name, error) from error
        finally:
            host.connecting -= 1
            host.may_open()


def absolute(endpoint: Endpoint, proxy: Proxy) -> bytes:
    """The request's head as a proxy wants it that is asked itself, without CONNECT (RFC 9112, 3.2.2)."""
    method, _, rest = endpoint.head.partition(b" ")
    first, *lines = rest.removesuffix(b"\r\n").split(b"\r\n")
    host = lines[0].removeprefix(b"host: ")
    asked = b"%s http://%s%s" % (method, host, first)
    return b"".join(b"%s\r\n" % line for line in (asked, *lines, *authorized(proxy)))
