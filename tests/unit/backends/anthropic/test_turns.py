"""A conversation as instructions and turns that alternate."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from gateway.backends.anthropic.turns import Turns, settled
from gateway.backends.anthropic.unsaid import Unsaid
from gateway.types import Message

CALL = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": '{"zone":"utc"}'}}


def said(role: str, content: Any, **members: Any) -> Message:
    raw = json.dumps({"role": role, "content": content, **members}).encode()
    return Message(role, content if isinstance(content, str) else "", raw)


def turns(*messages: Message) -> Turns:
    made = Turns()
    for i, message in enumerate(messages):
        made.add(message, f"messages[{i}]")
    return made


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def test_instructions_are_kept_in_order_wherever_they_stood() -> None:
    made = turns(said("system", "A"), said("user", "Hi"), said("developer", [text("B")]))
    assert made.system == [text("A"), text("B")]
    assert made.turns == [{"role": "user", "content": [text("Hi")]}]


def test_what_stands_together_is_one_turn() -> None:
    made = turns(said("user", "A"), said("user", "B"), said("assistant", "C"), said("assistant", "D"))
    assert made.turns == [
        {"role": "user", "content": [text("A"), text("B")]},
        {"role": "assistant", "content": [text("C"), text("D")]},
    ]


def test_results_of_tools_come_first_in_one_turn_of_the_user() -> None:
    second = {**CALL, "id": "c2"}
    made = turns(
        said("user", "When?"),
        said("assistant", None, tool_calls=[CALL, second]),
        said("tool", "12:00", tool_call_id="c1"),
        said("tool", "13:00", tool_call_id="c2"),
        said("user", "And now?"),
    )
    assert [turn["role"] for turn in made.turns] == ["user", "assistant", "user"]
    assert [block["type"] for block in made.turns[1]["content"]] == ["tool_use", "tool_use"]
    assert [block["type"] for block in made.turns[2]["content"]] == ["tool_result", "tool_result", "text"]
    assert made.called == ["clock"]


def test_it_ends_with_a_result_while_a_tool_has_the_last_word() -> None:
    called = said("assistant", None, tool_calls=[CALL])
    assert turns(said("user", "When?"), called, said("tool", "12", tool_call_id="c1")).ends_with_a_result
    assert not turns(said("user", "When?"), called).ends_with_a_result
    assert not Turns().ends_with_a_result


def test_an_empty_message_is_no_turn() -> None:
    made = turns(said("user", "Hi"), said("assistant", ""), said("user", "Hello?"))
    assert made.turns == [{"role": "user", "content": [text("Hi"), text("Hello?")]}]


def test_a_refusal_is_what_was_said() -> None:
    assert turns(said("assistant", None, refusal="No.")).turns[0]["content"] == [text("No.")]


def test_reasoning_is_not_sent_back_without_its_signature() -> None:
    made = turns(said("assistant", "Yes.", reasoning_content="Hm"))
    assert made.turns == [{"role": "assistant", "content": [text("Yes.")]}]


def test_a_native_turn_stands_for_itself() -> None:
    made = Turns()
    made.add(said("user", "A"), "")
    made.add_native(b'{"role":"user","content":"B"}')
    made.add(said("user", "C"), "")
    assert msgspec.json.decode(msgspec.json.encode(made.turns)) == [
        {"role": "user", "content": [text("A")]},
        {"role": "user", "content": "B"},
        {"role": "user", "content": [text("C")]},
    ]


@pytest.mark.parametrize(
    "content", ["", " \n", None, [], [{"type": "text", "text": ""}, {"type": "text", "text": " "}]]
)
def test_a_users_message_without_anything_in_it_is_named_and_not_left_out(content: Any) -> None:
    """The answer before it would be the last word, which the model would then go on with."""
    with pytest.raises(Unsaid) as lacking:
        turns(said("user", "Hi"), said("assistant", "Yes?"), said("user", content))
    assert lacking.value.param == "messages[2]"


@pytest.mark.parametrize("messages", [(), (said("assistant", ""),), (said("system", " "),)])
def test_a_conversation_in_which_nobody_says_anything_is_named(messages: tuple[Message, ...]) -> None:
    with pytest.raises(Unsaid) as lacking:
        settled(turns(*messages))
    assert lacking.value.param == "messages"


@pytest.mark.parametrize(
    ("message", "param"),
    [
        (said("function", "12", name="clock"), "messages[0].role"),
        (said("assistant", None, audio={"id": "a"}), "messages[0].audio"),
        (said("assistant", None, function_call={"name": "clock"}), "messages[0].function_call"),
    ],
)
def test_a_message_without_a_counterpart_is_named(message: Message, param: str) -> None:
    with pytest.raises(Unsaid) as lacking:
        turns(message)
    assert lacking.value.param == param


def test_instructions_alone_are_what_the_user_says() -> None:
    made = turns(said("system", "Greet."))
    settled(made)
    assert (made.system, made.turns) == ([], [{"role": "user", "content": [text("Greet.")]}])


def test_a_beginning_of_the_answer_does_not_end_in_a_space() -> None:
    made = turns(said("user", "Hi"), said("assistant", "Well, \n"))
    settled(made)
    assert made.turns[-1]["content"] == [text("Well,")]
