"""One turn of a model, watched."""

from __future__ import annotations

import asyncio

from gateway.strategies.collect import Collected, Fragments
from gateway.types import Api, Delta, Event, ToolCall, ToolCallDelta, Usage


def test_calls_are_put_together_from_their_fragments() -> None:
    building = Fragments()
    building.add([ToolCallDelta(1, "c2", "wait", ""), ToolCallDelta(0, "c1", "look", '{"q"')])
    building.add([ToolCallDelta(0, arguments=":1}"), ToolCallDelta(1, arguments="{}")])
    assert building.calls == (ToolCall("c1", "look", '{"q":1}'), ToolCall("c2", "wait", "{}"))


def test_without_fragments_there_is_no_call() -> None:
    assert Fragments().calls == ()


def test_events_that_begin_and_end_themselves_are_told_anew() -> None:
    """A turn of several cannot pass on the events in which its upstream began and ended a whole answer."""
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        seen.append(event)

    async def run() -> None:
        turn = Collected(emit, lambda _: None, frozenset(), True, False)
        await turn.emit(Delta("Hi", raw=b"own", api=Api.MESSAGES, event="content_block_delta"))
        await turn.emit(Delta(" you", raw=b"chunk"))
        await turn.emit(Delta(finish="stop", raw=b"own", api=Api.MESSAGES, event="message_delta"))
        await turn.finish(Usage(output=1))

    asyncio.run(run())
    said = [(each.text, each.finish, each.raw) for each in seen if isinstance(each, Delta)]
    assert said == [("Hi", None, None), (" you", None, b"chunk"), ("", "stop", None), ("", None, None)]


def test_nothing_of_a_turn_leaves_before_it_is_the_answer_where_the_answer_is_json() -> None:
    """What a model says before it calls a tool would stand before the JSON."""
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        seen.append(event)

    def turn() -> Collected:
        return Collected(emit, lambda _: None, frozenset({"look"}), True, True)

    async def run() -> None:
        asks = turn()
        await asks.emit(Delta("Let me look. "))
        await asks.emit(Delta(tool_calls=(ToolCallDelta(0, "c1", "look", "{}"),), finish="tool_calls"))
        assert (asks.calls, asks.text, seen) == ((ToolCall("c1", "look", "{}"),), "Let me look. ", [])
        answers = turn()
        await answers.emit(Delta('{"a":', usage=Usage(output=1)))
        await answers.emit(Delta("1}", finish="stop"))
        assert not seen
        await answers.finish(Usage(output=2))

    asyncio.run(run())
    said = [(each.text, each.finish, each.usage) for each in seen if isinstance(each, Delta)]
    assert said == [('{"a":', None, None), ("1}", "stop", None), ("", None, Usage(output=2))]
