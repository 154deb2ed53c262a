"""A TCP connection before HTTP is spoken on it: to a server that waits to be asked, or to a proxy."""

from __future__ import annotations

import asyncio
from typing import cast

from gateway.proxies import Proxy

_MOST = 16 * 1024  # bytes of a proxy's answer
_END = b"\r\n\r\n"


class ProxyRefused(OSError):
    """A proxy did not lead on; `status` is its answer's, 0 where it was none."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy answered with {status}" if status else "the proxy does not speak HTTP")
        self.status = status


class Line(asyncio.Protocol):
    """What is on the line: its transport, and what came unasked."""

    def __init__(self) -> None:
        self.lost = False
        self._came = bytearray()
        self._waiter: asyncio.Future[None] | None = None

    async def through(self, proxy: Proxy, host: str, port: int) -> None:
        """Has the proxy lead on to a host (CONNECT, RFC 9110, 9.3.6).

        Raises:
            ProxyRefused: it does not.
            ConnectionError: it closed the connection.
        """
        self.transport.write(connect(proxy, host, port))
        while _END not in self._came and len(self._came) <= _MOST and not self.lost:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        head, _, rest = bytes(self._came).partition(_END)
        if self.lost and not head:
            raise ConnectionResetError("the proxy closed the connection")
        status = status_of(head)
        if not 200 <= status < 300 or rest or self.lost:
            raise ProxyRefused(status)
        self._came.clear()

    @property
    def spoken(self) -> bool:
        """Something came that nobody asked for."""
        return bool(self._came)

    def hand_to(self, protocol: asyncio.Protocol) -> None:
        """Everything that comes from now on is another's. Raises ConnectionError where the line is dead."""
        if self.lost or self.spoken or self.transport.is_closing():
            raise ConnectionResetError("the server spoke or closed before it was asked")
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)

    # What the loop says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._came += data
        if len(self._came) > _MOST:
            self.transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def connect(proxy: Proxy, host: str, port: int) -> bytes:
    """The request that asks a proxy to lead on."""
    there = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {there} HTTP/1.1".encode(), f"host: {there}".encode(), *authorized(proxy)]
    return b"\r\n".join(lines) + _END


def authorized(proxy: Proxy) -> list[bytes]:
    """The header that a proxy wants, if it wants one."""
    return [b"proxy-authorization: " + proxy.authorization] if proxy.authorization else []


def status_of(head: bytes) -> int:
    """Of an answer's head; 0: it is none."""
    version, _, rest = head.partition(b" ")
    return int(rest[:3]) if version.startswith(b"HTTP/1.") and rest[:3].isdigit() else 0
