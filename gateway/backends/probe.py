"""Whether something listens where a model is said to be."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from gateway.backends.addresses import addresses_now, port_of
from gateway.reach import Reach

_SECONDS = 0.2


def probe_now(base_url: str, reach: Reach) -> bool:
    """Whether a connection to the URL's host and port is accepted in time; nothing else is connected to."""
    host, port = urlsplit(base_url).hostname or "", port_of(base_url)
    try:
        for address in addresses_now(reach, host, port):
            if _accepts(address, port):
                return True
    except (OSError, UnicodeError):
        return False
    return False


def _accepts(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), _SECONDS).close()
    except OSError:
        return False
    return True
