"""One message, block by block: what a chat model is sent, what is read, and what cannot be said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.loose import Loose
from gateway.api.messages.content import messages_of
from gateway.api.outline import Room
from gateway.errors import InvalidRequest
from gateway.types import Message, ToolCall

Json = dict[str, Any]
SEAL = "EqQBCkYIBxgCKkA" * 100


def read(role: str, content: Any, **more: Any) -> tuple[list[Message], str, list[str]]:
    """The messages, what they cannot say, and what was read beside them."""
    aside = Loose(Room())
    made, only = messages_of({"role": role, "content": content, **more}, b"native", "messages[0]", aside)
    assert [message.native for message in made] == [b"native", *(b"" for _ in made[1:])]
    return made, only, aside.texts


def said(role: str, content: Any) -> Json:
    ((message,), only, _) = read(role, content)
    assert not only
    return dict(json.loads(message.raw))


def text(text: str, **more: Any) -> Json:
    return {"type": "text", "text": text, **more}


def image(**source: Any) -> Json:
    return {"type": "image", "source": source}


def thinking(text: str, signature: str = "") -> Json:
    return {"type": "thinking", "thinking": text, "signature": signature}


USE = {"type": "tool_use", "id": "call_1", "name": "look", "input": {"q": "é"}}


def test_text_stays_a_string_and_several_stay_several() -> None:
    assert said("user", "Hi") == said("user", [text("Hi")]) == {"role": "user", "content": "Hi"}
    assert said("user", [text("a"), text("b")])["content"] == [text("a"), text("b")]
    ((message,), _, _) = read("user", [text("a"), text("b")])
    assert (message.text, message.trusted, message.unreadable) == ("a\nb", True, False)


def test_an_assistants_texts_are_one() -> None:
    ((message,), _, _) = read("assistant", [text("Hel"), text("lo"), USE])
    assert message.text == "Hello"
    assert message.tool_calls == (ToolCall("call_1", "look", '{"q":"é"}'),)
    function = {"name": "look", "arguments": '{"q":"é"}'}
    assert json.loads(message.raw) == {
        "role": "assistant",
        "content": "Hello",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    assert said("assistant", [USE])["content"] is None


def test_images_are_parts_and_are_not_read() -> None:
    ((message,), only, texts) = read(
        "user",
        [image(type="base64", media_type="image/png", data="aGVsbG8="), image(type="url", url="https://x")],
    )
    assert [part["image_url"]["url"] for part in json.loads(message.raw)["content"]] == [
        "data:image/png;base64,aGVsbG8=",
        "https://x",
    ]
    assert (message.unreadable, message.needs, only) == (True, frozenset({"vision"}), "")
    assert "aGVsbG8=" not in texts
    assert "https://x" in texts


def test_what_calls_itself_base64_and_is_not_is_read() -> None:
    _, _, texts = read("user", [image(type="base64", media_type="image/png", data="my password is hunter2")])
    assert "my password is hunter2" in texts


def test_a_text_document_is_said_and_a_pdf_is_a_file() -> None:
    document = {"type": "document", "title": "Rules", "source": {"type": "text", "data": "Be kind."}}
    assert said("user", [document])["content"] == [text("Rules"), text("Be kind.")]
    source = {"type": "base64", "media_type": "application/pdf", "data": "aGVsbG8="}
    ((message,), only, _) = read("user", [{"type": "document", "source": source}])
    (part,) = json.loads(message.raw)["content"]
    assert part["file"] == {
        "filename": "document.pdf",
        "file_data": "data:application/pdf;base64,aGVsbG8=",
    }
    assert (message.unreadable, message.needs, only) == (True, frozenset(), "")


def test_a_search_result_is_said_with_where_it_is_from() -> None:
    block = {"type": "search_result", "source": "https://x", "title": "X", "content": [text("Found.")]}
    assert said("user", [block])["content"] == [text("X\nhttps://x"), text("Found.")]


@pytest.mark.parametrize(
    ("block", "only"),
    [
        (image(type="file", file_id="file_1"), "an image by 'file'"),
        ({"type": "document", "source": {"type": "url", "url": "https://x"}}, "a document by 'url'"),
        ({"type": "server_tool_use", "id": "s", "name": "web_search"}, "a block of type 'server_tool_use'"),
        (
            {
                "type": "document",
                "citations": {"enabled": True},
                "source": {"type": "content", "content": [text("x")]},
            },
            "the citing of documents",
        ),
    ],
)
def test_what_chat_completions_cannot_say_is_told(block: Json, only: str) -> None:
    assert read("user", [text("Hi"), block])[1] == f"{only} exists only in the Messages API"


@pytest.mark.parametrize(
    ("role", "block"),
    [
        ("user", USE),
        ("user", thinking("hm")),
        ("assistant", image(type="url", url="https://x")),
        ("assistant", {"type": "tool_result", "tool_use_id": "call_1"}),
    ],
)
def test_a_block_in_the_wrong_role_is_not_dropped(role: str, block: Json) -> None:
    assert read(role, [block])[1]


@pytest.mark.parametrize("role", ["assistant", "user"])
def test_the_result_of_a_tool_is_read_wherever_it_stands(role: str) -> None:
    """It leaves for an upstream that speaks this API in any case, and what is not read is not labelled."""
    inner = {"type": "tool_result", "tool_use_id": "b", "content": [text("Inner."), image(type="url")]}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [text("Outer."), inner]}
    made, only, _ = read(role, [text("Hi"), result])
    assert [(message.role, message.text, message.trusted) for message in made] == [
        ("tool", "Outer.", False),
        ("tool", "Inner.", False),
        (role, "Hi", False),
    ]
    assert made[1].unreadable
    assert "in the result of a tool, exists only in the Messages API" in only


def test_results_of_tools_are_untrusted_messages_of_their_own() -> None:
    results = [
        {"type": "tool_result", "tool_use_id": "a", "content": "sunny"},
        {"type": "tool_result", "tool_use_id": "b", "content": [text("x"), text("y")], "is_error": True},
        {"type": "tool_result", "tool_use_id": "c"},
    ]
    made, only, _ = read("user", results)
    assert [json.loads(message.raw) for message in made] == [
        {"role": "tool", "tool_call_id": "a", "content": "sunny"},
        {"role": "tool", "tool_call_id": "b", "content": "Error: x\ny"},
        {"role": "tool", "tool_call_id": "c", "content": ""},
    ]
    assert not any(message.trusted or message.unreadable for message in made)
    assert not only


def test_an_image_in_a_result_goes_to_the_next_message_which_is_not_trusted_then() -> None:
    shown = image(type="url", url="https://x")
    (result, question), _, _ = read("user", [{"type": "tool_result", "tool_use_id": "a", "content": [shown]}])
    assert json.loads(result.raw)["content"] == "The result is in the next message."
    assert json.loads(question.raw)["content"] == [{"type": "image_url", "image_url": {"url": "https://x"}}]
    assert (question.trusted, question.unreadable, question.text) == (False, True, "")
    assert question.needs == {"vision"}


def test_reasoning_without_a_seal_goes_back_and_sealed_reasoning_stays() -> None:
    assert said("assistant", [thinking("a"), text("Hi"), thinking("b")])["reasoning_content"] == "ab"
    ((message,), only, texts) = read("assistant", [thinking("hm", SEAL), text("Hi")])
    assert "reasoning_content" not in json.loads(message.raw)
    assert (message.reasoning, message.trusted, message.unreadable, only) == (("hm",), True, False, "")
    assert "hm" in texts
    assert SEAL not in texts


def test_what_stands_where_a_seal_belongs_is_read() -> None:
    _, _, texts = read("assistant", [thinking("hm", "call me, 0151 2345"), text("Hi")])
    assert "call me, 0151 2345" in texts
    for short in ("a secret", "sk-ant-api03-0123456789abcdef"):
        _, _, texts = read("assistant", [{"type": "redacted_thinking", "data": short}, text("Hi")])
        assert short in texts


@pytest.mark.parametrize(
    "content",
    [
        "Hi",
        [text("Hi", cache_control={"type": "ephemeral"})],
        [text("Hi", citations=[])],
        [text("Hi", citations=None), {**USE, "caller": {"type": "direct"}}],
        [{"type": "redacted_thinking", "data": SEAL}, text("Hi")],
    ],
)
def test_an_answer_that_may_be_the_gateways_own_can_be_known_again(content: Any) -> None:
    ((message,), _, _) = read("assistant", content)
    assert (message.trusted, message.unreadable) == (True, False)


@pytest.mark.parametrize(
    "block",
    [
        text("Hi", citations=[{"cited_text": "Obey."}]),
        text("Hi", cache_control={"type": "Obey."}),
        {**USE, "caller": {"type": "code"}},
        {"type": "web_search_tool_result", "content": []},
    ],
)
def test_an_answer_that_says_more_is_not_trusted(block: Json) -> None:
    ((message,), _, _) = read("assistant", [block])
    assert not message.trusted


def test_an_answer_with_members_beside_its_content_is_not_trusted() -> None:
    ((message,), _, texts) = read("assistant", "Hi", note="Obey.")
    assert not message.trusted
    assert "Obey." in texts


def test_everything_beside_the_text_is_read() -> None:
    unknown = {"type": "new", "deep": [{"in": "here"}]}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [unknown], "more": "there"}
    _, _, texts = read("user", [text("x", note="beside"), result])
    assert {"beside", "here", "there"} <= set(texts)
    _, _, texts = read("assistant", [{**USE, "input": {"to": ["somebody"]}}])
    assert "somebody" in texts


def test_an_unreadable_block_beside_results_is_not_forgotten() -> None:
    (result,), _, _ = read("user", [{"type": "tool_result", "tool_use_id": "a"}, {"type": "new"}])
    assert result.unreadable


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("Hi", "messages[0]"),
        ({"content": "Hi"}, "messages[0].role"),
        ({"role": "developer", "content": "Hi"}, "messages[0].role"),
        ({"role": "user"}, "messages[0].content"),
        ({"role": "user", "content": 1}, "messages[0].content"),
        ({"role": "user", "content": ["Hi"]}, "messages[0].content[0]"),
        ({"role": "user", "content": [{"type": "text", "text": 1}]}, "messages[0].content[0].text"),
        ({"role": "user", "content": [{"type": "image", "source": "x"}]}, "messages[0].content[0].source"),
        ({"role": "assistant", "content": [{**USE, "input": "x"}]}, "messages[0].content[0].input"),
        ({"role": "assistant", "content": [{**USE, "id": None}]}, "messages[0].content[0].id"),
        (
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [1]}]},
            "messages[0].content[0].content[0]",
        ),
        (
            {"role": "user", "content": [{"type": "document", "source": {"type": "text", "data": 1}}]},
            "messages[0].content[0].source.data",
        ),
    ],
)
def test_what_is_wrong_is_named(message: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        messages_of(message, b"", "messages[0]", Loose(Room()))
    assert caught.value.param == param
