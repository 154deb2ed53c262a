"""The tokens of a prompt are counted by the model that would get it, or estimated without asking one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.deployments.deployments import Deployments
from gateway.errors import ProviderUnavailable, RemoteTools
from gateway.interfaces import Emit
from gateway.labels import Cleared, NotCleared
from gateway.policy.schema import Model
from gateway.strategies.count import count
from gateway.strategies.hold import Hold
from gateway.types import Answer, Api, ChatRequest, Event, Label, Sent, Serving, Timeouts, Tried, Usage

CHAT = Model("small", "openai-compatible", "llama")
NATIVE = Model("claude", "anthropic", "claude-x", speaks=(Api.MESSAGES,))
REQUEST = ChatRequest("auto", (), {}, sent=Sent(Api.COUNT, b"{}", (), {}))
COUNTED = Answer(raw=b'{"input_tokens": 7}', api=Api.COUNT)


class Counts:
    """A model that counts, or cannot be reached."""

    def __init__(self, fails: bool = False) -> None:
        self.asked, self._fails = 0, fails

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        self.asked += 1
        if self._fails:
            raise ProviderUnavailable("down")
        await emit(COUNTED)

    async def close(self) -> None:
        """Nothing is open."""


def ask(spec: Model, model: Counts, seen: list[Event], request: ChatRequest = REQUEST) -> None:
    async def emit(event: Event) -> None:
        if not isinstance(event, Serving):
            seen.append(event)

    asyncio.run(count(spec, Deployments.of(spec.name, model))(request, Hold(emit)))


def test_a_model_that_speaks_messages_counts_itself_and_that_costs_nothing() -> None:
    seen, model = list[Event](), Counts()
    ask(NATIVE, model, seen)
    answer, tried = seen
    assert answer == COUNTED
    assert isinstance(tried, Tried)
    assert (tried.model, tried.outcome, tried.usage) == ("claude", "ok", Usage())


def test_no_other_model_is_asked() -> None:
    seen, model = list[Event](), Counts()
    ask(CHAT, model, seen)
    assert seen == [Answer(usage=Usage(), api=Api.COUNT)]
    assert model.asked == 0


def test_a_failure_is_noted_and_goes_on_to_the_next_candidate() -> None:
    seen = list[Event]()
    with pytest.raises(ProviderUnavailable):
        ask(NATIVE, Counts(fails=True), seen)
    (tried,) = seen
    assert isinstance(tried, Tried)
    assert tried.outcome == "provider_unavailable"


def test_the_gate_holds_for_a_count_too() -> None:
    with pytest.raises(NotCleared):
        ask(NATIVE, Counts(), [], replace(REQUEST, label=Label.RESTRICTED))


def test_servers_that_the_caller_names_are_not_named_to_a_model_that_may_not_have_them_called() -> None:
    model, request = Counts(), replace(REQUEST, remote_tools="mcp_servers")
    with pytest.raises(RemoteTools):
        ask(NATIVE, model, [], request)
    assert model.asked == 0
    ask(replace(NATIVE, remote_tools=True), model, [], request)
    assert model.asked == 1
    ask(CHAT, model, [], request)  # whose count is an estimate
