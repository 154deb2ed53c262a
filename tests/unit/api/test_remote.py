"""Servers that a request names for the provider to call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.messages.reading import parse, parse_counted
from gateway.api.remote import remote_tools
from gateway.api.responses.reading import RequestReader
from gateway.api.wire import chat_request
from gateway.stored.memory import Memory
from gateway.types import Caller

MCP = {"type": "mcp", "server_label": "x", "server_url": "https://evil.example"}
FUNCTION = {"type": "function", "name": "f", "parameters": {"properties": {"server_url": {"type": "string"}}}}
OPEN = {"type": "auto", "network_policy": {"type": "allowlist", "allowed_domains": ["evil.example"]}}
SHUT = {"type": "auto", "network_policy": {"type": "disabled"}}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("mcp_servers", {"mcp_servers": [{"type": "url", "url": "https://evil.example", "name": "e"}]}),
        ("tools", {"tools": [FUNCTION, MCP]}),
        ("tools", {"tools": [{"type": "MCP", "connector_id": "connector_dropbox"}]}),
        ("tools", {"tools": [{"type": "another", "server_url": "https://evil.example"}]}),
        ("tools", {"tools": [{"type": "mcp_toolset", "mcp_server_name": "e"}]}),
        ("tools", {"tools": [{"type": "namespace", "name": "n", "tools": [MCP]}]}),
        ("tools", {"tools": [{"type": "code_interpreter", "container": OPEN}]}),
        ("tools", {"tools": [{"type": "shell", "environment": {**OPEN, "type": "container_auto"}}]}),
        ("input", {"input": ["x", {"type": "additional_tools", "role": "developer", "tools": [MCP]}]}),
        ("input", {"input": [{"type": "tool_search_output", "tools": [FUNCTION, MCP]}]}),
    ],
)
def test_the_member_that_names_servers_is_known(member: str, value: dict[str, Any]) -> None:
    assert remote_tools(value) == member


@pytest.mark.parametrize(
    "value",
    [
        *(
            {},
            {"mcp_servers": []},
            {"tools": None},
            {"tools": [FUNCTION]},
            {"tools": "mcp"},
            {"tools": ["mcp"]},
        ),
        {"tools": [{"type": "code_interpreter", "container": SHUT}, {"type": "web_search"}]},
        {"tools": [{"type": "code_interpreter", "container": "cntr_1"}, {"type": None}, {}]},
        {"input": "mcp"},
        {"input": [{"type": "mcp_list_tools", "server_label": "x", "tools": [{"name": "t"}]}]},
    ],
)
def test_what_names_none_is_let_be(value: dict[str, Any]) -> None:
    assert remote_tools(value) == ""


def test_every_api_says_so_of_a_request() -> None:
    said = [{"role": "user", "content": "hi"}]
    body = json.dumps({"model": "auto", "messages": said, "tools": [MCP], "max_tokens": 1}).encode()
    caller = Caller("app")
    assert chat_request(body).remote_tools == "tools"
    assert parse(body, caller).remote_tools == parse_counted(body, caller).remote_tools == "tools"
    responses = json.dumps({"model": "auto", "input": "hi", "tools": [MCP]}).encode()
    assert RequestReader(Memory())(responses, caller).remote_tools == "tools"
