"""HTTP/1.1 as callers speak it: uvicorn's protocol, bounded in time and size, with errors in JSON."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.api.door import MAX_HEADER_BYTES
from gateway.api.shapes import dialect_at
from gateway.api.turn import Turn
from gateway.errors import GatewayError, HeadersTooLarge, InvalidRequest, RequestTimeout

UNREAD = 6  # times the patience, for which a caller may leave what is sent to it unread
BEATS = 4  # wakes within a patience for whoever waits for a body
Endpoint = Callable[[Turn], Awaitable[None]]
_OFFER = frozenset({b"connection", b"upgrade", b"http2-settings"})
LINGER_SECONDS = 1.0  # in which a refused caller may still read why, before the connection is cut


class CallerProtocol(HttpToolsProtocol):
    """One connection of a caller. What `endpoints` has the path of is theirs, the rest is the application's.

    A head has to be whole within `patience` seconds, and no longer than MAX_HEADER_BYTES beside what one
    read brings. What does not make a request (the body of one that is answered already, blank lines) is read
    and thrown away, for as long. Whoever waits for a body that does not come is woken by an empty piece of it
    now and then, and looks at the clock. A caller that leaves a reply unread is cut off, and everything
    upstream with it.
    """

    patience: float
    endpoints: Mapping[str, Endpoint]

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.url = b""
        self._in_head = self._refused = False
        self._head_size = 0
        self._served: Any = (
            None  # the request that is under way, or was last; `cycle` is the last one that came
        )
        self._rested = 0.0  # since when there is none, by the loop's clock
        self._idle: asyncio.TimerHandle | None = None  # for the next request
        self._late: asyncio.TimerHandle | None = None  # for a head
        self._slow: asyncio.TimerHandle | None = None  # for a body
        self._unread: asyncio.TimerHandle | None = None  # for a reply

    # What the loop says.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(InvalidRequest("This is not HTTP/1.1 as it has to be written."))
            return
        if self._in_head:
            self._head_grows(len(data))
        elif self.at_rest:
            if self._late is None:
                self._await_head()
        elif self.cycle.more_body and self._slow is None:
            self._slow = self.loop.call_later(self.patience / BEATS, self._beat)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if isinstance(self._served, Turn):
            self._served.leave()
        self._in_time()
        self._is_read()
        for timer in (self._slow, self._idle):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD * self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_read()

    # What the parser says.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_time()
        self._in_head, self._head_size = True, 0

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_head = False
        self._in_time()
        endpoint = self._endpoint()
        if endpoint is None:
            super().on_headers_complete()
        else:
            self._take(endpoint)
        if self.expect_100_continue:  # where it is refused, nobody knows whether its body comes
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """One timer a connection, not one a request: it looks how long the connection has been at rest."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._rested = self.loop.time()
        if self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._look)

    # Inside.

    def _endpoint(self) -> Endpoint | None:
        """Whose request it is: most paths are as simple as the endpoint's."""
        url = self.url.decode("latin-1")
        return self.endpoints.get(url) or self.endpoints.get(unquote(_path(self.url)))

    def _take(self, endpoint: Endpoint) -> None:
        version = self.parser.get_http_version()
        turn: Any = Turn(
            self.parser.get_method().decode("ascii"),
            self.headers,
            self.transport,
            self.flow,
            self.on_response_complete,
            expects=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            chunked=version != "1.0",
        )
        at_rest, self.cycle = self.at_rest, turn
        if at_rest:
            self._start_asgi_task(turn, endpoint)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((turn, endpoint))  # type: ignore[arg-type]

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def _look(self) -> None:
        self._idle = None
        left = self._rested + self.timeout_keep_alive - self.loop.time()
        if not self.at_rest or self._late is not None:
            return  # the next reply sets a timer anew, and a head has its own
        if left <= 0:
            self.transport.close()
        else:
            self._idle = self.loop.call_later(left, self._look)

    @property
    def at_rest(self) -> bool:
        """Whether no request is being served."""
        return self.cycle is None or self.cycle.response_complete

    def _head_grows(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEADER_BYTES:
            self._refuse(HeadersTooLarge(f"The headers are larger than {MAX_HEADER_BYTES:,} bytes."))
        elif self._late is None:
            self._await_head()

    def _await_head(self) -> None:
        self._late = self.loop.call_later(self.patience, self._too_late)

    def _too_late(self) -> None:
        if self._in_head:
            self._refuse(RequestTimeout(f"The headers did not end within {self.patience:g} seconds."))
        else:
            self.transport.close()

    def _beat(self) -> None:
        """Wakes whoever waits for more of a body; stops once there is none to wait for."""
        self._slow = None
        if self.cycle.more_body and not self.cycle.response_complete:
            self.cycle.message_event.set()
            self._slow = self.loop.call_later(self.patience / BEATS, self._beat)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _decline(self, rest: bytes) -> None:
        """Reads a request again without its offer to speak another protocol, and what came after it.

        Whoever offers one goes on in HTTP/1.1 where it is not taken up (RFC 9110, section 7.8); Java's client
        makes the offer with each first request.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self._refuse(InvalidRequest("This is no proxy: CONNECT is not understood here."))
            return
        lines = [b"%b %b HTTP/%b" % (method, self.url, version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] not in _OFFER]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    def _refuse(self, error: GatewayError) -> None:
        """Says what is wrong, and hangs up once the caller had time to read it."""
        self._in_time()
        self._refused = True
        if not self.at_rest:
            if self.pipeline or self.cycle.response_started or not self.cycle.more_body:
                self.cycle.keep_alive = (
                    False  # what is wrong came after it: the connection ends with its reply
                )
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_reply(error, self.url.decode("latin-1")))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._late = self.loop.call_later(LINGER_SECONDS, self.transport.close)


def _reply(error: GatewayError, path: str) -> bytes:
    dialect, request_id = dialect_at(path), secrets.token_hex(12)
    status, body = dialect.error(error, request_id)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        *dialect.ids(request_id),
    ]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return STATUS_LINE[status] + lines + b"\r\n" + body


def _path(url: bytes) -> str:
    return httptools.parse_url(url).path.decode("ascii")


def patient(seconds: float, endpoints: Mapping[str, Endpoint]) -> type[CallerProtocol]:
    """The protocol with another patience, and these endpoints by path: uvicorn makes its protocols itself."""
    return type("CallerProtocol", (CallerProtocol,), {"patience": seconds, "endpoints": endpoints})
