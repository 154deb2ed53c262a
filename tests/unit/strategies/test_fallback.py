"""The next candidate answers where one fails, as long as nothing has left."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import (
    NoClearedModel,
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRefused,
    ProviderUnavailable,
    RemoteTools,
    SpeaksAnother,
)
from gateway.interfaces import Emit, Strategy
from gateway.labels import NotCleared
from gateway.strategies.fallback import fallback
from gateway.types import Answer, ChatRequest, Delta, Event, Label, Message, Refused, Serving

REQUEST = ChatRequest("auto", (), {}, stream=True)


def says(*events: Event, then: Exception | None = None) -> Strategy:
    async def strategy(_: ChatRequest, emit: Emit) -> None:
        for event in events:
            await emit(event)
        if then is not None:
            raise then

    return strategy


def run(strategy: Strategy, request: ChatRequest = REQUEST) -> list[Event]:
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        seen.append(event)

    asyncio.run(strategy(request, emit))
    return seen


def test_the_second_candidate_answers_where_the_first_is_down() -> None:
    down = says(then=ProviderUnavailable("down"))
    assert run(fallback([("a", down), ("b", says(Delta("hi")))])) == [Serving("b"), Delta("hi")]


def test_a_break_after_a_role_only_event_still_falls_over_and_the_role_does_not_leave() -> None:
    broken = says(Delta(raw=b'{"role"}'), then=ProviderUnavailable("cut"))
    assert run(fallback([("a", broken), ("b", says(Delta("hi")))])) == [Serving("b"), Delta("hi")]


def test_a_break_after_content_has_left_is_an_error() -> None:
    broken = says(Delta("half"), then=ProviderUnavailable("cut"))
    with pytest.raises(ProviderUnavailable):
        run(fallback([("a", broken), ("b", says(Delta("hi")))]))


def test_a_callers_mistake_is_not_asked_again_elsewhere() -> None:
    with pytest.raises(ProviderRefused):
        run(fallback([("a", says(then=ProviderRefused("bad"))), ("b", says(Delta("hi")))]))


OVER = ProviderOverloaded("busy", retry_after=7)
ELSE = SpeaksAnother("b", "chat completions", "the tool 'web_search' exists only in the Responses API")


@pytest.mark.parametrize("errors", [(OVER, ELSE), (ELSE, OVER), (ELSE, OVER, ELSE)])
def test_what_a_model_that_was_asked_ran_into_is_told(errors: tuple[ProviderError, ...]) -> None:
    """Not that another has no words for it, which no wait would mend."""
    with pytest.raises(ProviderOverloaded) as caught:
        run(fallback([(str(n), says(then=error)) for n, error in enumerate(errors)]))
    assert caught.value.retry_after == 7


def test_where_no_model_has_the_words_that_is_told() -> None:
    first = SpeaksAnother("a", "the Messages API", "no words")
    with pytest.raises(SpeaksAnother, match="'b'"):
        run(fallback([("a", says(then=first)), ("b", says(then=ELSE))]))


def test_a_candidate_that_the_gate_refuses_is_noted_and_passed_over() -> None:
    refused = NotCleared("model", "a", Label.RESTRICTED, Label.PUBLIC)
    seen = run(fallback([("a", says(then=refused)), ("b", says(Delta("hi")))]))
    assert seen == [Refused("model", "a", Label.RESTRICTED), Serving("b"), Delta("hi")]


def test_nothing_is_answered_by_a_guess_where_the_gate_refuses_all() -> None:
    refused = NotCleared("model", "a", Label.RESTRICTED, Label.PUBLIC)
    with pytest.raises(NoClearedModel):
        run(fallback([("a", says(then=refused))]))


def test_an_upstream_that_ends_without_any_content_falls_over() -> None:
    silent = says(Delta(raw=b'{"role"}'))
    assert run(fallback([("a", silent), ("b", says(Delta("hi")))])) == [Serving("b"), Delta("hi")]


def test_an_answer_without_content_from_every_model_is_an_error() -> None:
    with pytest.raises(ProviderBroken):
        run(fallback([("a", says(Delta(raw=b'{"role"}')))]))


def test_what_serves_says_what_the_model_was_given() -> None:
    passage = Message("system", "from a web page", b"{}", trusted=False)
    given = ChatRequest("auto", (passage,), {}, label=Label.INTERNAL)
    assert run(fallback([("a", says(Answer("hi")))]), given)[0] == Serving("a", Label.INTERNAL, trusted=False)


REMOTE = says(then=RemoteTools("named", param="tools"))


def test_a_model_that_may_not_call_the_callers_servers_is_passed_over() -> None:
    assert run(fallback([("a", REMOTE), ("b", says(Delta("hi")))])) == [Serving("b"), Delta("hi")]


@pytest.mark.parametrize("order", [1, -1])
def test_that_no_model_may_call_them_is_told_before_what_no_model_can_say(order: int) -> None:
    wordless = says(then=SpeaksAnother("b", "chat completions", "the tool exists elsewhere"))
    with pytest.raises(RemoteTools):
        run(fallback([("a", REMOTE), ("b", wordless)][::order]))
    with pytest.raises(ProviderUnavailable):
        run(fallback([("a", REMOTE), ("b", says(then=ProviderUnavailable("down")))][::order]))


@pytest.mark.parametrize("event", [Delta(raw=b"x" * 100_000), Delta(signature="x" * 100_000), Delta()])
def test_no_more_than_a_megabyte_is_held_back(event: Delta) -> None:
    """An upstream that says nothing without end says it to the caller."""
    heard: list[Event] = []
    held = 0

    async def endless(_: ChatRequest, emit: Emit) -> None:
        nonlocal held
        while not heard:
            held += 1
            assert held * (256 + len(event.raw or b"") + len(event.signature)) < 1_200_000
            await emit(event)

    async def hear(event: Event) -> None:
        heard.append(event)

    asyncio.run(fallback([("a", endless)])(REQUEST, hear))
    assert heard == [Serving("a"), *[event] * held]
