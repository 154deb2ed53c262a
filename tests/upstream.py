"""A scripted OpenAI-compatible upstream over real sockets, which answers, dawdles and breaks as told.

with Upstream(Reply("Hello")) as up:                       # every request gets this
with Upstream([failure(503), Reply("Hello")]) as up:       # in turn; the last one repeats
with Upstream(lambda request: Reply(request.question.upper())) as up:
    client = OpenAI(base_url=up.url, api_key="any")
    ...
    up.requests[0].body["model"], up.requests[0].hung_up
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.replies import FOREVER, Call, Recorded, Reply, chunks, completion, embeddings, failure

__all__ = ["FOREVER", "Call", "Recorded", "Reply", "Script", "Upstream", "embeddings", "failure"]

Script = Reply | Sequence[Reply] | Callable[[Recorded], Reply]


class _Gone(Exception):
    """The client left."""


class Upstream:
    """The server, in a thread with a loop of its own; `url` is its OpenAI base URL, `requests` what came."""

    def __init__(self, script: Script | None = None, port: int = 0) -> None:
        self.script = Reply() if script is None else script
        self.requests: list[Recorded] = []
        self.connections = 0
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="upstream", daemon=True)

    def __enter__(self) -> Upstream:
        self._thread.start()
        start = asyncio.start_server(self._connection, "127.0.0.1", self._port, limit=2**22)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(5)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def open_connections(self) -> int:
        return len(self._writers)

    def hang_up(self) -> None:
        """Close every connection as it stands, as a server does with those that idle."""
        for writer in list(self._writers):
            self._loop.call_soon_threadsafe(writer.close)

    def wait(self, true: Callable[[], Any], seconds: float = 5.0) -> None:
        """Wait until `true()`; fails loudly when it stays false."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "the upstream never saw what the test waits for"
            time.sleep(0.005)

    def _next(self, request: Recorded) -> Reply:
        if isinstance(self.script, Reply):
            return self.script
        if callable(self.script):
            return self.script(request)
        return self.script[min(len(self.requests), len(self.script)) - 1]

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            async for request in self._read(reader, self.connections):
                self.requests.append(request)
                exchange = _Exchange(request, self._next(request), reader, writer)
                if not await exchange.run():
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> AsyncIterator[Recorded]:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
            raw = await reader.readexactly(int(headers.get("content-length", 0)))
            yield Recorded(method, path, headers, raw, connection)


@dataclass(slots=True)
class _Exchange:
    """One request and its reply on a connection."""

    request: Recorded
    reply: Reply
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def run(self) -> bool:
        """Send the reply; whether the connection may serve another."""
        try:
            await self._pause(self.reply.before_headers)
            if self.reply.reset:
                self.writer.transport.abort()
                return False
            whole = await (self._stream() if self._streams() else self._body())
        except (_Gone, ConnectionError):
            self.request.hung_up = time.monotonic()
            return False
        self.request.finished = whole
        return whole and self.reply.keep_alive

    def _streams(self) -> bool:
        reply = self.reply
        return reply.events is not None or (
            self.request.streams and reply.status == 200 and reply.json is None and reply.raw is None
        )

    async def _body(self) -> bool:
        reply = self.reply
        if reply.raw is not None:
            body = reply.raw
        else:
            body = completion(self.request, reply) if reply.json is None else json.dumps(reply.json).encode()
        self._head({"content-type": "application/json", "content-length": str(len(body))})
        await self._pause(reply.before_first)
        self.writer.write(body if reply.cut_after is None else body[: len(body) // 2])
        await self.writer.drain()
        return reply.cut_after is None

    async def _stream(self) -> bool:
        reply = self.reply
        events = chunks(self.request, reply) if reply.events is None else list(reply.events)
        if reply.split:
            whole = b"".join(events)
            events = [whole[i : i + reply.split] for i in range(0, len(whole), reply.split)]
        self._head({"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        for number, event in enumerate(events):
            if reply.cut_after == number:
                return False
            if reply.stall_after == number:
                await self._pause(FOREVER)
            await self._pause(reply.between if number else reply.before_first)
            self.writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
            await self.writer.drain()
        self.writer.write(b"0\r\n\r\n")
        return True

    def _head(self, headers: dict[str, str]) -> None:
        named = {
            **headers,
            **self.reply.headers,
            "connection": "keep-alive" if self.reply.keep_alive else "close",
        }
        lines = [f"HTTP/1.1 {self.reply.status} Scripted", *(f"{k}: {v}" for k, v in named.items())]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")

    async def _pause(self, seconds: float) -> None:
        """Wait, with an eye on the client: StreamReader says at once when it has left."""
        end = time.monotonic() + seconds
        while True:
            if self.reader.at_eof() or self.reader.exception() is not None:
                raise _Gone
            left = end - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(min(left, 0.005))
