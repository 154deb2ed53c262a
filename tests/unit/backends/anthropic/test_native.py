"""A Messages body as it came, but for what the gateway has changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.api.messages.reading import parse
from gateway.backends.anthropic.native import edited, relayed
from gateway.strategies.message import before_last_user, call_message, made, result_message
from gateway.types import Caller, ChatRequest, Label, ToolCall, ToolSpec

CALL = ToolCall("call_1", "dice", '{"sides":6}')
DICE = ToolSpec("dice", "Rolls", {"type": "object", "properties": {"sides": {"type": "integer"}}})
CONVERSATION = (
    b'[{"role":"user","content":[{"type":"text", "text":"Hi","cache_control":{"type":"ephemeral"}}]},'
    b'{"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"s\\u0069g"},'
    b'{"type":"tool_use","id":"t1","name":"clock","input":{ "a": 1.0 }}]},'
    b'{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"12"},'
    b'{"type":"text","text":"And?"}]}]'
)


def asked(messages: bytes = CONVERSATION, **members: Any) -> ChatRequest:
    rest = json.dumps({"max_tokens": 10, **members}).encode()[1:]
    return parse(b'{"model": "auto", "messages": %b, %b' % (messages, rest), Caller("app"))


def changed(request: ChatRequest) -> Any:
    assert request.sent is not None
    return json.loads(edited(request, request.sent, "claude"))


def answered(request: ChatRequest) -> ChatRequest:
    """As the tool loop leaves it after a call of the gateway's tool."""
    said = (
        call_message("", [CALL], Label.PUBLIC, True),
        result_message(CALL, "4", Label.PUBLIC, True),
    )
    return replace(request, messages=(*request.messages, *said), offered=(DICE,))


def members(request: ChatRequest, without: str = "") -> Any:
    fields = {name: value for name, value in request.fields.items() if name != without}
    return changed(replace(answered(request), fields=fields))


def test_untouched_it_is_the_same_but_for_the_model() -> None:
    request = asked()
    assert request.sent is not None
    assert relayed(request.sent, "claude") == request.sent.body.replace(b'"auto"', b'"claude"')


def test_messages_stay_byte_for_byte_and_words_of_the_gateway_become_instructions() -> None:
    request = asked(system="Be kind.")
    note = made("system", "Passages", label=Label.PUBLIC, trusted=True)
    changed_ = replace(request, messages=before_last_user(request.messages, note))
    assert changed_.sent is not None
    written = edited(changed_, changed_.sent, "claude")
    assert b'"messages":%b' % CONVERSATION in written
    assert json.loads(written)["system"] == [
        {"type": "text", "text": "Be kind."},
        {"type": "text", "text": "Passages"},
    ]


@pytest.mark.parametrize("system", [None, "", []])
def test_instructions_are_made_where_there_were_none(system: Any) -> None:
    note = made("system", "Passages", label=Label.PUBLIC, trusted=True)
    request = asked(system=system)
    body = changed(replace(request, messages=(*request.messages, note)))
    assert body["system"] == [{"type": "text", "text": "Passages"}]


def test_marks_for_the_cache_on_instructions_are_kept() -> None:
    own = [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}]
    note = made("system", "Passages", label=Label.PUBLIC, trusted=True)
    request = asked(system=own)
    body = changed(replace(request, messages=(*request.messages, note)))
    assert body["system"] == [*own, {"type": "text", "text": "Passages"}]


def test_calls_of_the_gateways_tools_are_turns_of_their_own() -> None:
    body = changed(answered(asked()))
    assert len(body["messages"]) == 5
    assert body["messages"][3:] == [
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "call_1", "name": "dice", "input": {"sides": 6}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "4"}]},
    ]


def test_the_callers_tools_stay_with_the_gateways_behind_them() -> None:
    own = {"type": "bash_20250124", "name": "bash"}
    body = changed(answered(asked(tools=[own])))
    assert body["tools"] == [
        own,
        {"name": "dice", "description": "Rolls", "input_schema": DICE.parameters},
    ]


def test_tools_that_the_gateway_has_called_are_told_of_where_none_may_be_called_any_more() -> None:
    body = changed(replace(answered(asked()), offered=()))
    assert body["tools"] == [{"name": "dice", "input_schema": {"type": "object", "properties": {}}}]
    assert body["tool_choice"] == {"type": "none"}


def test_a_forced_choice_that_is_made_is_taken_away() -> None:
    forced = {"type": "any", "disable_parallel_tool_use": True}
    request = asked(tools=[{"name": "clock", "input_schema": {"type": "object"}}], tool_choice=forced)
    assert members(request)["tool_choice"] == forced
    assert members(request, without="tool_choice")["tool_choice"] == {
        "type": "auto",
        "disable_parallel_tool_use": True,
    }
    plain = asked(tools=[{"name": "clock", "input_schema": {"type": "object"}}], tool_choice={"type": "any"})
    assert "tool_choice" not in members(plain, without="tool_choice")


@pytest.mark.parametrize(
    ("thinking", "stays"),
    [
        ({"type": "enabled", "budget_tokens": 1024}, False),
        ({"type": "adaptive"}, True),
        ({"type": "disabled"}, True),
        (None, True),
    ],
)
def test_a_budget_for_thoughts_is_not_sent_after_a_call_that_has_none(thinking: Any, stays: bool) -> None:
    """Anthropic refuses that; a model that decides itself may go on."""
    body = changed(answered(asked(thinking=thinking)))
    assert ("thinking" in body) is stays
    note = made("system", "Passages", label=Label.PUBLIC, trusted=True)
    request = asked(thinking=thinking)
    assert "thinking" in changed(replace(request, messages=(*request.messages, note)))
