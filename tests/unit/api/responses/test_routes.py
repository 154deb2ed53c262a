"""Kept responses as their callers retrieve, list and delete them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from gateway.access.keys import hash_key
from gateway.api.responses.routes import routes
from gateway.errors import GatewayError
from gateway.inbound import InForce
from gateway.labels import clear
from gateway.policy.schema import KnownCaller, Policy, Responses
from gateway.stored.memory import Memory
from gateway.types import Caller, KeptResponse, Label, Turn

APP, OTHER = "key-of-the-app", "key-of-another"
POLICY = Policy(
    "r",
    {},
    (),
    callers=tuple(KnownCaller(Caller(name), hash_key(key)) for name, key in (("app", APP), ("x", OTHER))),
)


class Kept:
    """A store with a response of three items of input, and a client for it."""

    def __init__(self, held: bool = False) -> None:
        self.forgotten: list[str] = []
        self.store = Memory()
        says = {"type": "message", "role": "assistant", "id": "i2", "content": [{"type": "output_text"}]}
        earlier = Turn((_item(id="i1", role="user", content="one"),), (_item(**says),))
        own = Turn((_item(id="i3", role="user", content="two"),), (_item(id="i4", type="reasoning"),))
        turns, label = (earlier, own), Label.PUBLIC
        kept = KeptResponse("r1", "app", "m", held, label, label, turns, b'{"id":"r1"}', 60.0)
        self.store.keep(clear(kept, label, Responses(), "store"))
        app = Starlette(
            routes=routes(lambda: InForce(POLICY, None, {}), self.store, self._forget),  # type: ignore[arg-type]
            exception_handlers={GatewayError: _told},
        )
        self._client = TestClient(app)

    async def _forget(self, response: KeptResponse) -> None:
        self.forgotten.append(response.id)

    def ask(self, path: str, method: str = "GET", key: str = APP) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {key}"}
        reply = self._client.request(method, f"/v1/responses/{path}", headers=headers)
        return reply.status_code, reply.json()

    def listed(self, query: str = "") -> Any:
        status, page = self.ask(f"r1/input_items{query}")
        assert status == 200
        return page


def _item(**members: Any) -> bytes:
    return json.dumps({"type": "message", **members}).encode()


async def _told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, GatewayError)
    return JSONResponse(error.body(), error.http_status)


def ids(page: Any) -> list[str]:
    return [item["id"] for item in page["data"]]


def test_a_response_is_handed_out_as_it_was() -> None:
    assert Kept().ask("r1") == (200, {"id": "r1"})
    assert Kept().ask("r1?stream=false")[0] == 200


@pytest.mark.parametrize(
    ("path", "method"), [("r1", "GET"), ("r1", "DELETE"), ("r1/input_items", "GET")], ids=str
)
def test_to_anybody_else_it_is_not_there(path: str, method: str) -> None:
    kept = Kept(held=True)
    status, body = kept.ask(path, method, OTHER)
    assert (status, body["error"]["code"]) == (404, "not_found")
    assert kept.ask(path, method, "no-key")[0] == 401
    assert kept.forgotten == []
    assert kept.ask("r2")[0] == 404


def test_it_is_not_streamed_again() -> None:
    status, body = Kept().ask("r1?stream=true")
    assert (status, body["error"]["param"]) == (400, "stream")


@pytest.mark.parametrize(("held", "forgotten"), [(True, ["r1"]), (False, [])])
def test_whoever_holds_it_as_well_is_told_that_it_is_deleted(held: bool, forgotten: list[str]) -> None:
    kept = Kept(held)
    assert kept.ask("r1", "DELETE") == (200, {"id": "r1", "object": "response", "deleted": True})
    assert kept.forgotten == forgotten
    assert kept.ask("r1")[0] == 404


def test_the_input_is_listed_newest_first_and_the_turns_before_are_part_of_it() -> None:
    page = Kept().listed()
    assert ids(page) == ["i3", "i2", "i1"]
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("i3", "i1", False)
    assert page["data"][0]["content"] == [{"type": "input_text", "text": "two"}]


def test_the_input_is_listed_page_by_page() -> None:
    kept = Kept()
    first = kept.listed("?order=asc&limit=2")
    assert (ids(first), first["has_more"]) == (["i1", "i2"], True)
    rest = kept.listed("?order=asc&limit=2&after=i2")
    assert (ids(rest), rest["has_more"]) == (["i3"], False)
    end = kept.listed("?order=asc&after=i3")
    assert (ids(end), end["first_id"]) == ([], None)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("order=up", "order"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("after=z", "after"),
    ],
)
def test_a_page_that_there_cannot_be_is_refused(query: str, param: str) -> None:
    status, body = Kept().ask(f"r1/input_items?{query}")
    assert (status, body["error"]["param"]) == (400, param)
