"""Connections to origins: looked up, held against the operator's word, led through proxies, secured."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from gateway.backends import tls
from gateway.backends.addresses import OutOfReach, spelt_address, within
from gateway.backends.connection import Connection, Owner
from gateway.backends.line import Line, ProxyRefused
from gateway.backends.names import Names
from gateway.backends.racing import connected
from gateway.errors import ProviderError, ProviderTimeout, ProviderUnavailable
from gateway.proxies import Proxies, Proxy
from gateway.reach import Reach


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go."""

    host: str
    port: int
    tls: bool


class Dialer:
    """Connects to allowed addresses; `authorities` are trusted beside the usual ones.

    With a proxy in between it is the proxy that looks names up, so of names nobody here can tell where they
    lead: whoever runs the proxy bounds them. What is spelt as an address is held against `reach` as ever.
    The proxy itself may be anywhere, as the operator has named it.
    """

    def __init__(self, reach: Reach, proxies: Proxies, authorities: Path | None) -> None:
        self._reach, self._proxies, self._authorities = reach, proxies, authorities
        self._names = Names()
        self._tls: tls.Resuming | None = None

    def proxy(self, origin: Origin) -> Proxy | None:
        """The one that leads there, if one does."""
        return self._proxies.toward(origin.tls, origin.host, origin.port)

    async def connection(self, origin: Origin, owner: Owner) -> Connection:
        """A new one. Raises OSError, of whatever kind (ssl.SSLError is one)."""
        proxy = self.proxy(origin)
        if proxy is None:
            found = await self._names.look_up(origin.host, origin.port)
            line = await self._line(origin.host, origin.port, within(self._reach, origin.host, found))
        else:
            if (spelt := spelt_address(origin.host)) is not None:
                within(self._reach, origin.host, [spelt])
            line = await self._line(proxy.host, proxy.port, await self._names.look_up(proxy.host, proxy.port))
        connection = Connection(asyncio.get_running_loop(), owner)
        try:
            if proxy is not None and origin.tls:
                await line.through(proxy, origin.host, origin.port)
            if origin.tls:
                await self._secure(line, connection, origin)
            else:
                line.hand_to(connection)
        except BaseException:
            line.transport.abort()
            raise
        return connection

    def keep_session(self, origin: Origin, connection: Connection) -> None:
        """The next connection there may begin where this one did; once it has answered."""
        if self._tls is not None and origin.tls:
            self._tls.keep(_certified(origin), connection.session())

    async def _line(self, host: str, port: int, addresses: list[str]) -> Line:
        try:
            return await connected(addresses, port)
        except OSError:
            self._names.forget(host)
            raise

    async def _secure(self, line: Line, connection: Connection, origin: Origin) -> None:
        context = self._tls = self._tls or tls.context(self._authorities)
        loop = asyncio.get_running_loop()
        if line.spoken:  # a handshake would wait in vain for what has come before it
            raise ssl.SSLError("the server spoke first, as none does in TLS")
        try:
            made = await loop.start_tls(
                line.transport, connection, context, server_hostname=_certified(origin)
            )
        except OSError:
            context.keep(_certified(origin), None)  # should it be the session that the server cannot bear
            raise
        if made is None or connection.lost:
            raise ConnectionResetError("closed after the handshake")
        connection.connection_made(made)


def _certified(origin: Origin) -> str:
    """The name that the origin's certificate has to be for."""
    return origin.host.removesuffix(".")


def translated(name: str, error: OSError) -> ProviderError:
    """What a caller is told of a connection that could not be had."""
    if isinstance(error, OutOfReach):
        return ProviderUnavailable(f"{name} is at an address that this gateway may not connect to")
    if isinstance(error, TimeoutError):
        return ProviderTimeout(f"{name} did not accept a connection in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ProviderUnavailable(f"the certificate of {name} is not valid: {error.verify_message}")
    if isinstance(error, ProxyRefused):
        return refused_by_proxy(name, error.status)
    why = next((why for kind, why in _WHY if isinstance(error, kind)), "")
    return ProviderUnavailable(f"{name} cannot be reached{why}", retryable=True)


def refused_by_proxy(name: str, status: int) -> ProviderError:
    """The same of a proxy that does not lead on; 407: it wants other credentials."""
    if status == 407:
        return ProviderUnavailable(f"{name} cannot be reached: the proxy wants other credentials")
    said = f"the proxy answered with {status}" if status else "the proxy does not speak HTTP"
    return ProviderUnavailable(f"{name} cannot be reached: {said}", retryable=status >= 500)


_WHY: tuple[tuple[type[OSError], str], ...] = (
    (socket.gaierror, ": its name cannot be looked up"),
    (ConnectionRefusedError, ": the connection was refused"),
    (ssl.SSLError, ": TLS could not be agreed on"),
)
