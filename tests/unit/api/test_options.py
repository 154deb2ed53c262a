"""Tools of any API as those of chat completions, and what they have no words for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.options import Options
from gateway.errors import InvalidRequest
from gateway.types import Api, ToolSpec


def offered(*tools: Any, kinds: tuple[str | None, ...] = (None, "custom")) -> Options:
    options = Options(Api.MESSAGES)
    options.offer({"tools": list(tools)}, kinds, "schema")
    return options


def test_a_tool_is_a_function_with_its_schema_and_strictness() -> None:
    options = offered({"name": "f", "description": "Does f.", "schema": {"type": "object"}, "strict": False})
    assert options.tools == (ToolSpec("f", "Does f.", {"type": "object"}),)
    assert json.loads(options.fields["tools"]) == [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "Does f.",
                "parameters": {"type": "object"},
                "strict": False,
            },
        }
    ]


def test_the_first_that_chat_completions_lack_is_named() -> None:
    options = offered({"type": "search"}, {"name": "f"}, {"type": "other"})
    assert options.only == "the tool 'search' exists only in the Messages API"
    assert [tool.name for tool in options.tools] == ["f"]


def test_without_tools_nothing_is_offered() -> None:
    assert offered().fields == {}


def test_a_type_is_needed_where_there_is_none_without() -> None:
    with pytest.raises(InvalidRequest) as refused:
        offered({"name": "f"}, kinds=("function",))
    assert refused.value.param == "tools[0].type"
