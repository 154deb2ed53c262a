"""Whether a request without a key was meant for this machine: a page of a browser on it can send one, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.errors import Forbidden, UnsupportedMedia
from gateway.settings import is_loopback

_USUAL: Final = frozenset({b"127.0.0.1", b"localhost", b"[::1]"})
_LONGEST: Final = 64  # bytes of an address, more than any has
_ELSEWHERE: Final = frozenset({b"cross-site", b"same-site"})  # a site is served on all ports of a machine
_NAMED: Final = "ask it as localhost, 127.0.0.1 or [::1], or give whoever asks it a key in 'callers'."


def check_nearby(headers: Mapping[bytes, bytes]) -> None:
    """Refuses what a page from elsewhere asks, under its own name (DNS rebinding) or the gateway's.

    Browsers say `host` in every request, and where it comes from in every one that has a body; they ask
    before they send JSON that is said to be JSON, and nobody answers them. Other clients say no origin.

    Raises:
        Forbidden: it names another host than this machine, or comes from a page of another one.
        UnsupportedMedia: it has a body of no type, which a page may send unasked.
    """
    host = headers.get(b"host")
    if host is not None and not _is_here(host):
        raise Forbidden(f"Without callers, the gateway serves this machine under its own name only: {_NAMED}")
    origin = headers.get(b"origin")
    if origin is not None and not _is_here(origin.partition(b"://")[2]):
        raise Forbidden(f"Without callers, no page of another origin is served: {_NAMED}")
    if headers.get(b"sec-fetch-site") in _ELSEWHERE:
        raise Forbidden(f"Without callers, no page of another site is served: {_NAMED}")
    if b"content-type" not in headers and _has_body(headers):
        raise UnsupportedMedia("The body must be sent as 'content-type: application/json'.")


def _is_here(authority: bytes) -> bool:
    """Whether a host, with its port or without, is this machine."""
    host, colon, port = authority.rpartition(b":")
    if not colon or authority.endswith(b"]"):
        host = authority
    elif not port.isdigit():
        return False
    return host in _USUAL or (len(host) <= _LONGEST and is_loopback(host.decode("latin-1").lower()))


def _has_body(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
