"""The endpoints that models answer: where they are, what is sent to them, and how they refuse it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.folder import KEY

_ANTHROPICS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
}


@dataclass(frozen=True)
class At:
    """One endpoint; `says` is the member in which a caller says something."""

    path: str
    says: str = "messages"
    also: tuple[tuple[str, Any], ...] = ()
    anthropic: bool = False
    streams: bool = True

    def __str__(self) -> str:
        return self.path

    def body(self, say: str = "ok", **members: Any) -> bytes:
        said: Any = say if self.says != "messages" else [{"role": "user", "content": say}]
        return self._saying(said, **members)

    @property
    def empty(self) -> bytes:
        return self._saying([])

    def _saying(self, said: Any, **members: Any) -> bytes:
        return json.dumps({"model": "auto", self.says: said, **dict(self.also), **members}).encode()

    @property
    def key(self) -> dict[str, str]:
        return {"x-api-key": KEY} if self.anthropic else {"authorization": f"Bearer {KEY}"}

    def code(self, status: int, body: bytes, headers: Mapping[str, str]) -> str:
        """The code of an error, whose shape is checked on the way."""
        whole = json.loads(body)
        assert headers["content-type"] == "application/json"
        assert headers["x-request-id"]
        if not self.anthropic:
            error = whole["error"]
            assert list(whole) == ["error"]
            assert set(error) == {"message", "type", "param", "code"}
            return str(error["code"])
        assert whole["type"] == "error"
        assert whole["request_id"] == headers["request-id"] == headers["x-request-id"]
        error = whole["error"]
        assert error["type"] == _ANTHROPICS.get(status, error["type"])
        return str(error["code"])


CHAT = At("/v1/chat/completions")
MESSAGES = At("/v1/messages", also=(("max_tokens", 100),), anthropic=True)
COUNT = At("/v1/messages/count_tokens", anthropic=True, streams=False)
COMPLETIONS = At("/v1/completions", says="prompt")
EMBEDDINGS = At("/v1/embeddings", says="input", streams=False)
RESPONSES = At("/v1/responses", says="input")
ENDPOINTS = (CHAT, RESPONSES, MESSAGES, COUNT, COMPLETIONS, EMBEDDINGS)
ANSWERING = (CHAT, RESPONSES, MESSAGES)
"""Those that answer in words, streamed or not."""
