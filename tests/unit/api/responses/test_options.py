"""The members beside the input, as those of chat completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.options import Options
from gateway.api.responses.options import options_of
from gateway.errors import InvalidRequest

F: Any = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}
G: Any = {"type": "function", "name": "g", "description": "Does g."}


def options(**members: Any) -> Options:
    return options_of(members, json.dumps(members).encode())


def fields(**members: Any) -> dict[str, Any]:
    return {name: json.loads(raw) for name, raw in options(**members).fields.items()}


def test_what_both_apis_know_keeps_its_name_and_what_neither_knows_too() -> None:
    same = {
        "model": "auto",
        "temperature": 0.5,
        "top_p": 0.1,
        "parallel_tool_calls": False,
        "metadata": {"a": "b"},
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "service_tier": "flex",
        "seed": 7,
        "top_k": 3,
    }
    assert fields(**same) == same


def test_what_the_gateway_does_itself_does_not_go_along() -> None:
    own = {"store": True, "truncation": "auto", "include": ["reasoning.encrypted_content"], "input": "x"}
    more = {"stream": True, "stream_options": {"include_obfuscation": False}, "previous_response_id": "r"}
    assert fields(**own, **more, max_tool_calls=3, instructions="x") == {}
    assert options(**own, **more).only == ""


def test_nulls_ask_for_nothing() -> None:
    assert fields(temperature=None, tools=None, text=None, tool_choice=None, reasoning=None) == {}


def test_limits_reasoning_and_text_have_other_names() -> None:
    assert fields(
        max_output_tokens=20, reasoning={"effort": "low", "summary": "auto"}, text={"verbosity": "low"}
    ) == {"max_completion_tokens": 20, "reasoning_effort": "low", "verbosity": "low"}


def test_a_schema_is_a_response_format() -> None:
    shape = {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": True}
    made = options(text={"format": {**shape, "description": None}})
    assert made.wants_json
    assert json.loads(made.fields["response_format"]) == {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": {"type": "object"}, "strict": True},
    }
    assert fields(text={"format": {"type": "json_object"}}) == {"response_format": {"type": "json_object"}}
    assert fields(text={"format": {"type": "text"}}) == {}


def test_functions_are_tools() -> None:
    made = options(tools=[F, G])
    assert [(tool.name, tool.description) for tool in made.tools] == [("f", ""), ("g", "Does g.")]
    assert json.loads(made.fields["tools"]) == [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}},
        {"type": "function", "function": {"name": "g", "description": "Does g.", "parameters": {}}},
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", "required"),
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_a_choice_of_tools(choice: Any, expected: Any) -> None:
    assert fields(tools=[F], tool_choice=choice)["tool_choice"] == expected


def test_of_tools_only_those_are_shown_that_may_be_called() -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}
    made = options(tools=[F, G], tool_choice=allowed)
    assert [tool["function"]["name"] for tool in json.loads(made.fields["tools"])] == ["g"]
    assert json.loads(made.fields["tool_choice"]) == "required"
    assert [tool.name for tool in made.tools] == ["g"]


def test_where_none_of_the_tools_may_be_called_there_are_none_and_no_choice() -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "h"}]}
    for listed in (allowed, {**allowed, "tools": []}):
        made = options(tools=[F, G], tool_choice=listed)
        assert (made.fields, made.tools, made.only) == ({}, (), "")


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"tools": [{"type": "web_search"}]}, "the tool 'web_search'"),
        ({"tools": [F, {"type": "custom", "name": "c"}]}, "the tool 'custom'"),
        ({"tool_choice": {"type": "mcp", "server_label": "x"}}, "the choice of tools 'mcp'"),
        (
            {"tool_choice": {"type": "allowed_tools", "tools": [{"type": "mcp"}]}},
            "the choice of tools 'allowed_tools'",
        ),
        ({"tool_choice": {"type": "allowed_tools", "mode": "some"}}, "the choice of tools 'allowed_tools'"),
        ({"text": {"format": {"type": "grammar"}}}, "the text format 'grammar'"),
        ({"include": ["message.output_text.logprobs"]}, "the asking for 'message.output_text.logprobs'"),
        ({"top_logprobs": 3}, "this way to ask for 'top_logprobs'"),
        ({"context_management": [{"type": "compaction"}]}, "the member 'context_management'"),
    ],
    ids=str,
)
def test_what_chat_completions_have_no_words_for_is_named(members: Any, named: str) -> None:
    assert options(**members).only == f"{named} exists only in the Responses API"


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": ["f"]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{**F, "parameters": "x"}]}, "tools[0].parameters"),
        ({"tool_choice": 7}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
        ({"text": "json"}, "text"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"reasoning": "low"}, "reasoning"),
        ({"include": "x"}, "include"),
    ],
    ids=str,
)
def test_a_member_of_a_wrong_type_is_refused(members: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        options(**members)
    assert refused.value.param == param


@pytest.mark.parametrize("name", [[], {}, 7, None])
def test_a_name_of_another_type_names_no_tool(name: Any) -> None:
    choice = {"type": "allowed_tools", "tools": [{"type": "function", "name": name}]}
    assert options(tools=[F], tool_choice=choice).tools == ()
