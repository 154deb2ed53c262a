"""A conversation taken up item by item: what is one message, and what every message carries."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gateway.api.loose import Loose
from gateway.api.outline import Room
from gateway.api.responses.said import Said, Spoken
from gateway.types import Message, ToolCall

CALL = ToolCall("c1", "f", "{}")


def spoken(said: Said, *texts: str) -> Spoken:
    content = Spoken(said.loose())
    for text in texts:
        content.say(text)
    return content


def taken() -> Said:
    return Said(Loose(Room()))


def raws(said: Said) -> list[Any]:
    return [json.loads(message.raw) for message in said.messages()]


def test_reasoning_text_and_calls_that_follow_each_other_are_one_answer() -> None:
    said = taken()
    said.thought(["Hm."], said.loose(), True, b"1")
    said.message("assistant", spoken(said, "It ", "is."), b"2", easy=False)
    said.call(CALL, said.loose(), True, b"3")
    (message,) = said.messages()
    assert (message.text, message.reasoning, message.tool_calls) == ("It is.", ("Hm.",), (CALL,))
    assert (message.native, message.trusted) == (b"1,2,3", True)
    assert json.loads(message.raw)["reasoning_content"] == "Hm."


def test_reasoning_alone_is_no_word_of_chat_completions() -> None:
    said = taken()
    said.thought(["Hm."], said.loose(), True, b"1")
    assert raws(said) == [{"role": "assistant", "content": ""}]


def test_after_a_call_or_a_message_of_the_callers_another_answer_begins() -> None:
    for easy in (True, False):
        said = taken()
        said.message("assistant", spoken(said, "One."), b"1", easy)
        if not easy:
            said.call(CALL, said.loose(), True, b"2")
        said.message("assistant", spoken(said, "Two."), b"3", easy=False)
        assert [message.text for message in said.messages()] == ["One.", "Two."]


def test_a_refusal_stays_one_and_the_answer_is_none_that_can_be_known_again() -> None:
    said, content = taken(), Spoken(Loose(Room()))
    content.refuse("No.")
    said.message("assistant", content, b"1", easy=False)
    (message,) = said.messages()
    assert (message.text, message.trusted, message.unreadable) == ("No.", False, False)
    assert json.loads(message.raw)["content"] == [{"type": "refusal", "refusal": "No."}]


def test_a_file_in_a_refusal_is_unreadable_as_it_is_in_a_text() -> None:
    for name in ("say", "refuse"):
        content = Spoken(Loose(Room()))
        getattr(content, name)("see data:image/png;base64," + "A" * 64)
        assert content.unreadable, name


def test_what_a_tool_gave_is_untrusted_and_goes_with_its_call() -> None:
    said = taken()
    said.result("c1", spoken(said, "sun", "ny"), b"1")
    (message,) = said.messages()
    assert (message.role, message.text, message.tool_call_id) == ("tool", "sun\nny", "c1")
    assert not message.trusted


def test_an_item_that_nobody_knows_stays_in_its_place_and_is_named() -> None:
    said = taken()
    said.message("user", spoken(said, "Hi"), b"1", easy=True)
    said.other("web_search_call", said.loose(), True, b"2")
    said.message("user", spoken(said, "So?"), b"3", easy=True)
    assert [message.native for message in said.messages()] == [b"1", b"2", b"3"]
    assert said.only == "an item of type 'web_search_call' exists only in the Responses API"
    assert not said.messages()[1].trusted
    assert said.messages()[1].unreadable


def test_what_stands_beside_the_texts_is_read_of_every_item() -> None:
    said = taken()
    takers: list[Callable[[Loose], None]] = [
        lambda loose: said.thought([], loose, True, b"1"),
        lambda loose: said.call(CALL, loose, True, b"2"),
        lambda loose: said.other("x", loose, False, b"3"),
        lambda loose: said.message("user", Spoken(loose), b"4", easy=False),
        lambda loose: said.result("c1", Spoken(loose), b"5"),
    ]
    for take in takers:
        loose = said.loose()
        loose.add(f"beside {len(said.aside.texts)}")
        take(loose)
    assert said.aside.texts == [f"beside {i}" for i in range(5)]


def test_what_the_body_says_first_is_a_message_without_an_item() -> None:
    said = taken()
    said.system("Be brief.")
    assert said.messages() == (
        Message("system", "Be brief.", b'{"role":"system","content":"Be brief."}', native=b""),
    )
