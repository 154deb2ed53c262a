"""GET /v1/models: what a caller may name as `model`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.access.keys import identify
from gateway.api.paging import limit_of, page_of
from gateway.api.shapes import ANTHROPIC
from gateway.api.state import Current
from gateway.errors import InvalidRequest, UnknownModel
from gateway.policy.naming import makes_embeddings, resolve, usable
from gateway.policy.schema import Policy
from gateway.types import Caller

_MOST_LISTED: Final = 1000
_Info = dict[str, str | None]


def routes(current: Current) -> list[Route]:
    """The listing, and one model's entry, in the shape of the API that the caller speaks."""

    async def listing(request: Request) -> Response:
        policy, headers = current().policy, dict(request.scope["headers"])
        visible = _visible(policy, identify(policy, headers))
        if ANTHROPIC in headers:
            return JSONResponse(_page([_info(name) for name, _ in visible], request.query_params))
        return JSONResponse({"object": "list", "data": [_entry(name, by) for name, by in visible]})

    async def one(request: Request) -> Response:
        policy, headers = current().policy, dict(request.scope["headers"])
        wanted = request.path_params["model"]
        for name, by in _visible(policy, identify(policy, headers)):
            if name == wanted:
                return JSONResponse(_info(name) if ANTHROPIC in headers else _entry(name, by))
        raise UnknownModel(
            f"The model '{wanted}' does not exist here, or this key may not use it.", param="model"
        )

    return [Route("/v1/models", listing), Route("/v1/models/{model:path}", one)]


def _visible(policy: Policy, caller: Caller) -> Iterator[tuple[str, str]]:
    """Names and who owns them: `auto`, the routes, the models in service, and exact aliases."""
    names = [("auto", "pointsman")]
    names += [(f"route/{route.name}", "pointsman") for route in policy.routes if not route.disabled]
    names += [(model.name, model.provider) for model in (*policy.chat_models, *policy.embedding_models)]
    names += [(alias, "pointsman") for alias in policy.aliases if not alias.endswith("*")]
    return (entry for entry in names if _usable(policy, entry[0], caller))


def _usable(policy: Policy, name: str, caller: Caller) -> bool:
    return usable(resolve(policy, name, caller, makes_embeddings(policy, name)), caller)


def _entry(name: str, owned_by: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": owned_by}


def _info(name: str) -> _Info:
    """An entry as Anthropic's clients know it: the epoch stands for a day that is not known."""
    known = {"created_at": "1970-01-01T00:00:00Z", "lifecycle": "active"}
    unknown = dict.fromkeys(("capabilities", "max_input_tokens", "max_tokens"))
    return {"type": "model", "id": name, "display_name": name, **known, **unknown}


def _page(entries: list[_Info], asked: Mapping[str, str]) -> dict[str, object]:
    """The entries beside a cursor, as many as are asked for.

    Raises:
        InvalidRequest: the limit is no number from 1 to 1000, or a cursor names no entry.
    """
    most = limit_of(asked, _MOST_LISTED, _MOST_LISTED)
    after, before = _cursor(entries, asked, "after_id"), _cursor(entries, asked, "before_id")
    between = entries[0 if after is None else after + 1 : before]
    page = between[:most] if before is None else between[-most:]
    return page_of(page, len(page) < len(between))


def _cursor(entries: list[_Info], asked: Mapping[str, str], name: str) -> int | None:
    if name not in asked:
        return None
    for place, entry in enumerate(entries):
        if entry["id"] == asked[name]:
            return place
    raise InvalidRequest(f"'{name}' must be the id of a model that is listed here.", param=name)
