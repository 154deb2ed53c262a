"""One turn of a model, watched."""

from __future__ import annotations

from gateway.strategies.collect import Fragments
from gateway.types import ToolCall, ToolCallDelta


def test_calls_are_put_together_from_their_fragments() -> None:
    building = Fragments()
    building.add([ToolCallDelta(1, "c2", "wait", ""), ToolCallDelta(0, "c1", "look", '{"q"')])
    building.add([ToolCallDelta(0, arguments=":1}"), ToolCallDelta(1, arguments="{}")])
    assert building.calls == (ToolCall("c1", "look", '{"q":1}'), ToolCall("c2", "wait", "{}"))


def test_without_fragments_there_is_no_call() -> None:
    assert Fragments().calls == ()
