"""A request of chat completions as a Messages body."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.chat import parse
from gateway.backends.anthropic.abilities import abilities_of
from gateway.backends.anthropic.render import LEFT_OUT, OWN, translated
from gateway.backends.anthropic.unsaid import Unsaid
from gateway.errors import InvalidRequest
from gateway.strategies.message import nothing_found_message
from gateway.types import Caller, ChatRequest, Label, ToolSpec

HI = [{"role": "user", "content": "Hi"}]
SAID = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
TOOL = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}
DICE = {"type": "custom", "custom": {"name": "dice"}}
CLOCK = {"name": "clock", "input_schema": {"type": "object", "properties": {}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
LOOP = [
    *HI,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "12:00"},
]
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": PERSON}}
CLOSED = {**PERSON, "additionalProperties": False}


def among(mode: str, name: str) -> Any:
    """A choice among one tool."""
    tools = [{"type": "function", "function": {"name": name}}]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def asked(messages: Any = HI, **members: Any) -> ChatRequest:
    body = {"model": "auto", "messages": messages, **members}
    return parse(json.dumps(body).encode(), Caller("app"))


def body(request: ChatRequest, model: str = "claude-haiku-4-5") -> Any:
    return json.loads(translated(request, model, abilities_of(model)))


def members(model: str = "claude-haiku-4-5", messages: Any = HI, **given: Any) -> dict[str, Any]:
    """What the given members become, beside model, messages and max_tokens."""
    made = body(asked(messages, **given), model)
    return {name: made[name] for name in made if name not in ("model", "messages", "max_tokens")}


def test_the_least_that_can_be_asked() -> None:
    assert body(asked()) == {"model": "claude-haiku-4-5", "max_tokens": 64_000, "messages": SAID}


@pytest.mark.parametrize(
    ("given", "most"),
    [
        ({}, 64_000),
        ({"max_tokens": 10}, 10),
        ({"max_completion_tokens": 10}, 10),
        ({"max_completion_tokens": 10, "max_tokens": 20}, 10),
        ({"max_tokens": 1_000_000}, 64_000),
    ],
)
def test_it_writes_as_much_as_it_may_and_can(given: dict[str, Any], most: int) -> None:
    assert body(asked(**given))["max_tokens"] == most


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"temperature": 0}, {"temperature": 0}),
        ({"temperature": 1.7}, {"temperature": 1}),
        ({"top_p": 0.5}, {"top_p": 0.5}),
        ({"top_p": 1}, {}),
        ({"temperature": 0.5, "top_p": 0.5, "top_k": 3}, {"temperature": 0.5, "top_k": 3}),
        ({"stop": "END"}, {"stop_sequences": ["END"]}),
        ({"stop": ["A", "B"]}, {"stop_sequences": ["A", "B"]}),
        ({"user": "u1"}, {"metadata": {"user_id": "u1"}}),
        ({"user": "u1", "safety_identifier": "s1"}, {"metadata": {"user_id": "s1"}}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True}),
        ({"n": 1, "logprobs": False, "logit_bias": {}, "modalities": ["text"]}, {}),
        ({"thinking": {"type": "enabled"}, "reasoning_effort": "low"}, {"thinking": {"type": "enabled"}}),
        ({"tools": [TOOL]}, {"tools": [CLOCK]}),
        ({"tools": [TOOL], "tool_choice": "required"}, {"tools": [CLOCK], "tool_choice": {"type": "any"}}),
        (
            {"tools": [TOOL], "parallel_tool_calls": False},
            {"tools": [CLOCK], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        ),
        (
            {"tools": [TOOL], "tool_choice": "none", "parallel_tool_calls": False},
            {"tools": [CLOCK], "tool_choice": {"type": "none"}},
        ),
        ({"tools": [], "tool_choice": "auto", "parallel_tool_calls": False}, {}),
        (
            {"tools": [TOOL, DICE], "tool_choice": among("auto", "clock")},
            {"tools": [CLOCK], "tool_choice": {"type": "auto"}},
        ),
        (
            {"tools": [DICE, TOOL], "tool_choice": among("required", "clock"), "parallel_tool_calls": False},
            {"tools": [CLOCK], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
        ),
        ({"tools": [TOOL, DICE], "tool_choice": among("required", "other")}, {}),
        ({"response_format": {"type": "text"}}, {}),
        (
            {"response_format": FORMAT},
            {"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}},
        ),
    ],
)
def test_a_member_has_its_counterpart(given: dict[str, Any], made: dict[str, Any]) -> None:
    assert members(**given) == made
    absent: dict[str, Any] = dict.fromkeys(("seed", "audio", "unknown"))
    assert members(**given, **absent) == made


def test_sampling_is_not_set_where_it_is_refused() -> None:
    assert members("claude-opus-4-7", temperature=0.2, top_p=0.5, top_k=3) == {}


def test_instructions_alone_are_what_the_user_says() -> None:
    made = body(asked([{"role": "system", "content": "Hi"}]))
    assert (made["messages"], "system" in made) == (SAID, False)


def test_json_without_a_schema_is_asked_for_in_words() -> None:
    made = members(
        messages=[{"role": "system", "content": "Be kind."}, *HI], response_format={"type": "json_object"}
    )
    assert made["system"][0] == {"type": "text", "text": "Be kind."}
    assert "JSON object" in made["system"][1]["text"]


def test_an_effort_is_told_with_a_schema() -> None:
    made = members("claude-opus-4-7", reasoning_effort="high", response_format=FORMAT)
    assert made == {
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": CLOSED}},
    }


def test_a_model_with_a_budget_thinks_and_takes_no_temperature_then() -> None:
    made = members(reasoning_effort="low", temperature=0.3)
    assert made == {"thinking": {"type": "enabled", "budget_tokens": 2_048}}


@pytest.mark.parametrize(
    ("messages", "more"),
    [(HI, {"tool_choice": "required"}), (LOOP, {})],
)
def test_a_model_with_a_budget_does_not_think_where_it_may_not(messages: Any, more: dict[str, Any]) -> None:
    """Forced to call, or called back with thoughts that chat completions did not keep."""
    assert "thinking" not in members(messages=messages, tools=[TOOL], reasoning_effort="high", **more)


def test_tools_that_were_called_and_are_gone_are_told_of_and_not_to_be_called() -> None:
    assert members(messages=LOOP) == {"tools": [CLOCK], "tool_choice": {"type": "none"}}


def test_the_gateways_tools_come_after_the_callers() -> None:
    request = replace(asked(tools=[TOOL]), offered=(ToolSpec("dice", "Rolls", {}),))
    assert [tool["name"] for tool in body(request)["tools"]] == ["clock", "dice"]


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "audio"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"functions": [{"name": "clock"}]}, "functions"),
        ({"function_call": {"name": "clock"}}, "function_call"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"min_p": 0.1}, "min_p"),
        ({"x" * 500: 1}, "x" * 64),
        ({"stop": "\n"}, "stop"),
        ({"stop": [1]}, "stop"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
    ],
)
def test_what_has_no_counterpart_is_named(given: dict[str, Any], param: str) -> None:
    with pytest.raises(Unsaid) as lacking:
        body(asked(**given))
    assert lacking.value.param == param


def test_a_message_is_named_by_its_place_in_what_the_caller_sent() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
    request = asked([{"role": "user", "content": [audio]}])
    added = nothing_found_message(Label.PUBLIC)
    with pytest.raises(Unsaid) as lacking:
        body(replace(request, messages=(added, *request.messages)))
    assert lacking.value.param == "messages[0].content[0]"


def test_what_is_left_out_is_neither_said_nor_refused() -> None:
    given: dict[str, Any] = {name: {"any": "thing"} for name in LEFT_OUT}
    assert members(**given) == {}


def test_what_is_its_own_goes_on() -> None:
    given: dict[str, Any] = {name: {"any": "thing"} for name in OWN}
    assert members(**given) == given


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "type",
                    "text",
                    "function",
                    "name",
                    "parameters",
                    "url",
                    "image_url",
                    "file",
                    "file_data",
                    "json_schema",
                    "schema",
                    "properties",
                    "items",
                    "anyOf",
                )
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
_content = st.text(max_size=8) | st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(("text", "image_url", "file", "refusal"))},
        optional={
            "text": st.text(max_size=5),
            "image_url": _json,
            "file": _json,
            "refusal": st.text(max_size=5),
        },
    ),
    max_size=3,
)
_message = st.fixed_dictionaries(
    {"role": st.sampled_from(("system", "developer", "user", "assistant", "tool")), "content": _content},
    optional={
        "tool_call_id": st.text(max_size=5),
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {
                    "id": st.text(max_size=5),
                    "function": st.fixed_dictionaries(
                        {"name": st.just("clock"), "arguments": st.text(max_size=8)}
                    ),
                }
            ),
            max_size=3,
        ),
    },
)
_names = sorted(
    {
        "tools",
        "tool_choice",
        "stop",
        "response_format",
        "temperature",
        "top_p",
        "reasoning_effort",
        "user",
        "thinking",
        "output_config",
        "parallel_tool_calls",
    }
)


@given(
    st.lists(_message, min_size=1, max_size=5), st.dictionaries(st.sampled_from(_names), _json, max_size=4)
)
def test_whatever_is_asked_is_said_or_refused_by_name(messages: list[Any], given: dict[str, Any]) -> None:
    try:
        request = asked(messages, **given)
    except (InvalidRequest, UnicodeEncodeError):
        return
    with suppress(Unsaid):
        valid(body(request))


def valid(body: dict[str, Any]) -> None:
    """Roles alternate, no turn is empty, calls have names and objects, and results answer to an id."""
    turns = body["messages"]
    assert all(first["role"] != second["role"] for first, second in pairwise(turns))
    assert body["max_tokens"] > 0
    for turn in turns:
        assert turn["role"] in ("user", "assistant")
        assert turn["content"]
        for block in turn["content"]:
            assert block["type"] in ("text", "image", "document", "tool_use", "tool_result")
            if block["type"] == "tool_use":
                assert turn["role"] == "assistant"
                assert isinstance(block["input"], dict)
                assert body["tools"]
            if block["type"] == "tool_result":
                assert turn["role"] == "user"
                assert block["tool_use_id"]
