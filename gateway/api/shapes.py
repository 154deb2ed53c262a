"""Which API an error is told in where no endpoint has read a request: the one that is spoken at its path."""

from __future__ import annotations

from gateway.api.chat import CHAT
from gateway.api.dialect import Dialect


def dialect_at(path: str) -> Dialect:
    """Of the path as it was sent, query included or not."""
    return CHAT
