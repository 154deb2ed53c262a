"""A load generator: some connections that ask again as soon as they are answered, and what they saw."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httptools

from tests.bench.upstream import STAMP

_CONTENT = b"word"  # the upstream's text begins with it; nothing before its first piece does


@dataclass(slots=True)
class Run:
    """What was seen, in seconds: each request, to its first piece of content, and that from the upstream."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    way: list[float] = field(default_factory=list)
    failed: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def request(port: int, body: bytes) -> bytes:
    """A chat request, whole."""
    lines = (
        b"POST /v1/chat/completions HTTP/1.1",
        b"host: 127.0.0.1:%d" % port,
        b"content-type: application/json",
        b"content-length: %d" % len(body),
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class _Client(asyncio.Protocol):
    def __init__(self, bodies: list[bytes], port: int, offset: int, until: float, run: Run) -> None:
        self._requests = itertools.cycle([request(port, b) for b in bodies[offset:] + bodies[:offset]])
        self._until, self._run = until, run
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser: Any = httptools.HttpResponseParser(self)
        self._ask()

    def _ask(self) -> None:
        self._began, self._first, self._way = time.perf_counter(), 0.0, 0.0
        self._body: list[bytes] = []
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        if not self._first and _CONTENT in data:
            self._first = time.perf_counter()
            if stamp := STAMP.search(data):
                self._way = self._first - float(stamp[1])
        self._body.append(data)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        if self._parser.get_status_code() == 200 and self._first:
            self._run.took.append(now - self._began)
            self._run.first.append(self._first - self._began)
            if self._way:
                self._run.way.append(self._way)
        else:
            self._run.failed.append(b"".join(self._body)[:500])
        if now < self._until:
            self._ask()
        else:
            self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._run.failed.append(b"the connection closed")
            self.done.set_result(None)


async def load(port: int, bodies: list[bytes], *, connections: int, seconds: float) -> Run:
    """Ask for so many seconds over so many connections, each beginning with another of the bodies."""
    loop, run = asyncio.get_running_loop(), Run()
    began = time.perf_counter()
    step = max(1, len(bodies) // connections)
    clients = [
        _Client(bodies, port, number * step % len(bodies), began + seconds, run)
        for number in range(connections)
    ]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in clients))
    run.seconds = time.perf_counter() - began
    return run
