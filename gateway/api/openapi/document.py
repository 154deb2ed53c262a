"""GET /openapi.json: what the gateway serves, as an OpenAPI 3.1 document.

The YAML files beside this module say it by hand, but for what the code knows better: in their `responses`,
`$errors: {of: [CLASS], schema: NAME}` stands for the statuses of these error classes and those below them,
and `$served: {schema: NAME, event: NAME}` for an answer through the pipeline, whole or as a stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway import __version__, errors
from gateway.api.messages.errors import is_overloaded
from gateway.errors import GatewayError, HungUp, ProviderRefused

PATH = "/openapi.json"
_ANTHROPICS = "MessagesError"  # the schema of errors that Anthropic's clients read
_Json = dict[str, Any]
_ON_EVERY = {"x-request-id": "RequestId"}
_ON_SERVED = {
    **_ON_EVERY,
    "x-pointsman-policy": "Policy",
    "x-pointsman-route": "Route",
    "x-pointsman-model": "Model",
    "x-pointsman-task": "Task",
    "x-pointsman-freshness": "Freshness",
    "x-pointsman-sensitivity": "Sensitivity",
    "x-pointsman-sources": "Sources",
    "x-pointsman-held-back": "HeldBack",
    "x-pointsman-overhead-ms": "OverheadMs",
    "x-pointsman-cost-usd": "CostUsd",
}
_ON_ERROR = {"retry-after": "RetryAfter", "x-should-retry": "ShouldRetry"}


def routes() -> list[Route]:
    """The document, made at the first request for it."""

    async def described(_: Request) -> Response:
        return Response(await asyncio.to_thread(encoded), media_type="application/json")

    return [Route(PATH, described)]


@cache
def encoded() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document())


def document() -> _Json:
    """The document as a value of the caller's own."""
    whole = _read("base")
    for name in sorted(_parts()):
        _merge(whole, _read(name))
    whole["info"]["version"] = __version__
    whole["components"]["schemas"]["ErrorCode"]["enum"] = sorted({kind.code for kind in _sent(GatewayError)})
    for methods in whole["paths"].values():
        for name, operation in methods.items():
            if name != "parameters":  # which all methods of the path have
                _fill(operation["responses"])
    return whole


def _parts() -> Iterator[str]:
    names = (entry.name for entry in files(__package__).iterdir())
    return (n.removesuffix(".yaml") for n in names if n.endswith(".yaml") and n != "base.yaml")


def _read(name: str) -> _Json:
    read: _Json = yaml.load(
        files(__package__).joinpath(name + ".yaml").read_bytes(),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),  # noqa: S506 - either is safe
    )
    return read


def _merge(whole: _Json, part: _Json) -> None:
    """Adds paths and components; no two files may say the same one."""
    whole["paths"].update(part["paths"])
    for kind, named in part.get("components", {}).items():
        whole["components"].setdefault(kind, {}).update(named)


def _fill(responses: _Json) -> None:
    for status, response in responses.items():
        if "$served" in response:
            responses[status] = _served(**response["$served"])
    if "$errors" in responses:
        given = responses.pop("$errors")
        kinds = [kind for name in given["of"] for kind in _sent(getattr(errors, name))]
        for status, codes in _by_status(kinds, given["schema"] == _ANTHROPICS).items():
            responses[status] = _error(codes, given["schema"])


def _served(schema: str, event: str = "") -> _Json:
    """Before OpenAPI 3.2 the schema of `text/event-stream` is by custom that of each event."""
    content: _Json = {"application/json": {"schema": _schema(schema)}}
    if event:
        content["text/event-stream"] = {"schema": _schema(event)}
    return {"description": "The answer.", "headers": _headers(_ON_SERVED), "content": content}


def _error(codes: list[str], schema: str) -> _Json:
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "headers": _headers({**_ON_SERVED, **_ON_ERROR}),
        "content": {"application/json": {"schema": _schema(schema)}},
    }


def _schema(name: str) -> _Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _headers(names: dict[str, str]) -> _Json:
    return {header: {"$ref": f"#/components/headers/{name}"} for header, name in names.items()}


def _sent(kind: type[GatewayError]) -> list[type[GatewayError]]:
    """An error and those below it that reach a caller."""
    below = [each for sub in kind.__subclasses__() for each in _sent(sub)]
    return below if kind is HungUp else [kind, *below]


def _by_status(kinds: list[type[GatewayError]], anthropics: bool) -> dict[str, list[str]]:
    """The codes by status; an upstream's refusal of the request has any of 4xx."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        own = 529 if anthropics and is_overloaded(kind) else kind.status
        statuses = [str(own), *(["4XX"] if kind is ProviderRefused else [])]
        for status in statuses:
            codes = found.setdefault(status, [])
            if kind.code not in codes:
                codes.append(kind.code)
    return dict(sorted(found.items()))
