"""What goes to an upstream that speaks Responses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.api.responses.reading import RequestReader
from gateway.backends.responses.body import responses_body, written_out
from gateway.errors import ProviderRefused
from gateway.labels import clear
from gateway.policy.schema import Model, Responses
from gateway.stored.memory import Memory
from gateway.strategies.message import before_last_user, made
from gateway.types import Caller, ChatRequest, KeptResponse, Label, Turn

NATIVE = Model("native", "openai", "gpt-x")
ITEMS = (
    b'{"id":"msg_1","type":"message","role":"user","content":"hello"}',
    b'{"id":"rs_1","type":"reasoning","summary":[]}',
    b'{"id":"rs_2","type":"reasoning","summary":[],"encrypted_content":"gAAA"}',
    b'{"id":"msg_2","type":"message","status":"completed","role":"assistant","content":[]}',
)


def read(body: bytes, held_by: str = NATIVE.upstream) -> ChatRequest:
    store = Memory()
    turn = Turn(ITEMS[:1], ITEMS[1:])
    kept = KeptResponse("r1", "app", held_by, True, Label.PUBLIC, Label.PUBLIC, (turn,), b"{}", 60.0)
    store.keep(clear(kept, Label.PUBLIC, Responses(), "store"))
    return RequestReader(store)(body, Caller("app"))


def sent(request: ChatRequest) -> Any:
    return json.loads(responses_body(request, NATIVE))


def test_the_same_bytes_but_for_the_model() -> None:
    body = b'{ "input": "h\\u0065llo",\t"model" : "auto", "x": 1.50 }'
    assert responses_body(read(body), NATIVE) == body.replace(b'"auto"', b'"gpt-x"')


def test_earlier_turns_stay_a_reference_where_this_model_holds_them() -> None:
    body = b'{"model":"auto","input":"more","previous_response_id":"r1"}'
    assert responses_body(read(body), NATIVE) == body.replace(b'"auto"', b'"gpt-x"')


def test_earlier_turns_are_written_out_without_ids_that_this_upstream_does_not_know() -> None:
    body = b'{"model":"auto","input":"more","previous_response_id":"r1","x":1}'
    whole = sent(read(body, held_by="another"))
    assert "previous_response_id" not in whole
    assert (whole["model"], whole["x"]) == ("gpt-x", 1)
    assert whole["input"] == [
        {"type": "message", "role": "user", "content": "hello"},
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"},
        {"type": "message", "role": "assistant", "content": []},
        {"role": "user", "content": "more"},
    ]


def test_messages_that_the_gateway_adds_stand_among_the_callers_items() -> None:
    request = read(b'{"model":"auto","instructions":"Be brief.","input":"hello","tools":[{"type":"mcp"}]}')
    added = made("system", "Passages.", label=Label.PUBLIC, trusted=True)
    whole = sent(replace(request, messages=before_last_user(request.messages, added)))
    assert whole["instructions"] == "Be brief."
    assert whole["tools"] == [{"type": "mcp"}]
    assert whole["input"] == [
        {"role": "system", "content": "Passages."},
        {"role": "user", "content": "hello"},
    ]


def test_an_edited_request_says_its_earlier_turns_itself() -> None:
    request = read(b'{"model":"auto","input":"more","previous_response_id":"r1"}')
    added = made("system", "Passages.", label=Label.PUBLIC, trusted=True)
    whole = sent(replace(request, messages=before_last_user(request.messages, added)))
    assert "previous_response_id" not in whole
    assert [item.get("role", item.get("type")) for item in whole["input"]] == [
        *("user", "reasoning", "assistant", "system", "user")
    ]


def test_what_is_not_to_be_kept_is_kept_by_nobody() -> None:
    whole = sent(replace(read(b'{"model":"auto","input":"x","store":true}'), keep=False))
    assert (whole["store"], whole["input"]) == (False, "x")


LOST = ProviderRefused("no such response", status=400, param="previous_response_id")
REFERRING = b'{"model":"auto","input":"more","previous_response_id":"r1"}'


@pytest.mark.parametrize("refused", [LOST, ProviderRefused("no such item", status=404)])
def test_what_this_upstream_has_lost_is_written_out(refused: ProviderRefused) -> None:
    request = read(REFERRING)
    whole = written_out(request, NATIVE, refused)
    assert whole is not None
    assert "previous_response_id" not in sent(whole)
    assert len(sent(whole)["input"]) == 4


def test_any_other_refusal_stands() -> None:
    assert written_out(read(REFERRING), NATIVE, ProviderRefused("bad", param="input")) is None
    assert written_out(read(REFERRING, held_by="another"), NATIVE, LOST) is None
    assert written_out(read(b'{"model":"auto","input":"x"}'), NATIVE, LOST) is None
    assert written_out(ChatRequest("auto", (), {}), NATIVE, LOST) is None
