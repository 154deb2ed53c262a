"""What the endpoints under /v1/messages know of their API."""

from __future__ import annotations

from typing import Final

from gateway.api.dialect import Dialect
from gateway.api.messages.errors import told
from gateway.api.messages.reading import parse, parse_counted
from gateway.api.messages.rendering import CountRendering, MessagesRendering
from gateway.types import Api

_IDS: Final = (b"x-request-id", b"request-id")  # the second is where Anthropic's clients look for it

MESSAGES: Final = Dialect(Api.MESSAGES, parse, MessagesRendering, told, _IDS)
COUNT_TOKENS: Final = Dialect(Api.COUNT, parse_counted, CountRendering, told, _IDS)
