"""What is kept of an answer: the items of its turn, each with an id to be referred to by."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.accounting.exchange import Exchange
from gateway.api.responses.keeping import Whole, keep, keeps
from gateway.api.responses.reading import RequestReader
from gateway.labels import clear
from gateway.policy.schema import Model, Policy, Responses
from gateway.stored.memory import Memory
from gateway.types import Caller, KeptResponse, Label, Turn

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


def test_a_turn_is_kept_with_those_that_it_went_on_from_as_they_were_then() -> None:
    """Whatever stands under the same id by the end, and however low the new turn is."""
    store = Memory()
    keep(Whole("resp_1", b"{}", []), exchange(), store)
    high = replace_label(store, Label.CONFIDENTIAL)
    body = json.dumps({"model": "auto", "input": "more", "previous_response_id": "resp_1"}).encode()
    at = exchange()
    at.request = RequestReader(store)(body, APP)
    at.unmasked, at.request = at.request, replace(at.request, label=Label.PUBLIC)
    store.forget("app", "resp_1")
    keep(Whole("resp_2", b"{}", []), at, store)
    kept = store.response("app", "resp_2")
    assert kept is not None
    assert (kept.label, kept.floor) == (Label.CONFIDENTIAL, Label.INTERNAL)
    assert kept.turns[:-1] == high.turns
    assert len(kept.turns[-1].input) == 1


def replace_label(store: Memory, label: Label) -> KeptResponse:
    kept = store.response("app", "resp_1")
    assert kept is not None
    higher = replace(kept, label=label, floor=Label.INTERNAL)
    store.keep(clear(higher, label, Responses(), "store"))
    return higher


def test_a_response_is_tied_to_its_upstream_not_to_the_name_of_a_model() -> None:
    small = Model("small", "openai-compatible", "x", base_url="http://one.example")
    store, at = Memory(), exchange()
    at.policy = replace(at.policy, models={"small": small})
    keep(WHOLE, at, store)
    kept = store.response("app", "resp_1")
    assert kept is not None
    assert kept.upstream == small.upstream == replace(small, name="other", api_key=None).upstream
    elsewhere = (
        replace(small, base_url="http://two.example"),
        replace(small, model="y"),
        replace(small, api_key="k"),
    )
    assert kept.upstream not in {model.upstream for model in elsewhere}


def test_what_is_not_to_be_kept_or_may_not_be_is_not() -> None:
    declined, forbidden = exchange(store=False), exchange(Label.PUBLIC)
    forbidden.hidden = Label.INTERNAL
    store = Memory()
    for at in (declined, forbidden):
        keep(WHOLE, at, store)
        assert not keeps(at)
    assert len(store) == 0
    assert keeps(exchange())
