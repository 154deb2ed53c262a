"""Twice as much of anything in a body is twice the work, in every API; and answers grow with what is said.

The work is counted in calls of functions, Python's and C's, since a clock on a busy machine proves nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from gateway.api.chat import CHAT
from gateway.api.completions import COMPLETIONS
from gateway.api.dialect import Dialect
from gateway.api.embeddings import EMBEDDINGS
from gateway.api.messages.dialect import MESSAGES
from gateway.api.responses.dialect import responses
from gateway.backends.anthropic.abilities import abilities_of
from gateway.backends.anthropic.render import translated
from gateway.backends.render import chat_body
from gateway.stored.memory import Memory
from gateway.types import Api, Delta, ToolCallDelta
from tests.fuzz.answers import CALLER, DIALECTS, streamed

RESPONSES = responses(Memory())
USER = {"role": "user", "content": "hello"}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
FUNCTION = {"name": "f", "parameters": {"type": "object"}}
Members = Callable[[int], dict[str, Any]]


def spoken(*content: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": list(content)}]}


def many(n: int, called: str, **members: Any) -> list[dict[str, Any]]:
    """Objects that are told apart by one member."""
    return [{called: f"x{i}", **members} for i in range(n)]


FAMILIES: dict[str, tuple[Dialect, Members]] = {
    "chat: messages": (CHAT, lambda n: {"messages": [USER] * n}),
    "chat: parts": (CHAT, lambda n: spoken(*[{"type": "text", "text": "a"}] * n)),
    "chat: calls": (CHAT, lambda n: {"messages": [{"role": "assistant", "tool_calls": [CALL] * n}]}),
    "chat: arguments": (CHAT, lambda n: {"messages": [{**USER, "x": {"arguments": json.dumps(["a"] * n)}}]}),
    "chat: tools": (CHAT, lambda n: {"tools": [{"type": "function", "function": FUNCTION}] * n}),
    "chat: members": (CHAT, lambda n: {f"m{i}": i for i in range(n)}),
    "messages: messages": (MESSAGES, lambda n: {"messages": [USER] * n}),
    "messages: blocks": (MESSAGES, lambda n: spoken(*[{"type": "text", "text": "a"}] * n)),
    "messages: calls": (
        MESSAGES,
        lambda n: spoken(*many(n, "id", type="tool_use", name="f"), role="assistant"),
    ),
    "messages: results": (
        MESSAGES,
        lambda n: spoken(*many(n, "tool_use_id", type="tool_result", content="x")),
    ),
    "messages: tools": (MESSAGES, lambda n: {"tools": many(n, "name")}),
    "messages: system": (MESSAGES, lambda n: {"system": [{"type": "text", "text": "a"}] * n}),
    "responses: items": (RESPONSES, lambda n: {"input": [USER] * n}),
    "responses: calls": (
        RESPONSES,
        lambda n: {"input": many(n, "call_id", type="function_call", name="f")},
    ),
    "responses: outputs": (
        RESPONSES,
        lambda n: {"input": many(n, "call_id", type="function_call_output", output="x")},
    ),
    "responses: allowed tools": (
        RESPONSES,
        lambda n: {
            "tools": many(n, "name", type="function"),
            "tool_choice": {"type": "allowed_tools", "tools": many(n, "name", type="function")},
        },
    ),
    "completions: prompts": (COMPLETIONS, lambda n: {"prompt": ["x"] * n}),
    "completions: tokens": (COMPLETIONS, lambda n: {"prompt": list(range(n))}),
    "embeddings: inputs": (EMBEDDINGS, lambda n: {"input": ["x"] * n}),
}
USUAL: dict[Api, dict[str, Any]] = {
    Api.CHAT: {"messages": [USER]},
    Api.MESSAGES: {"messages": [USER], "max_tokens": 9},
    Api.RESPONSES: {"input": "x"},
    Api.COMPLETIONS: {"prompt": "x"},
    Api.EMBEDDINGS: {"input": "x"},
}


def body_of(family: str, n: int) -> tuple[Dialect, bytes]:
    dialect, members = FAMILIES[family]
    return dialect, json.dumps({"model": "auto", **USUAL[dialect.api], **members(n)}).encode()


def steps(act: Callable[[], object]) -> int:
    """How many functions are called."""
    count = 0

    def count_one(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count_one)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def linear(make: Callable[[int], Callable[[], object]]) -> None:
    make(300)()
    assert steps(make(1_000)) <= 2.1 * steps(make(500)) + 100


@pytest.mark.parametrize("family", FAMILIES)
def test_a_body_is_read_in_step_with_its_size(family: str) -> None:
    def make(n: int) -> Callable[[], object]:
        dialect, body = body_of(family, n)
        return lambda: dialect.parse(body, CALLER)

    linear(make)


@pytest.mark.parametrize("family", [name for name in FAMILIES if not name.startswith("embeddings")])
def test_a_request_is_written_for_another_api_in_step_with_its_size(family: str) -> None:
    def make(n: int) -> Callable[[], object]:
        dialect, body = body_of(family, n)
        request = dialect.parse(body, CALLER)
        return lambda: chat_body(request, "other")

    linear(make)


@pytest.mark.parametrize("family", ["chat: messages", "chat: parts", "messages: results", "messages: tools"])
def test_a_request_is_written_as_messages_in_step_with_its_size(family: str) -> None:
    def make(n: int) -> Callable[[], object]:
        dialect, body = body_of(family, n)
        request = dialect.parse(body, CALLER)
        return lambda: translated(request, "claude-haiku-4-5", abilities_of("claude-haiku-4-5"))

    linear(make)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.api.value)
@pytest.mark.parametrize(
    "piece",
    [
        lambda i: Delta("hello"),
        lambda i: Delta(reasoning="hm", other=True),
        lambda i: Delta(tool_calls=(ToolCallDelta(0, "c" if not i else "", "f" if not i else "", '"a"'),)),
        lambda i: Delta(tool_calls=(ToolCallDelta(i, f"c{i}", "f", "{}"),)),
        lambda i: Delta(tool_calls=(ToolCallDelta(i, f"c{i}", "f", "{"),)),
    ],
    ids=["text", "reasoning", "arguments", "calls", "calls that are open"],
)
def test_a_stream_is_written_in_step_with_its_length(dialect: Dialect, piece: Callable[[int], Delta]) -> None:
    def make(n: int) -> Callable[[], object]:
        deltas = [piece(i) for i in range(n)]
        return lambda: streamed(dialect, [*deltas, Delta(finish="stop")])

    linear(make)
