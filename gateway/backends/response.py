"""A response on its way from an upstream: its head, its body as it comes, and the limits in time and size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import ProviderBroken, ProviderError, ProviderTimeout, ProviderUnavailable

MAX_BODY = 64 * 1024 * 1024
_HIGH_WATER = 256 * 1024  # unread bytes of a body at which the socket is no longer read


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: to connect, to the first byte of the body, between bytes, and in all."""

    connect: float = 2.0
    first: float = 30.0
    idle: float = 30.0
    total: float = 300.0


class Wire(Protocol):
    """The connection that a response comes over."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def abort(self) -> None: ...
    def alarm(self, when: float) -> None: ...


class Response:
    """A response on its way: `status` and `headers` are there, the body is iterated or read.

    `name` is the upstream's name in errors. Whoever holds one calls `close` in the end; a task that is
    cancelled while it waits here closes the socket at once.
    """

    __slots__ = (
        "_body_size",
        "_chunks",
        "_connection",
        "_discard",
        "_end",
        "_error",
        "_fields",
        "_first_end",
        "_hold_first",
        "_idle",
        "_last",
        "_loop",
        "_max_body",
        "_paused",
        "_unread",
        "_waiter",
        "_whole",
        "began",
        "complete",
        "head_done",
        "name",
        "status",
    )

    def __init__(self, connection: Wire, name: str, limits: Limits, hold_first: bool) -> None:
        self._connection = connection
        self._loop = connection.loop
        self.name = name
        self.status = 0
        self.began = self.head_done = self.complete = False
        self._fields: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._unread = self._body_size = 0
        self._max_body = MAX_BODY
        self._waiter: asyncio.Future[None] | None = None
        self._error: ProviderError | None = None
        self._whole = self._paused = self._discard = False
        self._hold_first = hold_first
        self._idle = limits.idle
        self._last = now = self._loop.time()
        self._first_end: float | None = now + limits.first
        self._end = now + limits.total
        connection.alarm(min(self._first_end, self._end))

    @property
    def age(self) -> float:
        """Seconds since anything came; before that, since it was asked for."""
        return self._loop.time() - self._last

    @property
    def headers(self) -> dict[str, str]:
        """By lower-case name; of a repeated one, the last."""
        return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in self._fields}

    @property
    def head_size(self) -> int:
        """Bytes of the header fields that are here."""
        return sum(len(name) + len(value) for name, value in self._fields)

    def settled(self, idle: float | None = None) -> None:
        """The first content is here: from now on only the pauses (and the total) are limited."""
        self._first_end = None
        if idle is not None and idle < self._idle:
            self._idle = idle
            self.look()

    async def head(self) -> None:
        """Wait until `status` and `headers` are known."""
        while not self.head_done:
            if self._error is not None:
                raise self._error
            await self._wait()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """The bytes of the body that have come since the last call.

        Raises:
            ProviderBroken: the connection closed before the body was whole.
            ProviderTimeout: nothing came for too long.
        """
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self.complete:
                raise StopAsyncIteration
            await self._wait()
        return self._take()

    async def read(self, limit: int = MAX_BODY) -> bytes:
        """The whole body; more than `limit` bytes are an error."""
        self._whole, self._max_body = True, limit
        if self._body_size > limit:
            self._too_large()
        self._resume()
        while not self.complete:
            if self._error is not None:
                raise self._error
            await self._wait()
        if self._error is not None:
            raise self._error
        return self._take()

    def close(self) -> None:
        """Done with it: a connection that is not through with the body is cut."""
        if not self.complete and self._error is None:
            self._fail(ProviderBroken(f"the call to {self.name} was given up"))

    def finish(self, grace: float = 1.0) -> None:
        """Done with it, but little is missing: the rest is thrown away so that the connection lives on."""
        if self.complete or self._error is not None:
            return
        self._discard = True
        self._chunks.clear()
        self._resume()
        self._end = self._loop.time() + grace
        self.look()

    # What the connection says.

    def add(self, data: bytes) -> None:
        self._body_size += len(data)
        if not self._hold_first:
            self._first_end = None
        if self._discard:
            return
        if self._body_size > self._max_body and self._whole:
            self._too_large()
            return
        self._chunks.append(data)
        self._unread += len(data)
        if self._unread > _HIGH_WATER and not self._whole and not self._paused:
            self._paused = True
            self._connection.pause()

    def field(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def starts(self, status: int) -> None:
        """The head is whole; an interim one (1xx) is forgotten."""
        if status < 200:
            self._fields.clear()
            return
        self.status, self.head_done = status, True

    def ends(self) -> None:
        self.complete = True
        self._resume()  # the connection goes on to the next request

    def lost(self, clean: bool) -> None:
        """The connection is gone, in mid-response."""
        if self.head_done and clean and self._until_close():
            self.ends()
        elif self.head_done:
            self._fail(ProviderBroken(f"{self.name} closed the connection in the middle of its answer"))
        else:
            self._fail(
                ProviderUnavailable(f"{self.name} closed the connection before it answered", retryable=True)
            )
        self.wake()

    def broken(self, why: str) -> None:
        self._fail(ProviderBroken(f"{self.name} sent {why}"))
        self.wake()

    def touch(self) -> None:
        self._last = self._loop.time()

    def look(self) -> None:
        """One alarm for all limits: it rings when the earliest could be over, and is set again."""
        if self.complete or self._error is not None:
            return
        now = self._loop.time()
        if self._paused:
            self._last = now
        phase = self._last + self._idle if self._first_end is None else self._first_end
        if now < min(phase, self._end):
            self._connection.alarm(min(phase, self._end))
            return
        if now >= self._end:
            what = "did not finish its answer in time"
        else:
            what = "paused too long" if self._first_end is None else "did not begin to answer in time"
        self._fail(ProviderTimeout(f"{self.name} {what}"))
        self.wake()

    def wake(self) -> None:
        """Wake whoever waits, unless it waits for the whole body and more is to come."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if not self._whole or self.complete or self._error is not None:
            waiter.set_result(None)

    # Inside.

    def _until_close(self) -> bool:
        """Whether the body has neither length nor chunks, and ends with the connection (RFC 9112, 6.3)."""
        names = {name.lower() for name, _ in self._fields}
        return not names & {b"content-length", b"transfer-encoding"}

    def _take(self) -> bytes:
        chunks = self._chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._unread = 0
        self._resume()
        return data

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self.touch()
            self._connection.resume()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiter = None

    def _too_large(self) -> None:
        self._fail(ProviderBroken(f"{self.name} answered with more than {self._max_body} bytes"))

    def _fail(self, error: ProviderError) -> None:
        """The first error stays. A complete response has let go of its connection."""
        if self._error is None:
            self._error = error
        if not self.complete:
            self._connection.abort()
