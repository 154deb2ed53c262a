"""Content blocks follow each other, however their pieces come in."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from gateway.api.messages import blocks as module
from gateway.api.messages.blocks import Blocks
from gateway.types import ToolCallDelta

Events = list[dict[str, Any]]


def short(events: Iterable[dict[str, Any]]) -> list[str]:
    """An event as its index and what it is or adds."""
    said = []
    for event in events:
        at = event["index"]
        match event["type"]:
            case "content_block_start":
                block = event["content_block"]
                said.append(f"{at} {block['type']} {block.get('name', '')}".rstrip())
            case "content_block_delta":
                delta = event["delta"]
                said.append(f"{at} + {next(value for name, value in delta.items() if name != 'type')}")
            case "content_block_stop":
                said.append(f"{at} .")
    return said


def test_text_is_one_block() -> None:
    blocks = Blocks()
    assert short(blocks.say("a")) == ["0 text", "0 + a"]
    assert short(blocks.say("b")) == ["0 + b"]
    assert short(blocks.close()) == ["0 ."]
    assert short(blocks.close()) == []


def test_another_kind_ends_the_block_before_it() -> None:
    blocks = Blocks()
    assert short(blocks.think("hm", "")) == ["0 thinking", "0 + hm"]
    assert short(blocks.think("", "seal")) == ["0 + seal"]
    assert short(blocks.say("a")) == ["0 .", "1 text", "1 + a"]
    assert short(blocks.think("again", "")) == ["1 .", "2 thinking", "2 + again"]


def test_calls_that_follow_each_other_stream() -> None:
    blocks = Blocks()
    assert short(blocks.call(ToolCallDelta(0, "a", "look"))) == ["0 tool_use look"]
    assert short(blocks.call(ToolCallDelta(0, arguments='{"q":'))) == ['0 + {"q":']
    assert short(blocks.call(ToolCallDelta(0, arguments="1}"))) == ["0 + 1}"]
    assert short(blocks.call(ToolCallDelta(1, "b", "see", "{}"))) == ["0 .", "1 tool_use see", "1 + {}"]
    assert short(blocks.close()) == ["1 ."]


def test_what_belongs_to_a_later_block_waits_for_the_one_before() -> None:
    blocks = Blocks()
    assert short(blocks.call(ToolCallDelta(0, "a", "look", '{"q":'))) == ["0 tool_use look", '0 + {"q":']
    assert short(blocks.call(ToolCallDelta(1, "b", "see", "{}"))) == []
    assert short(blocks.say("well")) == []
    assert short(blocks.call(ToolCallDelta(0, arguments="1}"))) == ["0 + 1}"]
    assert short(blocks.close()) == ["0 .", "1 tool_use see", "1 + {}", "1 .", "2 text", "2 + well", "2 ."]


def test_a_call_without_arguments_yet_is_not_over() -> None:
    blocks = Blocks()
    list(blocks.call(ToolCallDelta(0, "a", "look")))
    assert short(blocks.call(ToolCallDelta(1, "b", "see"))) == []
    assert short(blocks.close()) == ["0 .", "1 tool_use see", "1 ."]


def test_a_call_whose_name_comes_late_waits_for_it() -> None:
    blocks = Blocks()
    assert short(blocks.call(ToolCallDelta(0, "a", "", '{"q":'))) == []
    assert short(blocks.call(ToolCallDelta(0, "", "look", "1}"))) == [
        "0 tool_use look",
        '0 + {"q":',
        "0 + 1}",
    ]


def test_a_call_that_is_over_has_no_more_to_say() -> None:
    blocks = Blocks()
    list(blocks.call(ToolCallDelta(0, "a", "look", "{}")))
    list(blocks.say("well"))
    assert short(blocks.call(ToolCallDelta(0, arguments=" "))) == []


def test_a_call_without_an_id_gets_one_of_its_own() -> None:
    starts = [next(Blocks().call(ToolCallDelta(0, "", "look"))) for _ in range(2)]
    ids = {start["content_block"]["id"] for start in starts}
    assert len(ids) == 2
    assert all(each.startswith("toolu_") for each in ids)


def test_calls_that_are_looked_at_again_and_again_end_in_their_order_at_last() -> None:
    blocks = Blocks()
    list(blocks.call(ToolCallDelta(0, "a", "look", '{"q":"')))
    for _ in range(20):
        list(blocks.call(ToolCallDelta(0, arguments="}")))
        assert short(blocks.say("well")) == []
        list(blocks.think("hm", ""))
    list(blocks.call(ToolCallDelta(0, arguments='"}')))
    assert short(blocks.say("so")) == []
    said = short(blocks.close())
    assert said[:3] == ["0 .", "1 text", "1 + well"]
    assert said[-1] == "41 ."


def test_many_calls_that_are_not_whole_take_no_longer_each(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def looked(text: str) -> object:
        nonlocal looks
        looks += 1
        return msgspec.json.decode(text)

    monkeypatch.setattr(module, "_object", SimpleNamespace(decode=looked))
    blocks = Blocks()
    for index in range(2_000):
        list(blocks.call(ToolCallDelta(index, f"c{index}", "look", "{")))
    for index in range(100):
        list(blocks.call(ToolCallDelta(0, arguments=" ")))
        list(blocks.call(ToolCallDelta(2_000 + index, "c", "look", "{")))
    assert looks == 8
    assert len(list(blocks.close())) == 3 * 2_100 - 2  # the first begins at once
