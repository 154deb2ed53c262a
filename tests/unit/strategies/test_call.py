"""One model is asked, through the gate, unless it has no words for what is asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.deployments.deployments import Deployments
from gateway.errors import ProviderBroken, RemoteTools, SpeaksAnother
from gateway.interfaces import Emit
from gateway.labels import Cleared
from gateway.policy.schema import Model
from gateway.strategies.call import call
from gateway.strategies.hold import Hold
from gateway.types import (
    Answer,
    Api,
    ChatRequest,
    Delta,
    Event,
    Sent,
    Serving,
    Timeouts,
    ToolCall,
    ToolCallDelta,
    Tried,
)

CHAT_ONLY = Model("small", "openai-compatible", "llama")
BOTH = replace(CHAT_ONLY, speaks=(Api.CHAT, Api.MESSAGES))
ONLY = "the tool 'web_search_20250305' exists only in the Messages API"
REQUEST = ChatRequest("auto", (), {}, sent=Sent(Api.MESSAGES, b"{}", (), {}), only=ONLY)


class Says:
    """A model that always answers."""

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        await emit(Answer("Hi"))

    async def close(self) -> None:
        """Nothing is open."""


class Calls:
    """A model that calls tools, one after the other or all at once."""

    def __init__(self, most: int, whole: bool) -> None:
        self._most, self._whole = most, whole

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        if self._whole:
            await emit(Answer(tool_calls=(ToolCall("c", "look", "{}"),) * self._most))
            return
        for index in range(self._most):
            await emit(Delta(tool_calls=(ToolCallDelta(index, "c", "look", "{"),)))
            await emit(Delta(tool_calls=(ToolCallDelta(index, arguments="}"),)))

    async def close(self) -> None:
        """Nothing is open."""


def ask(model: Model, request: ChatRequest) -> list[Event]:
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        if not isinstance(event, Serving):
            seen.append(event)

    asyncio.run(call(model, Deployments.of("m", Says()))(request, Hold(emit)))
    return seen


def test_a_model_that_speaks_the_callers_api_gets_what_only_that_can_say() -> None:
    answer, tried = ask(BOTH, REQUEST)
    assert answer == Answer("Hi")
    assert isinstance(tried, Tried)
    assert tried.outcome == "ok"


def test_a_model_without_the_words_is_not_asked_and_the_error_says_which() -> None:
    with pytest.raises(SpeaksAnother, match=f"'small' is asked in chat completions, and {ONLY}") as caught:
        ask(CHAT_ONLY, REQUEST)
    assert (caught.value.http_status, caught.value.falls_over) == (400, True)
    assert caught.value.body()["error"]["code"] == "provider_speaks_another_api"


def test_what_chat_completions_can_say_goes_to_any_model() -> None:
    assert ask(CHAT_ONLY, replace(REQUEST, only=""))[0] == Answer("Hi")


def test_a_model_has_no_servers_called_that_the_caller_names_unless_the_policy_says_so() -> None:
    request = replace(REQUEST, only="", remote_tools="mcp_servers")
    with pytest.raises(RemoteTools, match="'remote_tools: true'") as caught:
        ask(BOTH, request)
    assert (caught.value.http_status, caught.value.code) == (403, "policy_blocked")
    assert caught.value.param == "mcp_servers"
    assert ask(replace(BOTH, remote_tools=True), request)[0] == Answer("Hi")


@pytest.mark.parametrize("whole", [True, False])
def test_an_answer_calls_a_thousand_tools_at_most(whole: bool) -> None:
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        if not isinstance(event, Serving):
            seen.append(event)

    asyncio.run(call(BOTH, Deployments.of("m", Calls(1_000, whole)))(REQUEST, Hold(emit)))
    seen.clear()
    with pytest.raises(ProviderBroken, match="more than 1,000 tools"):
        asyncio.run(call(BOTH, Deployments.of("m", Calls(1_001, whole)))(REQUEST, Hold(emit)))
    *passed, tried = seen
    assert len(passed) == (0 if whole else 2_000)
    assert isinstance(tried, Tried)
    assert tried.outcome == "provider_stream_broken"
