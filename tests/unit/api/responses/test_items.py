"""Items of a response's input as messages of chat completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.loose import Loose
from gateway.api.outline import Room
from gateway.api.responses.items import read_item
from gateway.api.responses.said import Said
from gateway.errors import InvalidRequest
from gateway.types import Message, ToolCall


def said(*items: Any) -> Said:
    taken = Said(Loose(Room()))
    for i, item in enumerate(items):
        read_item(item, json.dumps(item).encode(), f"input[{i}]", taken)
    return taken


def messages(*items: Any) -> tuple[Message, ...]:
    return said(*items).messages()


def raw(*items: Any) -> list[Any]:
    return [json.loads(message.raw) for message in messages(*items)]


def spoken(*texts: str, **more: Any) -> Any:
    parts = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []} for text in texts]
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": parts,
        **more,
    }


def call(id_: str) -> Any:
    return {"type": "function_call", "id": "fc_1", "call_id": id_, "name": "f", "arguments": "{}"}


THOUGHT: Any = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}


def test_roles_stay_what_they_are() -> None:
    easy = [{"role": role, "content": role} for role in ("system", "developer", "user", "assistant")]
    assert raw(*easy) == easy


def test_an_answers_items_are_one_message() -> None:
    (message,) = messages(THOUGHT, spoken("It ", "is."), call("c1"), call("c2"))
    assert (message.text, message.reasoning) == ("It is.", ("Hm.",))
    assert message.tool_calls == (ToolCall("c1", "f", "{}"), ToolCall("c2", "f", "{}"))
    assert message.trusted
    assert message.native is not None
    assert len(json.loads(b"[" + message.native + b"]")) == 4


def test_what_follows_calls_is_another_answer() -> None:
    found = messages(spoken("One."), call("c1"), THOUGHT, call("c2"), spoken("Two."))
    assert [(message.text, len(message.tool_calls)) for message in found] == [
        ("One.", 1),
        ("", 1),
        ("Two.", 0),
    ]


def test_messages_that_a_caller_wrote_are_not_joined() -> None:
    easy = {"role": "assistant", "content": "One."}
    assert [message.text for message in messages(easy, {**easy, "content": "Two."}, spoken("Three."))] == [
        *("One.", "Two.", "Three.")
    ]


def test_a_call_may_follow_a_message_that_a_caller_wrote() -> None:
    (message,) = messages({"role": "assistant", "content": "One."}, call("c1"))
    assert (message.text, len(message.tool_calls)) == ("One.", 1)


def test_a_tools_output_is_untrusted_text() -> None:
    output = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
    parts = [{"type": "input_text", "text": "sun"}, {"type": "input_text", "text": "ny"}]
    (_, first, second) = messages(call("c1"), output, {**output, "output": parts})
    assert (first.role, first.text, first.tool_call_id, first.trusted) == ("tool", "sunny", "c1", False)
    assert second.text == "sun\nny"


@pytest.mark.parametrize(
    "more",
    [
        {"extra": "x"},
        {"content": [{"type": "output_text", "text": "x", "annotations": [{"type": "url_citation"}]}]},
        {"content": [{"type": "refusal", "refusal": "x"}]},
        {"content": [{"type": "input_image", "image_url": "https://example.org"}]},
    ],
    ids=str,
)
def test_an_answer_that_says_more_than_can_be_known_again_is_not_trusted(more: Any) -> None:
    (message,) = messages(spoken("x", **more))
    assert not message.trusted


def test_encrypted_reasoning_is_no_text_and_other_words_in_its_place_are() -> None:
    sealed = said({**THOUGHT, "encrypted_content": "gAAAAAB" + "x" * 300})
    (message,) = sealed.messages()
    assert (message.trusted, message.unreadable) == (True, False)
    assert not any("gAAAAAB" in text for text in sealed.aside.texts)
    forged = said({**THOUGHT, "encrypted_content": "a few words"})
    assert not forged.messages()[0].trusted
    assert "a few words" in forged.aside.texts


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            {"type": "input_image", "image_url": "https://x", "detail": "high"},
            {"type": "image_url", "image_url": {"url": "https://x", "detail": "high"}},
        ),
        (
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}},
        ),
        ({"type": "input_file", "file_id": "file_1"}, {"type": "file", "file": {"file_id": "file_1"}}),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        ),
    ],
)
def test_files_are_what_chat_completions_have_for_them(part: Any, expected: Any) -> None:
    (message,) = raw({"role": "user", "content": [{"type": "input_text", "text": "see"}, part]})
    assert message["content"] == [{"type": "text", "text": "see"}, expected]


@pytest.mark.parametrize(
    ("item", "only"),
    [
        ({"type": "web_search_call", "id": "ws_1"}, "an item of type 'web_search_call'"),
        ({"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "x"}, "'custom_tool_call'"),
        ({"type": "custom_tool_call_output", "call_id": "c", "output": "x"}, "'custom_tool_call_output'"),
        ({"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}, "an image by its file_id"),
        ({"role": "user", "content": [{"type": "input_file", "file_url": "x"}]}, "a file by its URL"),
        ({"role": "user", "content": [{"type": "hologram"}]}, "a content part of type 'hologram'"),
        (
            {
                "type": "function_call_output",
                "call_id": "c",
                "output": [{"type": "input_image", "image_url": "https://x"}],
            },
            "a file in the output of a tool",
        ),
    ],
    ids=str,
)
def test_what_chat_completions_have_no_words_for_is_named(item: Any, only: str) -> None:
    taken = said(item)
    taken.messages()
    assert only in taken.only
    assert taken.only.endswith("exists only in the Responses API")


def test_every_item_is_in_the_json_of_one_message() -> None:
    items = [THOUGHT, spoken("x"), {"type": "web_search_call", "id": "w"}, {"role": "user", "content": "y"}]
    natives = b",".join(message.native or b"" for message in messages(*items))
    assert json.loads(b"[" + natives + b"]") == items


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ("text", "input[0]"),
        ({}, "input[0].type"),
        ({"type": 7}, "input[0].type"),
        ({"role": "robot"}, "input[0].role"),
        ({"role": "user", "content": 7}, "input[0].content"),
        ({"role": "user", "content": ["x"]}, "input[0].content[0]"),
        ({"role": "user", "content": [{"type": "input_text", "text": 7}]}, "input[0].content[0].text"),
        ({"type": "function_call", "call_id": "c"}, "input[0].name"),
        ({"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}, "input[0].arguments"),
        ({"type": "function_call_output", "output": "x"}, "input[0].call_id"),
        ({"type": "reasoning", "summary": "x"}, "input[0].summary"),
    ],
    ids=str,
)
def test_an_item_that_lacks_what_it_is_known_by_is_refused(item: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        said(item)
    assert refused.value.param == param
