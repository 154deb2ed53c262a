"""The lines that carry a caller's headers on to a model's upstream."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.policy.schema import Model
from gateway.types import ChatRequest

_TRACE = ("traceparent", "tracestate")  # W3C Trace Context


def carried(request: ChatRequest, model: Model) -> dict[str, str]:
    """What this model gets of them: the trace context, and those that its entry names."""
    if not request.forwarded:
        return {}
    return chosen(request, (*_TRACE, *model.forward))


def chosen(request: ChatRequest, names: Iterable[str]) -> dict[str, str]:
    """Those of the names that were sent."""
    return {name: request.forwarded[name] for name in names if name in request.forwarded}


def lines(headers: dict[str, str]) -> bytes:
    """As a request has them, each ending in CRLF."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1")
