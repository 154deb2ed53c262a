"""A request before it is read: its head, its id, its body, and whether there is room for it."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from time import monotonic
from typing import Any

from gateway.errors import (
    HeadersTooLarge,
    HungUp,
    InvalidRequest,
    MethodNotAllowed,
    Overloaded,
    RequestTimeout,
    TooLarge,
    UnsupportedMedia,
)
from gateway.interfaces import FindText

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MAX_HEADER_BYTES = 64 * 1024
MAX_DIGITS = 18  # of a length
MIN_RATE = 500  # bytes a second that a body has to bring, as in Apache's mod_reqtimeout
_log = logging.getLogger("pointsman")
_SANE_ID = re.compile(rb"[A-Za-z0-9._:\-]{1,128}")
_UUID = re.compile(rb"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")  # whose digits mean nothing


class Room:
    """How many requests may be under way at once."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0

    def enter(self) -> None:
        """Raises Overloaded; whoever is in leaves."""
        if self._taken >= self._most:
            raise Overloaded(f"As many requests are under way as the gateway takes ({self._most:,}).")
        self._taken += 1
        if self._taken == self._most:
            _log.warning("%d requests are under way, and no more are taken", self._most)

    def leave(self) -> None:
        self._taken -= 1


async def read_body(receive: Receive, limit: int, patience: float) -> bytes:
    """The request's body; one that comes with the request's head costs nothing more than itself.

    In every `patience` seconds there have to come MIN_RATE bytes for each of them, or the last. Whoever
    gives `receive` sees to it that it returns now and then, if need be with an empty piece.

    Raises:
        TooLarge: it is longer than `limit` bytes.
        RequestTimeout: it came too slowly.
        HungUp: the caller left in the middle.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body") and message["type"] == "http.request":
        return _bounded(body, limit)
    parts, size = [body], len(body)
    looked, seen = monotonic(), 0
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
        if message.get("more_body") and (now := monotonic()) > looked + patience:
            if size - seen < MIN_RATE * patience:
                raise RequestTimeout(f"For {patience:g} seconds too little of the body came.")
            looked, seen = now, size
    if message["type"] == "http.disconnect":
        raise HungUp("The caller left in the middle of its request.")
    return b"".join(parts)


def _bounded(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than the {limit:,} bytes that are accepted here.")


def check_head(method: str, headers: dict[bytes, bytes], limit: int) -> None:
    """Refuses what can be refused before the body is read.

    Raises:
        MethodNotAllowed, UnsupportedMedia, InvalidRequest, TooLarge, HeadersTooLarge: for what they name.
    """
    if method != "POST":
        raise MethodNotAllowed(f"{method} is not allowed here: use POST.", headers={"allow": "POST"})
    unsaid = b"" if b"origin" in headers else b"application/json"  # a page may send what has no type unasked
    media = headers.get(b"content-type", unsaid).partition(b";")[0].strip().lower()
    if media != b"application/json" and not media.endswith(b"+json"):
        raise UnsupportedMedia("The body must be sent as 'content-type: application/json'.")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise UnsupportedMedia("A compressed body is not accepted here.")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise InvalidRequest("'content-length' must be a number.")
    if len(length) > MAX_DIGITS or int(length) > limit:
        raise _too_large(limit)
    check_size(headers)


def check_size(headers: Mapping[bytes, bytes]) -> None:
    """Raises HeadersTooLarge."""
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADER_BYTES:
        raise HeadersTooLarge(f"The headers are larger than {MAX_HEADER_BYTES:,} bytes.")


def headers_of(given: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name; what was sent more than once is joined (RFC 9110, section 5.3)."""
    headers = dict(given)
    if len(headers) == len(given):
        return headers
    several: dict[bytes, list[bytes]] = {}
    for name, value in given:
        several.setdefault(name, []).append(value)
    return {name: b", ".join(values) for name, values in several.items()}


def request_id_of(headers: Mapping[bytes, bytes], find: FindText) -> str:
    """The caller's own id where it is sane and nothing is found in it, else a fresh one."""
    own = headers.get(b"x-request-id", b"")
    if _SANE_ID.fullmatch(own) and (_UUID.fullmatch(own) or not find(own.decode())):
        return own.decode()
    return secrets.token_hex(12)
