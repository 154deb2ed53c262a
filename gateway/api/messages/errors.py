"""Errors in Anthropic's shape."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gateway.errors import GatewayError, Overloaded, ProviderOverloaded, ProviderRateLimited, ProviderRefused

_json = msgspec.json.Encoder()
# https://docs.anthropic.com/en/api/errors
_TYPES: Final = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_KNOWN: Final = frozenset({*_TYPES.values(), "invalid_request_error", "api_error"})


def told(error: GatewayError, request_id: str) -> tuple[int, bytes]:
    """An error in Anthropic's shape, with the status by which Anthropic's clients know it."""
    return 529 if is_overloaded(type(error)) else error.http_status, error_body(error, request_id)


def error_body(error: GatewayError, request_id: str) -> bytes:
    """The error, the gateway's own code beside Anthropic's type; an upstream's own object stays whole."""
    return _json.encode({"type": "error", "error": _object(error), "request_id": request_id})


def _object(error: GatewayError) -> dict[str, Any]:
    given = error.reply if isinstance(error, ProviderRefused) and error.reply is not None else None
    if given is None:
        own = {"message": error.message, "param": error.param, "code": error.code}
        return {"type": _type(error), **own, "details": {"error_code": error.code}}
    said = {name: value for name, value in given.items() if value is not None}
    kind = said.get("type")
    return {**said, "type": kind if kind in _KNOWN else _type(error), "message": error.message}


def is_overloaded(kind: type[GatewayError]) -> bool:
    """Whether such an error is what Anthropic tells by 529."""
    return issubclass(kind, (ProviderOverloaded, Overloaded)) and not issubclass(kind, ProviderRateLimited)


def _type(error: GatewayError) -> str:
    if is_overloaded(type(error)):
        return "overloaded_error"
    status = error.http_status
    return _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
