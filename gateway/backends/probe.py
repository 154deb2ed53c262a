"""Whether something listens where a model is said to be."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

_SECONDS = 0.2


def _address(base_url: str) -> tuple[str, int]:
    parts = urlsplit(base_url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


async def probe(base_url: str, seconds: float = _SECONDS) -> bool:
    """Whether a connection to the URL's host and port is accepted in time."""
    host, port = _address(base_url)
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, UnicodeError):
        return False
    writer.close()
    return True


def probe_now(base_url: str, seconds: float = _SECONDS) -> bool:
    """The same where no event loop runs yet."""
    try:
        socket.create_connection(_address(base_url), seconds).close()
    except (OSError, UnicodeError):
        return False
    return True
