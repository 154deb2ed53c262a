"""What is kept of an answer: the items of its turn, each with an id to be referred to by."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.accounting.exchange import Exchange
from gateway.api.responses.keeping import Whole, keep, keeps
from gateway.api.responses.reading import RequestReader
from gateway.policy.schema import Policy, Responses
from gateway.stored.memory import Memory
from gateway.types import Caller, Label, Turn

APP = Caller("app")
WHOLE = Whole("resp_1", b'{"id":"resp_1"}', [b'{"type":"message","id":"msg_1"}'])
HELLO = {"type": "message", "role": "user", "content": "hello"}


def exchange(up_to: Label = Label.RESTRICTED, **members: Any) -> Exchange:
    policy = Policy("r", {}, (), responses=Responses(up_to=up_to))
    made = Exchange("id", 0.0, 0.0, policy, model="small", caller=APP)
    body = json.dumps({"model": "auto", "input": "hello", **members}).encode()
    made.request = RequestReader(Memory())(body, APP)
    return made


def kept_turn(at: Exchange, whole: Whole = WHOLE) -> Turn:
    store = Memory()
    keep(whole, at, store)
    kept = store.response("app", whole.id)
    assert kept is not None
    store.forget("app", whole.id)
    assert (len(store), store.size) == (0, 0)
    return kept.turns[-1]


@pytest.mark.parametrize("id_", [5, "", None, ["msg_1"], {}], ids=str)
def test_an_item_whose_id_is_no_string_gets_one(id_: Any) -> None:
    (item,) = map(json.loads, kept_turn(exchange(input=[{**HELLO, "id": id_}])).input)
    assert item["id"].startswith("msg_")
    assert item["content"] == "hello"


@pytest.mark.parametrize(
    ("item", "prefix"),
    [
        ({"role": "user", "content": "hello"}, "msg_"),
        ({"type": "function_call", "call_id": "c", "name": "f"}, "fc_"),
        ({"type": "function_call_output", "call_id": "c", "output": "x"}, "fco_"),
        ({"type": "reasoning", "summary": []}, "rs_"),
        ({"type": "web_search_call"}, "item_"),
    ],
    ids=str,
)
def test_an_id_tells_what_it_is_of(item: Any, prefix: str) -> None:
    (kept,) = map(json.loads, kept_turn(exchange(input=[item])).input)
    assert kept["id"].startswith(prefix)
    assert kept["type"] == item.get("type", "message")


def test_an_item_with_an_id_stays_as_it_came() -> None:
    item = b'{"id" : "msg_9", "type":"message", "role":"assistant", "content":[], "more":1.50}'
    assert kept_turn(exchange(), Whole("resp_1", b"{}", [item])).output == (item,)
    assert kept_turn(exchange(input=[{**HELLO, "id": "mine"}])).input == (
        json.dumps({**HELLO, "id": "mine"}).encode(),
    )


def test_what_is_not_to_be_kept_or_may_not_be_is_not() -> None:
    declined, forbidden = exchange(store=False), exchange(Label.PUBLIC)
    forbidden.hidden = Label.INTERNAL
    store = Memory()
    for at in (declined, forbidden):
        keep(WHOLE, at, store)
        assert not keeps(at)
    assert len(store) == 0
    assert keeps(exchange())
