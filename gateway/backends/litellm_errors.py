"""Our errors for those of the litellm SDK, which are OpenAI's with a provider's words in them: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.backends.failures import error_object, meaning
from gateway.errors import (
    ContextLength,
    ProviderBroken,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)

_WRAPPING = re.compile(r"^(litellm\.)?\w+(Error|Exception)( - |: )")


def translated(name: str, error: Exception, begun: bool) -> ProviderError:
    """Our error for one of litellm's; `begun`: something of the answer has left already."""
    if isinstance(error, ProviderError):
        return error
    if begun:
        return ProviderBroken(f"{name} broke off its stream")
    kind = type(error).__name__
    status = getattr(error, "status_code", None)
    if kind in ("Timeout", "APITimeoutError"):
        return ProviderTimeout(f"{name} did not answer in time")
    if kind == "APIConnectionError":
        return ProviderUnavailable(f"{name} cannot be reached", retryable=True)
    if not isinstance(status, int):
        return ProviderBroken(f"{name} could not be asked through litellm ({kind})")
    said = _said(error)
    known = meaning(name, status, _headers(error), said)
    if kind == "ContextWindowExceededError" and not isinstance(known, ContextLength):
        reply = {**said, "code": ContextLength.code}
        return ContextLength(str(said["message"]), status=400, reply=reply)
    if kind == "ContentPolicyViolationError" and not isinstance(known, ProviderRefused):
        return ProviderRefused(str(said["message"]), status=400, reply=said)
    return known


def _said(error: Exception) -> dict[str, Any]:
    """The provider's error object: as the exception holds it, or inside its message."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        found = error_object(msgspec.json.encode(body))
        if found is not None:
            return found
    text = str(getattr(error, "message", "")) or type(error).__name__
    start = text.find("{")
    found = error_object(text[start : text.rfind("}") + 1].encode()) if start >= 0 else None
    if found is not None:
        return found
    while _WRAPPING.match(text):
        text = _WRAPPING.sub("", text, count=1)
    plain = "the provider gave no reason that can be shown" if "<" in text else text
    return {"message": plain, "type": "invalid_request_error", "param": None, "code": None}


def _headers(error: Exception) -> Mapping[str, str]:
    for holder in (getattr(error, "litellm_response_headers", None), getattr(error, "response", None)):
        headers = getattr(holder, "headers", holder)
        if headers:
            return {str(name).lower(): str(value) for name, value in dict(headers).items()}
    return {}
