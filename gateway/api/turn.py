"""One request of a connection and the reply to it: no ASGI between an endpoint and the socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

Headers = Sequence[tuple[bytes, bytes]]

_log = logging.getLogger("pointsman")
_CLOSE: Final = (b"connection", b"close")
_CONTROL: Final = bytes(range(32)) + b"\x7f"


class Turn:
    """A connection asks it by the names that uvicorn's RequestResponseCycle has, in whose place it stands.

    A whole reply leaves in one write. Of a stream, what is written while the event loop does one thing leaves
    together, as soon as that is done. A caller that leaves cancels the task that serves it; `left` tells that
    from other cancellations. What is written for a caller that is gone is dropped.
    """

    __slots__ = (
        *("method", "headers", "body", "more_body", "message_event", "keep_alive", "disconnected", "left"),
        *("response_started", "response_complete"),
        *("_transport", "_flow", "_on_response", "_expects", "_chunked", "_task", "_head", "_waiting"),
    )

    def __init__(
        self,
        method: str,
        headers: list[tuple[bytes, bytes]],
        transport: asyncio.Transport,
        flow: FlowControl,
        on_response: Callable[[], None],
        *,
        expects: bool = False,
        keep_alive: bool = True,
        chunked: bool = True,
    ) -> None:
        self.method, self.headers = method, headers
        self.body, self.more_body = bytearray(), True
        self.message_event = asyncio.Event()
        self.keep_alive = keep_alive
        self.disconnected = self.left = False
        self.response_started = self.response_complete = False
        self._transport, self._flow, self._on_response = transport, flow, on_response
        self._expects, self._chunked = expects, chunked
        self._task: asyncio.Task[None] | None = None
        self._head = b""
        self._waiting: list[bytes] = []

    async def run_asgi(self, endpoint: Callable[[Turn], Awaitable[None]]) -> None:
        """Lets an endpoint serve; what it leaves unfinished ends with the connection."""
        self._task = asyncio.current_task()
        try:
            await endpoint(self)
        except Exception:
            _log.exception("A reply broke off inside the gateway")
        finally:
            self._task = None
            if not self.response_complete and not self.disconnected:
                self._flush()
                self._transport.close()

    def leave(self) -> None:
        """The caller has left: whatever is done for it ends."""
        self.disconnected = True
        if self._task is not None and not self.response_complete:
            self.left = True
            self._task.cancel()

    def stay(self) -> None:
        """The cancellation has done its work."""
        if self._task is not None:
            self._task.uncancel()

    # The request

    async def receive(self) -> MutableMapping[str, Any]:
        """What has come of the body meanwhile, in ASGI's words: see `read_body`."""
        if self._expects and not self.disconnected:
            self._expects = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.more_body and not self.disconnected:
            self._flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    # The reply

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole reply."""
        await self._read()
        self._start(status, [*headers, (b"content-length", b"%d" % len(body))])
        self._write(self._head if self.method == "HEAD" else self._head + body)
        self._complete()

    def begin(self, headers: Headers) -> None:
        """A stream, whose head leaves with its first piece."""
        self._start(200, [*headers, (b"transfer-encoding", b"chunked")] if self._chunked else headers)
        self._soon(b"")

    async def write(self, data: bytes) -> None:
        """A piece of a stream; waits while the caller does not read."""
        await self._read()
        self._soon(data)

    def comment(self, data: bytes) -> None:
        """A piece of a stream that may be left out."""
        if not self._flow.write_paused:
            self._soon(data)

    async def end(self, data: bytes) -> None:
        """The last piece of a stream."""
        await self._read()
        self._waiting.append(data)
        self._write(self._ready() + (b"0\r\n\r\n" if self._chunked else b""))
        self._complete()

    # Inside

    async def _read(self) -> None:
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()

    def _start(self, status: int, headers: Headers) -> None:
        self.response_started = True
        self._expects = False
        if _CLOSE in headers:
            self.keep_alive = False
        elif not self.keep_alive:
            headers = [*headers, _CLOSE]
        lines = b"\r\n".join([b"%b: %b" % header for header in headers])
        if len(lines.translate(None, _CONTROL)) != len(lines) - 2 * (len(headers) - 1):
            raise ValueError("a header holds a control character")
        self._head = b"%b%b\r\n\r\n" % (STATUS_LINE[status], lines)

    def _soon(self, data: bytes) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(data)

    def _flush(self) -> None:
        if self._waiting:
            self._write(self._ready())

    def _ready(self) -> bytes:
        """What waits, as it leaves."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        head, self._head = self._head, b""
        return b"%b%x\r\n%b\r\n" % (head, len(data), data) if data and self._chunked else head + data

    def _write(self, data: bytes) -> None:
        if not self.disconnected:
            self._transport.write(data)

    def _complete(self) -> None:
        self.response_complete = True
        if self.disconnected:
            return
        if not self.keep_alive:
            self._transport.close()
        self._on_response()
