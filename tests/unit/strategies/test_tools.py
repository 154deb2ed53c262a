"""The tool agent's loop and its bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateway.interfaces import Emit, Strategy
from gateway.labels import Cleared
from gateway.policy.schema import Tools, ToolSource
from gateway.strategies.inflow import Inflow
from gateway.strategies.tools import tools
from gateway.types import (
    Answer,
    ChatRequest,
    Delta,
    Event,
    Finding,
    Label,
    Message,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    ToolSpec,
    ToolUsed,
    Tried,
    Usage,
)

LOOK = ToolSpec("look", "Looks something up", {"type": "object"}, "shop")


@dataclass
class Shop:
    """A tool server that remembers what it was asked."""

    specs: tuple[ToolSpec, ...] = (LOOK,)
    answer: str = "42"
    seconds: float = 0.0
    calls: list[ToolCall] = field(default_factory=list)

    async def tools(self) -> tuple[ToolSpec, ...]:
        return self.specs

    async def call(self, call: Cleared[ToolCall]) -> ToolResult:
        self.calls.append(call.value)
        await asyncio.sleep(self.seconds)
        return ToolResult(self.answer)

    async def close(self) -> None: ...


@dataclass
class Model:
    """Plays its turns in order, the last one for ever, and remembers the requests."""

    turns: Sequence[Answer]
    requests: list[ChatRequest] = field(default_factory=list)

    async def __call__(self, request: ChatRequest, emit: Emit) -> None:
        turn = self.turns[min(len(self.requests), len(self.turns) - 1)]
        self.requests.append(request)
        await emit(turn)
        await emit(Tried("m", "ok", Usage(input=10, output=1), 0.0))


def wants(name: str = "look", arguments: str = "{}") -> Answer:
    return Answer(tool_calls=(ToolCall("c1", name, arguments),), finish="tool_calls")


def user(text: str) -> ChatRequest:
    return ChatRequest("auto", (Message("user", text, b"{}"),), {})


def run(strategy: Strategy, request: ChatRequest) -> list[Event]:
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        seen.append(event)

    asyncio.run(strategy(request, emit))
    return seen


def find(text: str) -> tuple[Finding, ...]:
    at = text.find("sk-")
    return (Finding("api_key", "credential", Label.RESTRICTED, -1, at, at + 8, 1.0),) if at >= 0 else ()


def agent(
    model: Strategy,
    shop: Shop,
    source: ToolSource | None = None,
    spec: Tools | None = None,
    clearance: Label = Label.RESTRICTED,
) -> Strategy:
    source = source or ToolSource("shop")
    return tools(
        model, spec or Tools(("shop",)), [(source, shop)], lambda model, usage: 1.0, Inflow(find, clearance)
    )


def statuses(events: list[Event]) -> list[str]:
    return [event.status for event in events if isinstance(event, ToolUsed)]


def test_a_tool_is_called_and_the_answer_comes_after_it() -> None:
    shop, model = Shop(), Model([wants(arguments='{"q":1}'), Answer("It is 42.")])
    seen = run(agent(model, shop), user("What is it?"))
    assert shop.calls == [ToolCall("c1", "look", '{"q":1}')]
    assert [m.role for m in model.requests[1].messages] == ["user", "assistant", "tool"]
    assert model.requests[1].results[0][1].text == "42"
    answers = [event for event in seen if isinstance(event, Answer)]
    assert [(a.text, a.usage) for a in answers] == [("It is 42.", Usage(input=20, output=2))]


def test_the_results_label_rises_with_the_conversation() -> None:
    model = Model([wants(), Answer("done")])
    source = ToolSource("shop", label=Label.CONFIDENTIAL)
    run(agent(model, Shop(), source), user("x"))
    assert [r.label for r in model.requests] == [Label.PUBLIC, Label.CONFIDENTIAL]


def test_a_tool_that_is_not_cleared_for_the_conversation_is_never_called() -> None:
    shop, model = Shop(), Model([wants(), Answer("done")])
    seen = run(agent(model, shop), user("x").labelled(Label.RESTRICTED))
    assert shop.calls == []
    assert statuses(seen) == ["refused"]


def test_steps_are_bounded_and_the_last_turn_has_no_tools() -> None:
    shop, model = Shop(), Model([wants()])
    run(agent(model, shop, spec=Tools(("shop",), steps=3)), user("x"))
    assert len(shop.calls) == 3
    assert [len(r.offered) for r in model.requests] == [1, 1, 1, 0]


def test_at_a_bound_no_call_of_the_gateways_own_tools_leaves() -> None:
    seen = run(agent(Model([wants()]), Shop(), spec=Tools(("shop",), steps=1)), user("x"))
    (answer,) = [event for event in seen if isinstance(event, Answer)]
    assert answer.tool_calls == ()
    assert "could not finish" in answer.text


def test_what_is_found_in_a_result_raises_the_label_too() -> None:
    model = Model([wants(), Answer("done")])
    run(agent(model, Shop(answer="the key is sk-1")), user("x"))
    assert model.requests[1].label is Label.RESTRICTED


def test_a_forced_choice_of_tool_is_forced_once() -> None:
    model = Model([wants(), Answer("done")])
    run(agent(model, Shop()), replace(user("x"), fields={"tool_choice": b'"required"'}))
    assert ["tool_choice" in r.fields for r in model.requests] == [True, False]


def test_a_turn_that_asks_for_both_hands_the_caller_only_its_own() -> None:
    both = Answer(
        tool_calls=(ToolCall("1", "look", "{}"), ToolCall("2", "theirs", "{}")), finish="tool_calls"
    )
    shop = Shop()
    (answer,) = [e for e in run(agent(Model([both]), shop), user("x")) if isinstance(e, Answer)]
    assert [call.name for call in answer.tool_calls] == ["theirs"]
    assert shop.calls == []


def test_the_calls_of_a_turn_are_bounded() -> None:
    many = Answer(tool_calls=tuple(ToolCall(str(i), "look", "{}") for i in range(100)), finish="tool_calls")
    shop = Shop()
    run(agent(Model([many, Answer("done")]), shop), user("x"))
    assert len(shop.calls) == 16


def test_results_of_a_trusted_source_may_lead_to_a_write() -> None:
    write = ToolSpec("cancel", "Cancels", {"type": "object"}, "shop")
    source = ToolSource("shop", writes=frozenset({"cancel"}), trusted=True)
    shop = Shop((LOOK, write))
    run(agent(Model([wants("look"), wants("cancel"), Answer("done")]), shop, source), user("x"))
    assert [call.name for call in shop.calls] == ["look", "cancel"]


def test_cost_is_bounded() -> None:
    shop, model = Shop(), Model([wants()])
    run(agent(model, shop, spec=Tools(("shop",), steps=9, cost=2.0)), user("x"))
    assert len(shop.calls) == 2


def test_time_is_bounded() -> None:
    shop, model = Shop(seconds=5), Model([wants()])
    seen = run(agent(model, shop, spec=Tools(("shop",), time=0.05)), user("x"))
    assert statuses(seen) == ["timeout"]


def test_a_write_asked_for_on_account_of_untrusted_text_is_held_back() -> None:
    write = ToolSpec("cancel", "Cancels", {"type": "object"}, "shop")
    source = ToolSource("shop", writes=frozenset({"cancel"}))
    shop, model = Shop((LOOK, write)), Model([wants("look"), wants("cancel"), Answer("done")])
    seen = run(agent(model, shop, source), user("What does it say?"))
    assert [call.name for call in shop.calls] == ["look"]
    assert statuses(seen) == ["ok", "held_back"]


def test_a_write_that_the_caller_asks_for_is_made() -> None:
    write = ToolSpec("cancel", "Cancels", {"type": "object"}, "shop")
    source = ToolSource("shop", writes=frozenset({"cancel"}))
    shop = Shop((write,))
    run(agent(Model([wants("cancel"), Answer("done")]), shop, source), user("Cancel it"))
    assert [call.name for call in shop.calls] == ["cancel"]


def test_a_callers_own_tool_call_is_the_answer() -> None:
    shop = Shop()
    seen = run(agent(Model([wants("theirs")]), shop), user("x"))
    assert shop.calls == []
    assert [e.tool_calls[0].name for e in seen if isinstance(e, Answer)] == ["theirs"]


def test_two_tools_of_one_name_are_offered_under_two() -> None:
    model = Model([Answer("done")])
    servers = [(ToolSource("a"), Shop()), (ToolSource("b"), Shop())]
    run(tools(model, Tools(("a", "b")), servers, lambda m, u: 0.0, Inflow(find, Label.RESTRICTED)), user("x"))
    assert [spec.name for spec in model.requests[0].offered] == ["look", "b__look"]


def test_a_stream_keeps_tool_calls_and_relays_prose() -> None:
    turns = [
        [
            Delta("Let me look. "),
            Delta(tool_calls=(ToolCallDelta(0, "c1", "look", "{}"),)),
            Delta(finish="tool_calls"),
        ],
        [Delta("It is 42."), Delta(finish="stop")],
    ]
    asked = 0

    async def model(_: ChatRequest, emit: Emit) -> None:
        nonlocal asked
        for delta in turns[asked]:
            await emit(delta)
        await emit(Tried("m", "ok", Usage(input=1, output=1), 0.0))
        asked += 1

    request = ChatRequest("auto", (Message("user", "x", b"{}"),), {}, stream=True)
    deltas = [e for e in run(agent(model, Shop()), request) if isinstance(e, Delta)]
    assert "".join(d.text for d in deltas) == "Let me look. It is 42."
    assert not any(d.tool_calls for d in deltas)
    assert [d.finish for d in deltas if d.finish] == ["stop"]
    assert deltas[-1].usage == Usage(input=2, output=2)


def test_a_result_above_the_callers_clearance_is_withheld() -> None:
    model = Model([wants(), Answer("done")])
    run(agent(model, Shop(answer="the key is sk-1"), clearance=Label.INTERNAL), user("x"))
    assert all("sk-1" not in message.text for message in model.requests[1].messages)
    assert "Withheld" in model.requests[1].results[0][1].text
