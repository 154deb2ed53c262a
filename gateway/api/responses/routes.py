"""GET and DELETE /v1/responses/{id}, and the items of its input: for the caller that was answered it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.access.keys import identify
from gateway.api.paging import limit_of, page_of
from gateway.api.state import Current
from gateway.errors import InvalidRequest, NotFound
from gateway.interfaces import ResponseStore
from gateway.types import KeptResponse

Forget = Callable[[KeptResponse], Awaitable[None]]
_PATH: Final = "/v1/responses/{id}"
_NOT_OFFERED: Final = ("/v1/responses/compact", "/v1/responses/input_tokens")  # not ids of responses
_MOST_LISTED: Final = 100
_LISTED: Final = 20
_json = msgspec.json.Encoder()
_object = msgspec.json.Decoder(dict[str, Any])


def routes(current: Current, store: ResponseStore, forget: Forget) -> list[Route]:
    """`forget` has whoever else holds a response delete it too."""

    def kept(request: Request) -> KeptResponse:
        caller = identify(current().policy, dict(request.scope["headers"]))
        found = store.response(caller.name, request.path_params["id"])
        if found is None:
            raise NotFound(
                "There is no response of this id that you were answered here and that is still kept."
            )
        return found

    async def retrieved(request: Request) -> Response:
        found = kept(request)
        if request.query_params.get("stream", "false").lower() not in ("false", "0", ""):
            raise InvalidRequest(
                "A response that is over is not streamed again: ask for it without 'stream'.", param="stream"
            )
        return _reply(found.body)

    async def deleted(request: Request) -> Response:
        found = kept(request)
        store.forget(found.caller, found.id)
        if found.held:
            await forget(found)
        return _reply(_json.encode({"id": found.id, "object": "response", "deleted": True}))

    async def one(request: Request) -> Response:
        """Both methods at one route, so that a third is told of both."""
        return await (deleted if request.method == "DELETE" else retrieved)(request)

    async def input_items(request: Request) -> Response:
        *earlier, last = kept(request).turns
        items = [item for turn in earlier for item in turn.items] + list(last.input)
        return _reply(_json.encode(_page([_shown(item) for item in items], request.query_params)))

    async def nothing(request: Request) -> Response:
        raise HTTPException(404)

    return [
        *(Route(path, nothing, methods=["POST"], include_in_schema=False) for path in _NOT_OFFERED),
        Route(_PATH, one, methods=["GET", "DELETE"]),
        Route(_PATH + "/input_items", input_items, methods=["GET"]),
    ]


def _reply(body: bytes) -> Response:
    return Response(body, headers={"cache-control": "no-store"}, media_type="application/json")


def _page(items: list[dict[str, Any]], asked: Mapping[str, str]) -> dict[str, Any]:
    """Some of the items: newest first unless `order` is asc, `limit` of them, those behind `after`."""
    order, after = asked.get("order", "desc"), asked.get("after")
    if order not in ("asc", "desc"):
        raise InvalidRequest("'order' must be asc or desc.", param="order")
    limit = limit_of(asked, _LISTED, _MOST_LISTED)
    ordered = items if order == "asc" else items[::-1]
    if after is not None:
        places = [place for place, item in enumerate(ordered) if item["id"] == after]
        if not places:
            raise InvalidRequest("'after' names no item of this response's input.", param="after")
        ordered = ordered[places[-1] + 1 :]
    return {"object": "list", **page_of(ordered[:limit], len(ordered) > limit)}


def _shown(item: bytes) -> dict[str, Any]:
    """An item as the service lists it: the content of a message as parts."""
    members = _object.decode(item)
    if members["type"] != "message":
        return members
    content = members.get("content")
    if isinstance(content, str):
        kind = "output_text" if members.get("role") == "assistant" else "input_text"
        extra: dict[str, Any] = {"annotations": []} if kind == "output_text" else {}
        members["content"] = [{"type": kind, "text": content, **extra}]
    return {"status": "completed", **members}
