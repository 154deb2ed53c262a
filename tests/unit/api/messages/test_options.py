"""The members beside the messages, in the words of chat completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.messages.options import options_of
from gateway.api.options import Options
from gateway.api.sketch import Sketch
from gateway.errors import InvalidRequest
from gateway.types import ToolSpec

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}


def read(**members: Any) -> Options:
    body = json.dumps(members).encode()
    return options_of(members, Sketch(body))


def fields(**members: Any) -> dict[str, Any]:
    return {name: json.loads(raw) for name, raw in read(**members).fields.items()}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stop_sequences": ["a"]}, {"stop": ["a"]}),
        ({"stop_sequences": []}, {}),
        ({"metadata": {"user_id": "u"}}, {"user": "u"}),
        ({"metadata": {"user_id": None, "team": "x"}}, {"metadata": {"team": "x"}}),
        ({"tool_choice": {"type": "auto"}}, {"tool_choice": "auto"}),
        ({"tool_choice": {"type": "any"}}, {"tool_choice": "required"}),
        ({"tool_choice": {"type": "none"}}, {"tool_choice": "none"}),
        (
            {"tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": False}},
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        ),
        (
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
            {"tool_choice": "auto", "parallel_tool_calls": False},
        ),
        ({"output_config": {"effort": "low"}}, {"reasoning_effort": "low"}),
        ({"output_config": {"effort": "max"}}, {"reasoning_effort": "high"}),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}, "speed": "fast"}, {}),
        ({"container": None, "mcp_servers": [], "temperature": None}, {}),
        ({"max_tokens": 9, "top_k": 3, "seed": 1}, {"max_tokens": 9, "top_k": 3, "seed": 1}),
    ],
)
def test_a_member_is_said_as_chat_completions_say_it(given: dict[str, Any], said: dict[str, Any]) -> None:
    assert fields(**given) == said
    assert not read(**given).only


@pytest.mark.parametrize("beta", [False, True])
def test_a_schema_for_the_answer(beta: bool) -> None:
    form = {"type": "json_schema", "schema": SCHEMA}
    options = read(output_format=form) if beta else read(output_config={"format": form})
    assert options.wants_json
    named = {"name": "answer", "schema": SCHEMA, "strict": True}
    assert json.loads(options.fields["response_format"]) == {"type": "json_schema", "json_schema": named}


def test_the_callers_own_tools_are_functions() -> None:
    tool = {"name": "f", "description": "Does.", "input_schema": SCHEMA, "strict": True, "type": "custom"}
    options = read(tools=[tool, {"name": "g"}])
    assert options.tools == (ToolSpec("f", "Does.", SCHEMA), ToolSpec("g", "", {}))
    function = {"name": "f", "description": "Does.", "parameters": SCHEMA, "strict": True}
    assert json.loads(options.fields["tools"]) == [
        {"type": "function", "function": function},
        {"type": "function", "function": {"name": "g", "parameters": {}}},
    ]


@pytest.mark.parametrize(
    ("given", "only"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "w"}]}, "the tool 'web_search_20250305'"),
        ({"container": {"id": "c"}}, "the member 'container'"),
        ({"mcp_servers": [{"url": "https://x"}]}, "the member 'mcp_servers'"),
        ({"inference_geo": "us"}, "the member 'inference_geo'"),
        ({"tool_choice": {"type": "new"}}, "the choice of tools 'new'"),
        ({"output_format": {"type": "grammar"}}, "the output format 'grammar'"),
        ({"tools": [{"type": "x" * 900, "name": "w"}]}, f"the tool '{'x' * 64}'"),
    ],
)
def test_what_chat_completions_cannot_say_is_told(given: dict[str, Any], only: str) -> None:
    assert read(**given).only == f"{only} exists only in the Messages API"


def test_a_member_that_neither_names_keeps_its_bytes() -> None:
    assert options_of({"x": [1, 2]}, Sketch(b'{"x": [1,   2]}')).fields == {"x": b"[1,   2]"}


def test_a_translated_member_wins_over_one_of_the_same_name() -> None:
    assert fields(stop_sequences=["a"], stop=["b"])["stop"] == ["a"]


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"stop_sequences": "x"}, "stop_sequences"),
        ({"stop_sequences": [1]}, "stop_sequences"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"user_id": 1}}, "metadata.user_id"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": {}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": {}}, "tools"),
        ({"tools": ["f"]}, "tools[0]"),
        ({"tools": [{}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "input_schema": 1}]}, "tools[0].input_schema"),
        ({"output_config": []}, "output_config"),
        ({"output_config": {"format": {}}}, "output_config.format.type"),
        ({"output_format": {"type": "json_schema"}}, "output_format.schema"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**given)
    assert caught.value.param == param
