"""What an upstream's failure means to us: its status and error object to one of our errors."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from gateway.errors import (
    ContextLength,
    ProviderAuthentication,
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)

# How servers say that a prompt does not fit, where they give no code for it.
_TOO_LONG = re.compile(
    r"context[ _](length|window|size|limit)|maximum context|prompt is too long|too many (input )?tokens"
    r"|reduce the length|exceeds? the (model's )?maximum (number of )?(input )?tokens",
    re.IGNORECASE,
)
_WAITS = ("retry-after", "retry-after-ms")
_OWN_WORD = frozenset({408, 409, 429, 502, 503, 504})  # statuses that a policy's retry_on names
_NOT_AGAIN: Mapping[str, str] = {"x-should-retry": "false"}  # as the clients of OpenAI and Anthropic read it
_STATUS = re.compile(r"[1-5][0-9]{2}")
_NAMED = {  # codes and types of errors that come without a status, inside a 200
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "insufficient_quota": 429,
    "overloaded_error": 503,
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "timeout": 408,
    "timeout_error": 408,
    "request_too_large": 413,
}


def failure(name: str, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """The error for an answer of `name` with a status other than 200. What is not JSON is not repeated."""
    return meaning(name, status, headers, error_object(body))


def announced(name: str, error: Mapping[str, Any]) -> ProviderError:
    """The error for an error object that came in a 200, or as an event of a stream."""
    said = error.get("code"), error.get("type")
    numbers = [int(s) for s in said if isinstance(s, int) or (isinstance(s, str) and _STATUS.fullmatch(s))]
    named = [_NAMED[s] for s in said if isinstance(s, str) and s in _NAMED]
    status = next((n for n in (*numbers, *named) if 400 <= n < 600), 502)
    return meaning(name, status, {}, error)


def meaning(
    name: str, status: int, headers: Mapping[str, str], error: Mapping[str, Any] | None
) -> ProviderError:
    """Our error for an upstream's status and error object."""
    quota = status == 429 and "insufficient_quota" in ((error or {}).get("code"), (error or {}).get("type"))
    again = headers.get("x-should-retry") != "false" and not quota
    wait = retry_after(headers)
    kept = {k: headers[k] for k in _WAITS if k in headers} | dict({} if again else _NOT_AGAIN)
    seen = {529: "503"}.get(status, str(status) if status in _OWN_WORD else "500")
    if status < 400:  # nothing that we asked for: a redirect is not followed, it would take the key along
        return ProviderBroken(f"{name} answered with status {status} instead of an answer")
    if status == 402:
        said = f"{name} has no credit left for the gateway's account"
        return ProviderAuthentication(said, headers=dict(_NOT_AGAIN))
    if status in (401, 403):
        said = f"{name} does not accept the gateway's credentials"
        return ProviderAuthentication(said, headers=dict(_NOT_AGAIN))
    if status == 408:
        return ProviderTimeout(f"{name} timed out (408)", headers=kept, retryable=again, seen=seen)
    if status == 409:
        return ProviderUnavailable(
            f"{name} reported a conflict (409)", headers=kept, retryable=again, seen=seen
        )
    if status == 429:
        message = f"{name} is over its rate or quota (429)"
        return ProviderRateLimited(message, headers=kept, retry_after=wait, retryable=again, seen=seen)
    if status in (503, 529):
        message = f"{name} is overloaded ({status})"
        return ProviderOverloaded(message, headers=kept, retry_after=wait, retryable=again, seen=seen)
    if status < 500:
        return _refused(name, status, error)
    message = f"{name} failed ({status})"
    return ProviderUnavailable(message, headers=kept, retry_after=wait, retryable=again, seen=seen)


def _refused(name: str, status: int, error: Mapping[str, Any] | None) -> ProviderRefused:
    reply = dict(error) if error is not None else None
    said = (error or {}).get("message")
    message = said if isinstance(said, str) and said else f"{name} refused the request ({status})"
    param = (error or {}).get("param")
    kind = ContextLength if status in (400, 413, 422) and _too_long(error or {}) else ProviderRefused
    if kind is ContextLength and reply is not None:
        reply["code"] = ContextLength.code  # whatever this server calls it, clients look for this
    return kind(message, status=status, reply=reply, param=param if isinstance(param, str) else None)


def _too_long(error: Mapping[str, Any]) -> bool:
    return error.get("code") == ContextLength.code or bool(_TOO_LONG.search(str(error.get("message", ""))))


def error_object(body: bytes) -> dict[str, Any] | None:
    """The error in a JSON body, in OpenAI's shape; None where there is none.

    Servers differ: {"error": {…}}, [{"error": {…}}], {"error": "text"}, {"message": …}, {"detail": …}.
    """
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if isinstance(whole, list) and whole:
        whole = whole[0]
    if not isinstance(whole, dict):
        return None
    error = whole.get("error", whole)
    if isinstance(error, dict) and error:
        said = error.get("message", error.get("detail", error.get("title", "")))
        text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
        shape = {"message": text, "type": "invalid_request_error", "param": None, "code": None}
        return {**shape, **error, "message": text}
    if isinstance(error, str):
        return {"message": error, "type": "invalid_request_error", "param": None, "code": None}
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms`, or `retry-after` in seconds or as a date (against `date`)."""
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        elif "retry-after" in headers:
            seconds = float(headers["retry-after"])
        else:
            return None
    except ValueError:
        seconds = _until(headers)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(headers: Mapping[str, str]) -> float:
    try:
        then = parsedate_to_datetime(headers["retry-after"])
        return (then - parsedate_to_datetime(headers["date"])).total_seconds()
    except (ValueError, KeyError, TypeError):
        return math.nan
