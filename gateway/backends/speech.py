"""What a backend has to know of an API to ask an upstream in it, and to read what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.backends.http import Endpoint
from gateway.backends.response import MAX_BODY
from gateway.types import Answer, ChatRequest, Delta


class NotJson(ValueError):
    """It is not JSON, or JSON that cannot be an answer."""


class Announced(Exception):
    """It is an error object instead of an answer."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__("the upstream sent an error object")
        self.error = error


class Reader(Protocol):
    """Reads one stream's events; `finished` once nothing more than its usage can come."""

    finished: bool

    def delta(self, data: bytes) -> Delta:
        """The event, whose data is this. Raises NotJson or Announced."""
        ...


@dataclass(frozen=True, slots=True)
class Speech:
    """One API of an upstream.

    `body` writes a request for it, or raises a ProviderError where the API has no words for it; `answer`
    reads a whole reply and raises NotJson or Announced; `headers` are lines to be sent with a request, each
    ending in CRLF. A whole reply may have `most` bytes. `edits`: it has words for the messages that the
    gateway adds to a request, too.
    """

    endpoint: Endpoint
    body: Callable[[ChatRequest], bytes]
    reader: Callable[[ChatRequest], Reader]
    answer: Callable[[bytes], Answer]
    headers: Callable[[ChatRequest], bytes] = lambda request: b""
    edits: bool = False
    most: int = MAX_BODY
