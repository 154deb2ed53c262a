"""All that is no endpoint of a model, by Starlette: with ids, bounds and errors as everything else here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.door import check_size, headers_of, request_id_of
from gateway.api.shapes import dialect_at
from gateway.errors import GatewayError, InternalError, MethodNotAllowed, NotFound
from gateway.interfaces import FindText
from gateway.policy.mistakes import nearest

_log = logging.getLogger("pointsman")
_ID = "pointsman_request_id"  # in the scope
_LONGEST_SHOWN = 100  # characters of a path in a message


class Rest:
    """`endpoints` are the paths that somebody else serves: they are named where a path is wrong."""

    def __init__(
        self, routes: Sequence[Route], lifespan: Any, endpoints: Collection[str], find: FindText
    ) -> None:
        self.routes = routes
        self._find, self._endpoints = find, sorted(endpoints)
        handlers: Mapping[Any, Callable[[Request, Exception], Any]] = {
            GatewayError: self._told,
            HTTPException: self._http_error,
            Exception: self._crash,
        }
        self._app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
        self._app.router.redirect_slashes = False  # to where the caller's own `host` says

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope["headers"])
        scope[_ID] = request_id = request_id_of(headers, self._find)
        dialect = dialect_at(scope["path"], headers)
        ids = dialect.ids(request_id)
        try:
            check_size(headers)
            app: ASGIApp = self._app
        except GatewayError as error:
            status, body = dialect.error(error, request_id)
            app = Response(body, status, error.headers, "application/json")

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *ids]
            await send(message)

        await app(scope, receive, named)

    async def _told(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, GatewayError)
        headers = dict(request.scope["headers"])
        status, body = dialect_at(request.url.path, headers).error(error, request.scope[_ID])
        return Response(body, status, error.headers, "application/json")

    async def _http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return await self._told(request, self._meaning(request, error))

    def _meaning(self, request: Request, error: HTTPException) -> GatewayError:
        """Nothing here raises another status than 404 and 405."""
        if error.status_code != 405:
            return NotFound(self._lost(request.scope["path"]))
        allowed = dict(error.headers or {})
        return MethodNotAllowed(
            f"{request.method} is not allowed here: use {allowed.get('Allow', 'another method')}.",
            headers={name.lower(): value for name, value in allowed.items()},
        )

    def _lost(self, path: str) -> str:
        """Says where it might have been meant to go."""
        shown = path if len(path) <= _LONGEST_SHOWN else path[:_LONGEST_SHOWN] + "…"
        meant = nearest(path[:_LONGEST_SHOWN], self._endpoints)
        hint = f"Did you mean {meant}?" if meant else f"There are {', '.join(self._endpoints)}."
        return f"There is nothing at {shown}. {hint}"

    async def _crash(self, request: Request, error: Exception) -> Response:
        _log.error("A request failed inside the gateway", exc_info=error)
        return await self._told(request, InternalError.logged())
