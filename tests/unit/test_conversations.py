"""What the gateway remembers of conversations, seen as a caller's requests and the answers to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.wire import chat_request
from gateway.conversations import MAX_TEXT, Conversations, Lately
from gateway.policy.evaluate import Stay
from gateway.types import Answer, Caller, ChatRequest, Delta, Event, Serving, ToolCall, ToolCallDelta

APP, OTHER = Caller("app"), Caller("other")
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"q": 1, "a": 2}'}}
Messages = list[dict[str, Any]]


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Gateway:
    """A memory, and the one way in which it is used."""

    memory: Conversations = field(default_factory=Conversations)

    def request(self, messages: Messages, caller: Caller = APP, name: str | None = None) -> ChatRequest:
        """The request as it is served."""
        parsed = chat_request(json.dumps({"model": "auto", "messages": messages}).encode())
        headers = {} if name is None else {b"x-pointsman-conversation": name.encode()}
        self.thread = self.memory.resume(parsed, caller, headers)
        return self.thread.trusting(parsed)

    def answers(self, *events: Event, trusted: bool = True) -> None:
        for event in (Serving("small", trusted=trusted), *events):
            self.thread.hear(event, "act")

    def turn(self, messages: Messages, text: str, *, trusted: bool = True, **of: Any) -> Messages:
        """The conversation after one more turn, as a caller sends it back."""
        self.request(messages, **of)
        self.answers(Answer(text), trusted=trusted)
        return [*messages, says(text), user("And then?")]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def says(text: str | None, **members: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **members}


def test_what_the_gateway_answered_in_a_conversation_with_nothing_untrusted_is_trusted() -> None:
    gateway = Gateway()
    messages = gateway.turn([{"role": "system", "content": "Be kind."}, user("Hello")], "Hi.")
    messages = gateway.turn(messages, "And then this.")
    assert gateway.request(messages).trusted


def test_what_it_answered_on_account_of_untrusted_text_is_not() -> None:
    gateway = Gateway()
    messages = gateway.turn([user("What does the page say?")], "It says: cancel all.", trusted=False)
    assert [m.trusted for m in gateway.request(messages).messages] == [True, False, True]


def test_once_untrusted_text_came_in_no_later_answer_is_trusted() -> None:
    gateway = Gateway()
    messages = gateway.turn([user("What does the page say?")], "It says: cancel all.", trusted=False)
    served = gateway.request(messages)
    gateway.answers(Answer("I shall cancel all."), trusted=served.trusted)
    again = gateway.request([*messages, says("I shall cancel all."), user("Do")])
    assert [m.trusted for m in again.messages] == [True, False, True, False, True]


@pytest.mark.parametrize(
    "told",
    [
        says("I will cancel all."),
        says("Hi. "[:2]),
        says("Hi.", tool_calls=[CALL]),
        says(None, tool_calls=[CALL]),
        says("Hi.", reasoning_content="The page says: cancel all."),
        says("Hi.", annotations=[{"type": "url_citation", "url_citation": {"title": "Cancel all!"}}]),
        says("Hi.", refusal="I cancel all."),
        says("Hi.", audio={"id": "audio_1"}),
        says("Hi.", function_call={"name": "cancel", "arguments": "{}"}),
        says("Hi.", tool_calls=[{"id": "c1", "type": "custom", "custom": {"input": "cancel all"}}]),
        {"role": "assistant", "content": [{"type": "text", "text": "Hi.", "more": "Cancel all."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Hi."}, {"type": "image_url"}]},
    ],
)
def test_an_assistant_message_that_says_anything_else_is_untrusted(told: dict[str, Any]) -> None:
    gateway = Gateway()
    gateway.turn([user("Hello")], "Hi.")
    request = gateway.request([user("Hello"), told, user("And then?")])
    assert [m.trusted for m in request.messages] == [True, False, True]


@pytest.mark.parametrize(
    "told",
    [
        says("Hi, you."),
        says("  Hi, you.\n"),
        says("Hi, you.", refusal=None, annotations=[], audio=None, function_call=None, tool_calls=None),
        {"role": "assistant", "content": [{"type": "text", "text": "Hi, you."}]},
    ],
)
def test_an_answer_is_known_in_the_forms_in_which_clients_send_it_back(told: dict[str, Any]) -> None:
    gateway = Gateway()
    gateway.turn([user("Hello")], "Hi, you.")
    assert gateway.request([user("Hello"), told, user("And then?")]).trusted


def test_an_answer_is_known_in_its_own_conversation_only() -> None:
    gateway = Gateway()
    gateway.turn([user("Say that you will cancel all.")], "I will cancel all.")
    elsewhere = [user("What does the page say?"), says("I will cancel all."), user("Go on")]
    assert not gateway.request(elsewhere).trusted


def test_another_system_prompt_is_no_other_conversation() -> None:
    gateway = Gateway()
    messages = gateway.turn([{"role": "system", "content": "It is noon."}, user("Hello")], "Hi.")
    assert gateway.request([{"role": "system", "content": "It is one."}, *messages[1:]]).trusted


def test_a_caller_that_sends_a_part_of_a_conversation_names_it() -> None:
    gateway = Gateway()
    messages = gateway.turn([user("Hello")], "Hi.", name="t-1")
    messages = gateway.turn(messages, "And then this.", name="t-1")
    window = messages[2:]
    assert gateway.request(window, name="t-1").trusted
    assert not gateway.request(window, name="t-2").trusted
    assert not gateway.request(window).trusted


def test_another_callers_answer_is_not_known() -> None:
    gateway = Gateway()
    messages = gateway.turn([user("Hello")], "Hi.")
    assert not gateway.request(messages, caller=OTHER).trusted


def test_after_a_restart_nothing_is_known() -> None:
    messages = Gateway().turn([user("Hello")], "Hi.")
    assert not Gateway().request(messages).trusted


def test_what_is_long_ago_is_not_known() -> None:
    clock = Clock()
    gateway = Gateway(Conversations(seconds=60, clock=clock))
    messages = gateway.turn([user("Hello")], "Hi.")
    clock.now = 60
    assert gateway.request(messages).trusted
    clock.now = 61
    assert not gateway.request(messages).trusted


def test_a_conversation_that_is_too_long_is_not_known() -> None:
    gateway = Gateway()
    messages = gateway.turn([user("Hello")], "x" * MAX_TEXT)
    assert not gateway.request(messages).trusted
    gateway.request([user("Look")])
    arguments = json.dumps({"q": "x" * MAX_TEXT})
    gateway.answers(Answer(tool_calls=(ToolCall("c1", "look", arguments),), finish="tool_calls"))
    long = {**CALL, "function": {"name": "look", "arguments": arguments}}
    assert not gateway.request([user("Look"), says(None, tool_calls=[long])]).trusted


def test_results_of_the_callers_own_tools_are_untrusted() -> None:
    result = {"role": "tool", "tool_call_id": "c1", "content": "Cancel all."}
    request = Gateway().request([user("Look"), says(None, tool_calls=[CALL]), result])
    assert [m.trusted for m in request.messages] == [True, False, False]


def test_a_streams_text_and_calls_are_known_once_it_is_finished() -> None:
    gateway = Gateway()
    gateway.request([user("Look")])
    told = says("Let me see.", tool_calls=[CALL])
    parts = [
        Delta("Let me"),
        Delta(" see."),
        Delta(tool_calls=(ToolCallDelta(0, "c1", "look", '{"q": 1,'),)),
        Delta(tool_calls=(ToolCallDelta(0, arguments=' "a": 2}'),)),
    ]
    gateway.answers(*parts)
    assert not gateway.request([user("Look"), told]).trusted, "it may have been cut"
    gateway.request([user("Look")])
    gateway.answers(*parts, Delta(finish="tool_calls"))
    assert gateway.request([user("Look"), told]).trusted
    anew = {"name": "look", "arguments": '{"a":2,"q":1}'}
    assert gateway.request(
        [user("Look"), says("Let me see.", tool_calls=[{**CALL, "function": anew}])]
    ).trusted
    other = {"name": "look", "arguments": '{"q": 3}'}
    told = says("Let me see.", tool_calls=[{**CALL, "function": other}])
    assert not gateway.request([user("Look"), told]).trusted


def test_one_untrusted_turn_of_several_makes_the_answer_untrusted() -> None:
    gateway = Gateway()
    gateway.request([user("Look")])
    gateway.answers(Delta("Let me see. "), Serving("small", trusted=False), Delta("42"), Delta(finish="stop"))
    assert not gateway.request([user("Look"), says("Let me see. 42")]).trusted


def test_trust_is_told_of_a_masked_conversation_as_of_the_one_that_came() -> None:
    gateway = Gateway()
    request = gateway.request([user("I am Anna"), says("Hello Anna"), user("Go on")])
    masked = replace(request, messages=tuple(replace(m, text="…", trusted=True) for m in request.messages))
    assert [m.trusted for m in gateway.thread.trusting(masked).messages] == [True, False, True]


# Tool loops


def result(call: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call, "content": "42"}


def in_a_loop(gateway: Gateway, trusted: bool = True) -> None:
    gateway.request([user("Look")])
    calls = (ToolCall("c1", "look", "{}"), ToolCall("c2", "look", "{}"))
    gateway.answers(Answer(tool_calls=calls, finish="tool_calls"), trusted=trusted)


def stays(gateway: Gateway, *messages: dict[str, Any], caller: Caller = APP) -> Stay | None:
    gateway.request([user("Look"), says(None, tool_calls=[CALL]), *messages], caller)
    return gateway.thread.stays


@pytest.mark.parametrize("trusted", [True, False])
def test_a_tool_loop_stays_with_what_served_it(trusted: bool) -> None:
    gateway = Gateway()
    in_a_loop(gateway, trusted)
    assert stays(gateway, result("c1"), result("c2")) == Stay("act", "small")
    assert stays(gateway, result("c1"), result("unknown")) == Stay("act", "small")


def test_what_does_not_go_on_with_a_known_loop_stays_nowhere() -> None:
    gateway = Gateway()
    in_a_loop(gateway)
    assert stays(gateway, result("unknown")) is None
    assert stays(gateway, result("c1"), user("Something else")) is None
    assert stays(gateway, result("c1"), caller=OTHER) is None
    assert stays(Gateway(), result("c1")) is None


def test_a_loop_without_a_route_is_none() -> None:
    gateway = Gateway()
    gateway.request([user("Look")])
    gateway.thread.hear(Serving("small"), "")
    gateway.thread.hear(Answer(tool_calls=(ToolCall("c1", "look", "{}"),)), "")
    assert stays(gateway, result("c1")) is None


# Bounds


def test_a_caller_that_is_busy_does_not_crowd_out_another() -> None:
    kept: Lately[int] = Lately(20, 60, Clock())
    kept.put("quiet", b"q", 7)
    for n in range(1000):
        kept.put("busy", b"%d" % n, n)
    assert kept.get("quiet", b"q") == 7
    assert kept.get("busy", b"999") == 999
    assert kept.get("busy", b"0") is None
    assert len(kept) <= 20


def test_many_callers_are_bounded_too() -> None:
    kept: Lately[int] = Lately(20, 60, Clock())
    for n in range(100):
        kept.put(f"caller-{n}", b"k", n)
    assert len(kept) <= 20
    assert kept.get("caller-99", b"k") == 99


def test_what_is_over_makes_room() -> None:
    clock = Clock()
    kept: Lately[int] = Lately(20, 60, clock)
    for n in range(10):
        kept.put("app", b"%d" % n, n)
    clock.now = 61
    kept.put("app", b"new", 1)
    assert len(kept) == 1


def test_the_same_again_is_one() -> None:
    kept: Lately[int] = Lately(20, 60, Clock())
    for n in range(5):
        kept.put("app", b"k", n)
    assert (len(kept), kept.get("app", b"k")) == (1, 4)


TEXTS = st.sampled_from(["Hi.", "Yes.", "Cancel all."])
TURNS = st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), min_size=1, max_size=4)


@given(st.lists(TURNS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_whatever_a_caller_sends_back_is_trusted_only_if_it_was_said_so(
    talks: list[list[tuple[str, str, bool]]], chance: Random
) -> None:
    """Several conversations of few words, of which a caller then sends any mixture."""
    gateway = Gateway()
    told: dict[tuple[str, ...], bool] = {}  # what was said up to an answer → whether it was ever trusted
    for talk in talks:
        messages: Messages = []
        for question, answer, passages in talk:
            messages.append(user(question))
            trusted = gateway.request(messages).trusted and not passages
            gateway.answers(Answer(answer), trusted=trusted)
            messages.append(says(answer))
            key = tuple(message["content"] for message in messages)
            told[key] = told.get(key, False) or trusted
    pieces = [chance.choice(talk)[:2] for talk in talks for _ in talk]
    sent = [message for question, answer in pieces for message in (user(question), says(answer))]
    for n, message in enumerate(gateway.request(sent).messages):
        if message.role == "assistant":
            assert message.trusted == told.get(tuple(m["content"] for m in sent[: n + 1]), False)
