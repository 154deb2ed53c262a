"""What is no endpoint of a model: its ids, and its errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.api.rest import Rest
from gateway.classify.detect import Detector


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    yield


async def fine(_: Request) -> Response:
    return PlainTextResponse("fine")


async def broken(_: Request) -> Response:
    raise RuntimeError("a secret of the machine's")


REST = Rest(
    [Route("/fine", fine), Route("/broken", broken)], lifespan, ["/v1/chat/completions"], Detector().find
)


def asked(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body of a reply; an error that is raised beside it is the server's to log."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def run() -> None:
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "GET", "path": path, "headers": named, "query_string": b""}
        try:
            await REST(scope, receive, send)
        except RuntimeError:
            assert path == "/broken"

    asyncio.run(run())
    start, *rest = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], told, b"".join(message["body"] for message in rest)


def test_a_reply_has_the_callers_id() -> None:
    status, headers, body = asked("/fine", x_request_id="mine-1")
    assert (status, headers["x-request-id"], body) == (200, "mine-1", b"fine")


def test_what_nobody_foresaw_is_500_and_says_nothing_of_it() -> None:
    status, headers, body = asked("/broken")
    assert (status, json.loads(body)["error"]["code"]) == (500, "internal_error")
    assert headers["x-request-id"]
    assert b"secret" not in body


def test_a_path_that_looks_like_an_endpoint_is_told_which_is_meant() -> None:
    status, _, body = asked("/chat/completions")
    assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")
    assert "Did you mean /v1/chat/completions?" in json.loads(body)["error"]["message"]


def test_a_path_that_looks_like_none_is_told_which_there_are() -> None:
    assert "There are /v1/chat/completions." in json.loads(asked("/x")[2])["error"]["message"]
