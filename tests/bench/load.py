"""A load generator: connections that ask again as soon as they are answered, and what they saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httptools

from tests.bench.upstream import EVENTS, FIRST, GAP, STREAM_ENDS, WHOLE_ENDS

KEY = "sk-bench-3f0c1d"  # the same bytes go to all; those that look at keys know this one
STREAM_SECONDS = EVENTS * GAP


@dataclass(slots=True)
class Run:
    """What was seen, in seconds: each request, and each to its first piece of content."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    failed: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def request(body: bytes, key: str = KEY) -> bytes:
    """A chat request, whole."""
    lines = (
        b"POST /v1/chat/completions HTTP/1.1",
        b"host: 127.0.0.1",
        b"authorization: Bearer " + key.encode(),
        b"content-type: application/json",
        b"content-length: %d" % len(body),
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Connection(asyncio.Protocol):
    """One request at a time; `answered` is called after each, with whatever was wrong with the answer."""

    def __init__(self, ends: bytes, answered: Callable[[Connection, bytes | None], None]) -> None:
        self._ends, self._answered = ends, answered
        self.first = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser: Any = httptools.HttpResponseParser(self)

    def ask(self, asked: bytes) -> None:
        self.first = 0.0
        self._body: list[bytes] = []
        self._transport.write(asked)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        if not self.first and FIRST in data:
            self.first = time.perf_counter()
        self._body.append(data)

    def on_message_complete(self) -> None:
        status, body = self._parser.get_status_code(), b"".join(self._body)
        whole = status == 200 and self.first and self._ends in body
        self._answered(self, None if whole else b"%d %s" % (status, body[:500]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._answered(self, b"the connection closed")


class Load:
    """Some connections over which requests go, each as soon as the one before is answered."""

    def __init__(self, asked: Iterator[bytes], ends: bytes, until: float, most: int) -> None:
        self.run = Run()
        self._asked, self._ends, self._until, self._left = asked, ends, until, most
        self._began: dict[Connection, float] = {}
        self._open = 0
        self._done = asyncio.get_running_loop().create_future()

    async def over(self, port: int, connections: int, apart: float) -> Run:
        """Ask over so many connections, which begin so many seconds apart; what was seen."""
        began = time.perf_counter()
        self._open = connections
        for number in range(connections):
            await asyncio.sleep(began + number * apart - time.perf_counter())
            await self._connect(port)
        await self._done
        self.run.seconds = time.perf_counter() - began
        return self.run

    async def _connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self._ends, self._answered), "127.0.0.1", port
        )
        self._next(connection)

    def _next(self, connection: Connection) -> None:
        now = time.perf_counter()
        if self._left and now < self._until:
            self._left -= 1
            self._began[connection] = now
            connection.ask(next(self._asked))
        else:
            self._end(connection)

    def _answered(self, connection: Connection, wrong: bytes | None) -> None:
        began = self._began.pop(connection, None)
        if began is None:  # it was closed after its last answer
            return None
        if wrong is not None:
            self.run.failed.append(wrong)
            return self._end(connection)
        self.run.took.append(time.perf_counter() - began)
        self.run.first.append(connection.first - began)
        return self._next(connection)

    def _end(self, connection: Connection) -> None:
        connection.close()
        self._open -= 1
        if not self._open and not self._done.done():
            self._done.set_result(None)


async def load(
    port: int,
    asked: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    stream: bool = False,
    most: int = 1 << 60,
) -> Run:
    """Ask for so many seconds, or so many times, over so many connections.

    Streams begin one after the other: together, their requests would stand in each other's way.
    """
    ends = STREAM_ENDS if stream else WHOLE_ENDS
    apart = STREAM_SECONDS / connections if stream else 0.0
    made = Load(asked, ends, time.perf_counter() + seconds, most)
    return await made.over(port, connections, apart)
