"""Which API an error is told in where no endpoint has read a request: the one that is spoken at its path."""

from __future__ import annotations

from gateway.api.chat import CHAT
from gateway.api.dialect import Dialect
from gateway.api.messages.dialect import MESSAGES

_ANTHROPICS = "/v1/messages"


def dialect_at(path: str) -> Dialect:
    """Of the path as it was sent, with its query or without."""
    after = path.removeprefix(_ANTHROPICS)
    return MESSAGES if after != path and after[:1] in ("", "/", "?") else CHAT
