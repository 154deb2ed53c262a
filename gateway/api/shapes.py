"""Which API an error is told in where no endpoint has read a request: the one that is spoken at its path."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from gateway.api.chat import CHAT
from gateway.api.dialect import Dialect
from gateway.api.messages.dialect import MESSAGES

ANTHROPIC: Final = b"anthropic-version"  # a header that Anthropic's clients send wherever they ask
_ANTHROPICS: Final = "/v1/messages"


def dialect_at(path: str, headers: Container[bytes] = ()) -> Dialect:
    """Of the path, with its query or without; `headers` are the names of those that were sent."""
    if ANTHROPIC in headers:
        return MESSAGES
    after = path.removeprefix(_ANTHROPICS)
    return MESSAGES if after != path and after[:1] in ("", "/", "?") else CHAT
