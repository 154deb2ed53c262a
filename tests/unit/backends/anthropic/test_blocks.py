"""Content of chat completions as content blocks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.anthropic.blocks import (
    arguments,
    call_blocks,
    call_id,
    content_blocks,
    result_block,
)
from gateway.backends.anthropic.unsaid import Unsaid

PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": "high"}}


def file(**members: Any) -> dict[str, Any]:
    return {"type": "file", "file": members}


def base64(kind: str, media: str, data: str) -> dict[str, Any]:
    return {"type": kind, "source": {"type": "base64", "media_type": media, "data": data}}


@pytest.mark.parametrize(
    ("part", "block"),
    [
        ({"type": "text", "text": "Hi"}, {"type": "text", "text": "Hi"}),
        ({"type": "refusal", "refusal": "No"}, {"type": "text", "text": "No"}),
        (image(PNG), base64("image", "image/png", "iVBORw0KGgo=")),
        (image("DATA:IMAGE/PNG;BASE64,AA=="), base64("image", "image/png", "AA==")),
        (image("data:image/png;name=a.png;base64,AA=="), base64("image", "image/png", "AA==")),
        (
            image("https://x.org/a.png"),
            {"type": "image", "source": {"type": "url", "url": "https://x.org/a.png"}},
        ),
        (image(PDF), base64("document", "application/pdf", "JVBERi0=")),
        (
            file(file_data=PDF, filename="a.pdf"),
            {**base64("document", "application/pdf", "JVBERi0="), "title": "a.pdf"},
        ),
        (file(file_data="JVBERi0="), base64("document", "application/pdf", "JVBERi0=")),
        (
            file(file_data="data:text/markdown;base64,SGk="),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hi"}},
        ),
    ],
)
def test_a_part_has_its_block(part: dict[str, Any], block: dict[str, Any]) -> None:
    assert content_blocks([part], "messages[0]") == [block]
    mark = {"type": "ephemeral"}
    assert content_blocks([{**part, "cache_control": mark}], "") == [{**block, "cache_control": mark}]


@pytest.mark.parametrize("content", ["", "  \n", None, [], [{"type": "text", "text": " "}]])
def test_nothing_said_is_no_block(content: Any) -> None:
    assert content_blocks(content, "messages[0]") == []


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "video_url", "video_url": {"url": "https://x.org"}},
        file(file_id="file-1"),
        file(),
        file(file_data="data:application/zip;base64,AA=="),
        file(file_data="data:text/plain;base64,/w=="),
        image("ftp://x.org/a.png"),
        image("data:image/svg+xml,%3Csvg%3E"),
        image("data:"),
        {"type": "image_url"},
    ],
)
def test_a_part_without_a_counterpart_is_named(part: dict[str, Any]) -> None:
    with pytest.raises(Unsaid) as lacking:
        content_blocks([{"type": "text", "text": "See"}, part], "messages[3]")
    assert lacking.value.param == "messages[3].content[1]"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ('{"a": 1}', {"a": 1}),
        ("", {}),
        (None, {}),
        ({"a": 1}, {"a": 1}),
        ('{"a": ', {"arguments": '{"a": '}),
        ("[1]", {"arguments": [1]}),
        ("\udc00", {"arguments": "\udc00"}),
        ("[" * 5000, {"arguments": "[" * 5000}),
    ],
)
def test_arguments_are_an_object_whatever_was_said(said: Any, read: dict[str, Any]) -> None:
    assert arguments(said) == read


def test_a_call_and_its_result_go_by_one_id() -> None:
    call = {"id": "call:1/ü", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    [used] = call_blocks([call], "messages[0]")
    result = result_block({"tool_call_id": "call:1/ü", "content": "12:00"}, "messages[1]")
    assert used == {"type": "tool_use", "id": "call_1__", "name": "clock", "input": {}}
    assert result == {"type": "tool_result", "tool_use_id": "call_1__", "content": "12:00"}


def test_a_result_may_show_an_image() -> None:
    result = result_block({"tool_call_id": "c", "content": [image(PNG)]}, "messages[1]")
    assert result["content"] == [base64("image", "image/png", "iVBORw0KGgo=")]


@pytest.mark.parametrize("call", [{"id": "c", "type": "custom", "custom": {"name": "x"}}, 3])
def test_a_call_of_something_else_is_named(call: Any) -> None:
    with pytest.raises(Unsaid, match="something else"):
        call_blocks([call], "messages[0]")


@given(st.text())
def test_an_id_is_always_one_that_is_taken_there(given_: str) -> None:
    made = call_id(given_)
    assert made
    assert made.replace("_", "a").replace("-", "a").isascii()
    assert made.replace("_", "a").replace("-", "a").isalnum()
