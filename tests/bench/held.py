"""Streams that stay open: each has its first event and waits for the next."""

from __future__ import annotations

import asyncio
from typing import cast

from tests.bench.load import request
from tests.bench.prompts import held
from tests.bench.upstream import FIRST

_AT_ONCE = 50  # that are opened together
_SECONDS = 10.0  # that opening so many may take


class _Stream(asyncio.Protocol):
    def __init__(self, asked: bytes) -> None:
        self._asked, self._seen, self.ended = asked, b"", False
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._asked)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if FIRST in self._seen and not self.begun.done():
            self.begun.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.begun.done() and not self._transport.is_closing():
            self.begun.set_exception(ConnectionError(self._seen[:500].decode(errors="replace")))
        self.ended = True

    def close(self) -> None:
        self._transport.close()


class Held:
    """So many streams through a port; they end when it is left.

    Raises:
        ConnectionError: one of them was refused, or ended by itself.
        TimeoutError: some did not begin: they wait for others to end.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: list[_Stream] = []

    async def __aenter__(self) -> Held:
        return self

    async def __aexit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.close()
        await asyncio.sleep(0.2)  # for the other side to see it

    async def grow_to(self, count: int) -> None:
        while len(self._streams) < count:
            more = min(_AT_ONCE, count - len(self._streams))
            made = [_Stream(request(held())) for _ in range(more)]
            self._streams += made
            await asyncio.gather(*(self._open(stream) for stream in made))
            await asyncio.wait_for(asyncio.gather(*(stream.begun for stream in made)), _SECONDS)

    def check(self) -> None:
        if any(stream.ended for stream in self._streams):
            raise ConnectionError("a stream that should have stayed open has ended")

    async def _open(self, stream: _Stream) -> None:
        await asyncio.get_running_loop().create_connection(lambda: stream, "127.0.0.1", self._port)
