"""GET /v1/models: what a caller may name as `model`."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.access.keys import identify
from gateway.api.state import Current
from gateway.errors import UnknownModel
from gateway.policy.naming import makes_embeddings, resolve, usable
from gateway.policy.schema import Policy
from gateway.types import Caller


def routes(current: Current) -> list[Route]:
    """The listing, and one model's entry."""

    async def listing(request: Request) -> Response:
        policy = current().policy
        caller = identify(policy, dict(request.scope["headers"]))
        return JSONResponse({"object": "list", "data": [_entry(n, by) for n, by in _visible(policy, caller)]})

    async def one(request: Request) -> Response:
        policy = current().policy
        caller = identify(policy, dict(request.scope["headers"]))
        wanted = request.path_params["model"]
        for name, by in _visible(policy, caller):
            if name == wanted:
                return JSONResponse(_entry(name, by))
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
