"""What an endpoint has to know of the API that it speaks: how a body is read, and how a reply is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.accounting.exchange import Exchange
from gateway.errors import GatewayError
from gateway.types import Answer, Api, Caller, ChatRequest, Delta

Headers = list[tuple[bytes, bytes]]


class Rendering(Protocol):
    """One reply in the caller's API: bodies, or whole server-sent events with their empty line."""

    def delta(self, delta: Delta, exchange: Exchange) -> list[bytes]:
        """The events for a piece of the answer: an upstream's own where it speaks this API."""
        ...

    def end(self, exchange: Exchange) -> list[bytes]:
        """The events that end a stream; called before they leave, once."""
        ...

    def broken(self, error: GatewayError, exchange: Exchange) -> list[bytes]:
        """The events that end a stream which cannot go on."""
        ...

    def whole(self, answer: Answer, exchange: Exchange) -> bytes:
        """The body of an answer that does not stream; called before it leaves, once."""
        ...


class WholeOnly:
    """What is the same in the renderings of APIs whose answers never stream; see Rendering."""

    def delta(self, delta: Delta, exchange: Exchange) -> list[bytes]:
        return []

    def end(self, exchange: Exchange) -> list[bytes]:
        return []

    def broken(self, error: GatewayError, exchange: Exchange) -> list[bytes]:
        return []


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API.

    `parse` reads a caller's body and raises InvalidRequest; `rendering` takes the request's id and the time
    in seconds since the epoch; `error` gives the status and the body of an error for a request's id.
    `id_headers` are those that carry the request's id. `refers`: a short body may stand for a long one.
    """

    api: Api
    parse: Callable[[bytes, Caller], ChatRequest]
    rendering: Callable[[str, int], Rendering]
    error: Callable[[GatewayError, str], tuple[int, bytes]]
    id_headers: tuple[bytes, ...] = (b"x-request-id",)
    refers: bool = False

    def ids(self, request_id: str) -> Headers:
        return [(name, request_id.encode()) for name in self.id_headers]


def event(data: bytes, name: str = "") -> bytes:
    """A server-sent event; JSON may be spread over lines, each of which is one of the event's.

    A name is one line, whatever an upstream called its event.
    """
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(data.splitlines())
    if name:
        return b"event: %b\ndata: %b\n\n" % (" ".join(name.split()).encode(), data)
    return b"data: %b\n\n" % data
