"""The items of a response as they grow, and the events that say so."""

from __future__ import annotations

from typing import Any

from gateway.api.responses.output import Output, said
from gateway.types import ToolCall, ToolCallDelta


def kinds(*events: Any) -> list[str]:
    return [event["type"].removeprefix("response.") for each in events for event in each]


def test_a_text_begins_grows_and_ends() -> None:
    output = Output()
    assert kinds(output.say("It "), output.say("is."), output.close("completed")) == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    (item,) = output.items
    assert (item["content"][0]["text"], item["status"]) == ("It is.", "completed")


def test_what_an_item_was_when_it_began_does_not_change() -> None:
    output = Output()
    events = list(output.say("x"))
    list(output.close("completed"))
    assert events[0]["item"]["content"] == []
    assert events[0]["item"]["status"] == "in_progress"


def test_reasoning_is_over_when_the_text_begins() -> None:
    output = Output()
    list(output.think("Hm"))
    assert kinds(output.say("x"))[:4] == [
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
    ]
    assert [item["type"] for item in output.items] == ["reasoning", "message"]


def test_a_refusal_is_a_part_beside_the_text() -> None:
    output = Output()
    events = [*output.say("Well. "), *output.refuse("No."), *output.close("completed")]
    (item,) = output.items
    assert [part["type"] for part in item["content"]] == ["output_text", "refusal"]
    assert [e["content_index"] for e in events if "delta" in e] == [0, 1]


def test_calls_grow_side_by_side() -> None:
    output = Output()
    fragments = [
        ToolCallDelta(0, "a", "f", '{"x"'),
        ToolCallDelta(1, "b", "g", "{"),
        ToolCallDelta(0, arguments=": 1}"),
        ToolCallDelta(1, arguments="}"),
    ]
    events = [event for fragment in fragments for event in output.call(fragment)]
    events += output.close("completed")
    assert [(i["call_id"], i["name"], i["arguments"]) for i in output.items] == [
        ("a", "f", '{"x": 1}'),
        ("b", "g", "{}"),
    ]
    for index, item in enumerate(output.items):
        deltas = [e["delta"] for e in events if "delta" in e and e["output_index"] == index]
        assert "".join(deltas) == item["arguments"]


def test_a_call_waits_for_its_name_and_gets_an_id_where_it_has_none() -> None:
    output = Output()
    assert list(output.call(ToolCallDelta(0, arguments='{"x"'))) == []
    events = list(output.call(ToolCallDelta(0, name="f", arguments=": 1}")))
    assert [event.get("delta") for event in events] == [None, '{"x": 1}']
    assert output.items[0]["call_id"].startswith("call_")


def test_text_after_a_call_is_a_message_of_its_own() -> None:
    output = Output()
    events = [*output.say("a"), *output.call(ToolCallDelta(0, "c", "f")), *output.say("b")]
    events += output.close("completed")
    assert [item["type"] for item in output.items] == ["message", "function_call", "message"]
    done = [e["output_index"] for e in events if e["type"] == "response.output_item.done"]
    assert sorted(done) == [0, 1, 2]


def test_what_was_cut_is_incomplete_and_what_came_before_is_not() -> None:
    message, call = said("", "a", "", (ToolCall("c", "f", "{"),), "incomplete")
    assert (message["status"], call["status"]) == ("completed", "incomplete")
    (message,) = said("", "a", "", (), "incomplete")
    assert message["status"] == "incomplete"


def test_an_answer_that_says_nothing_is_an_empty_text() -> None:
    (message,) = said("", "", "", (), "completed")
    assert message["content"][0]["text"] == ""
    assert [i["type"] for i in said("", "", "", (ToolCall("c", "f", "{}"),), "completed")] == [
        "function_call"
    ]
