"""Tools and the choice among them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.backends.anthropic.tools import allowed_of, choice_of, offered_tools, own_tools, stubs, tool_of
from gateway.backends.anthropic.unsaid import Unsaid
from gateway.types import ChatRequest, ToolSpec

SCHEMA = {"type": "object", "properties": {"zone": {"type": "string", "minLength": 1}}, "required": ["zone"]}


def function(**members: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "clock", **members}}


def test_a_function_is_a_tool() -> None:
    made = tool_of(function(description="Tells the time", parameters=SCHEMA), "tools[0]")
    assert made == {"name": "clock", "description": "Tells the time", "input_schema": SCHEMA}


@pytest.mark.parametrize("parameters", [None, {}, {"properties": {}}])
def test_a_function_without_parameters_takes_an_object(parameters: Any) -> None:
    made = tool_of(function(parameters=parameters), "tools[0]")
    assert made["input_schema"] == {"type": "object", "properties": {}}


def test_a_strict_function_stays_strict_in_the_words_that_are_taken() -> None:
    made = tool_of(function(parameters=SCHEMA, strict=True), "tools[0]")
    assert made["strict"] is True
    assert made["input_schema"]["additionalProperties"] is False
    assert made["input_schema"]["properties"]["zone"] == {
        "type": "string",
        "description": "(minLength: 1)",
    }


def test_a_mark_for_the_cache_is_kept() -> None:
    given = {**function(), "cache_control": {"type": "ephemeral"}}
    assert tool_of(given, "tools[0]")["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize("given", [{"type": "custom", "custom": {"name": "x"}}, {"type": "web_search"}, 3])
def test_what_is_no_function_is_named(given: Any) -> None:
    with pytest.raises(Unsaid) as lacking:
        tool_of(given, "tools[2]")
    assert lacking.value.param == "tools[2]"


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "clock"}}, {"type": "tool", "name": "clock"}),
    ],
)
def test_a_choice_has_its_counterpart(given: Any, made: dict[str, str]) -> None:
    assert choice_of(given) == made


@pytest.mark.parametrize("given", ["most", {"type": "allowed_tools"}, {"type": "custom"}, 3])
def test_another_choice_is_named(given: Any) -> None:
    with pytest.raises(Unsaid) as lacking:
        choice_of(given)
    assert lacking.value.param == "tool_choice"


@pytest.mark.parametrize(
    "among",
    [
        None,
        {"mode": "auto"},
        {"mode": "most", "tools": [function()]},
        {"tools": [function()]},
        {"mode": "auto", "tools": [function(), {"type": "custom", "custom": {"name": "x"}}]},
        {"mode": "auto", "tools": [3]},
        {"mode": ["auto"], "tools": []},
    ],
)
def test_a_choice_among_what_is_no_function_is_named(among: Any) -> None:
    with pytest.raises(Unsaid) as lacking:
        allowed_of({"type": "allowed_tools", "allowed_tools": among})
    assert lacking.value.param == "tool_choice"


def test_a_choice_among_some_tools_shows_these_alone() -> None:
    given = [{"type": "custom", "custom": {"name": "clock"}}, function(), {**function(name="dice")}]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [function()]}}
    assert allowed_of(choice) == (frozenset({"clock"}), "required")
    assert [tool["name"] for tool in own_tools(given, frozenset({"clock"}))] == ["clock"]
    assert allowed_of("required") is None
    assert allowed_of({"type": "function", "function": {"name": "clock"}}) is None


def test_of_two_tools_of_one_name_the_callers_stays() -> None:
    request = ChatRequest(
        "m",
        (),
        {},
        tools=(ToolSpec("clock", "", {}),),
        offered=(ToolSpec("clock", "", {}), ToolSpec("dice", "", {})),
    )
    assert [tool["name"] for tool in offered_tools(request)] == ["dice"]


def test_a_stub_takes_anything() -> None:
    assert stubs(["a"]) == [{"name": "a", "input_schema": {"type": "object", "properties": {}}}]
