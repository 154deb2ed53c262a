"""The connections to one host: which are open, who waits for one, and when an idle one is closed."""

from __future__ import annotations

import asyncio
from collections import deque

from gateway.backends.connection import Connection
from gateway.proxies import Proxy


class Host:
    """At most `limit` connections, each closed after `idle_seconds` without work.

    `proxy` is one that is asked itself for what the host has: they are connections to it, then.
    """

    __slots__ = ("_limit", "_seconds", "_sweep", "_waiting", "closed", "connecting", "idle", "open", "proxy")

    def __init__(self, limit: int, idle_seconds: float, proxy: Proxy | None) -> None:
        self._limit, self._seconds = limit, idle_seconds
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self.idle: list[Connection] = []  # the last one used is the first one taken
        self.open = self.connecting = 0
        self.closed = False
        self.proxy = proxy

    @property
    def in_use(self) -> bool:
        return bool(self.open or self.connecting or self._waiting)

    @property
    def full(self) -> bool:
        return self.open + self.connecting >= self._limit

    @property
    def waiting(self) -> int:
        """How many wait for a connection to come free."""
        return sum(not waiter.done() for waiter in self._waiting)

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
