"""One HTTP/1.1 connection to an upstream: it feeds the response that is on its way."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any, Protocol, cast

import httptools

from gateway.backends.response import Limits, Response

MAX_HEAD = 64 * 1024
_LARGE = 64 * 1024  # bytes of a body that are not copied behind the head
_TOO_LARGE = f"more than {MAX_HEAD} bytes of headers"


class Owner(Protocol):
    """Who keeps connections: told when one is there, may take the next request, or is no more."""

    def opened(self, connection: Connection) -> None: ...
    def freed(self, connection: Connection) -> None: ...
    def gone(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 to one host, one request at a time."""

    __slots__ = (
        "_head_size",
        "_keep",
        "_owner",
        "_parser",
        "_rings_at",
        "_surplus",
        "_timer",
        "_transport",
        "idle_since",
        "loop",
        "lost",
        "response",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, owner: Owner) -> None:
        self.loop = loop
        self.response: Response | None = None
        self.idle_since = 0.0
        self.lost = False
        self._owner = owner
        self._keep = False
        self._head_size = 0
        self._surplus = False
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._transport: asyncio.Transport | None = None
        self._parser: Any = httptools.HttpResponseParser(self)

    def ask(self, head: bytes, body: bytes, name: str, limits: Limits, hold_first: bool) -> Response:
        assert self._transport is not None
        self._head_size = 0
        self.response = Response(self, name, limits, hold_first)
        if len(body) > _LARGE:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head + body)
        return self.response

    def abort(self) -> None:
        """Close the socket at once, whatever is still to be written."""
        self.lost = True
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def alarm(self, when: float) -> None:
        """Have the response look at its limits then or sooner.

        The timer outlives the response, and most of the time serves the next as well: setting one for each,
        to cancel nearly all, would cost more than the few that ring for nothing.
        """
        if self._timer is None or when < self._rings_at:
            if self._timer is not None:
                self._timer.cancel()
            self._rings_at = when
            self._timer = self.loop.call_at(when, self._ring)

    def session(self) -> ssl.SSLSession | None:
        """What TLS could begin with next time."""
        secured = None if self._transport is None else self._transport.get_extra_info("ssl_object")
        return None if secured is None else cast(ssl.SSLObject, secured).session

    def _ring(self) -> None:
        self._timer = None
        if self.response is not None:
            self.response.look()

    # What the loop says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        plain = transport.get_extra_info("socket")
        if plain is not None and plain.family in (socket.AF_INET, socket.AF_INET6):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # an answer may take minutes
        self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        response = self.response
        if response is None or self.lost:
            self.abort()  # nobody asked
            return
        response.began = True
        response.touch()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._surplus = True
            if not response.complete:
                response.broken("something that is not HTTP/1.1")
                return
        if not response.head_done:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                response.broken(_TOO_LARGE)
            return
        if response.complete:
            self._free()
        response.wake()

    def _free(self) -> None:
        self.response = None
        if self._keep and not self._surplus and not self.lost and not self._unsent():
            self._owner.freed(self)
        else:
            self.abort()

    def _unsent(self) -> bool:
        """Whether the server answered before it had read the request: who knows if it will read the rest."""
        return self._transport is None or self._transport.get_write_buffer_size() > 0

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._parser = None  # it points back here
        response, self.response = self.response, None
        if response is not None and not response.complete:
            response.lost(clean=exc is None)
        if self._transport is not None:  # else it was never handed over
            self._owner.gone(self)

    # What the parser says.

    def on_message_begin(self) -> None:
        if self.response is None or self.response.complete:
            self._surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.response is not None and not self.response.head_done:
            self.response.field(name, value)

    def on_headers_complete(self) -> None:
        if self.response is None or self._surplus:
            return
        if self.response.head_size > MAX_HEAD:  # as much as this in one piece is no less too much
            self.response.broken(_TOO_LARGE)
        else:
            self.response.starts(self._parser.get_status_code())

    def on_body(self, data: bytes) -> None:
        if self.response is not None and not self._surplus:
            self.response.add(data)

    def on_message_complete(self) -> None:
        if self.response is not None and self.response.head_done and not self._surplus:
            self._keep = bool(self._parser.should_keep_alive())  # the parser forgets it after this
            self.response.ends()
