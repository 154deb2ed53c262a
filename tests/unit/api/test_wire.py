"""Reading a chat completions body."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.wire import chat_request
from gateway.errors import InvalidRequest


def body(**members: Any) -> bytes:
    return json.dumps(
        {"model": "auto", "messages": [{"role": "user", "content": "Hello"}], **members}
    ).encode()


def test_a_plain_request_is_read() -> None:
    request = chat_request(body(stream=True, stream_options={"include_usage": True}, max_tokens=7))
    assert (request.model, request.question) == ("auto", "Hello")
    assert (request.stream, request.include_usage, request.max_tokens) == (True, True, 7)


def test_every_member_survives_as_the_bytes_that_it_came_as() -> None:
    messages = b'[{"role":"user","content":"x"}]'
    given = b'{"zeta": 1.50, "model": "auto", "messages": ' + messages + b', "new": {"b":1,  "a":[]}}'
    fields = chat_request(given).fields
    assert list(fields) == ["zeta", "model", "messages", "new"]
    assert fields["zeta"] == b"1.50"
    assert fields["new"] == b'{"b":1,  "a":[]}'


def test_text_parts_are_read_and_an_image_is_marked_unreadable() -> None:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:x"}}]
    (message,) = chat_request(body(messages=[{"role": "user", "content": parts}])).messages
    assert message.text == "What is this?"
    assert message.unreadable
    assert message.needs == {"vision"}


@pytest.mark.parametrize(
    "members",
    [
        {"metadata": {"note": "anna@example.org"}},
        {"tools": [{"type": "function", "function": {"name": "f", "description": "anna@example.org"}}]},
        {"user": "anna\u0040example.org"},
        {"brand_new": [{"deep": ["anna@example.org"]}]},
        {"anna@example.org": 1},
        {"metadata": {"anna@example.org": 1}},
        {"messages": [{"role": "user", "content": "x", "anna@example.org": 1}]},
        {"messages": [{"role": "user", "content": [{"type": "new_text", "text": "anna@example.org"}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"custom": {"input": "anna@example.org"}}]}]},
        {
            "messages": [
                {"role": "assistant", "function_call": {"arguments": '{"to": "anna\\u0040example.org"}'}}
            ]
        },
        {"temperature": "anna@example.org"},
        {"messages": [{"role": "user", "content": "x", "name": "anna@example.org"}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "x", "extra": "anna@example.org"}]}
            ]
        },
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": "1",
                            "type": "function",
                            "function": {"name": "f", "arguments": '{"to":"anna\\u0040example.org"}'},
                        }
                    ],
                },
            ]
        },
    ],
)
def test_no_string_of_a_body_escapes_the_reading(members: dict[str, Any]) -> None:
    request = chat_request(body(**members))
    assert "anna@example.org" in request.other_text


@pytest.mark.parametrize(
    ("given", "param", "word"),
    [
        (b"{", None, "not valid JSON"),
        (b"\xff\xfe", None, "not valid JSON"),
        (b"[]", None, "JSON object"),
        (b"{}", "model", "required"),
        (
            b'{"model": "a", "model": "b", "messages": [{"role": "user", "content": "x"}]}',
            None,
            "two members",
        ),
        (
            b'{"model": "a", "messages": [{"role": "user", "content": "secret", "content" : "x"}]}',
            None,
            "two members",
        ),
        (
            b'{"model": "a", "messages": [{"role": "user", "content": "x"}], "x": {"\\u0061": 1, "a": 2}}',
            None,
            "two members",
        ),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "model", "required"),
        (body(messages=[]), "messages", "1 to"),
        (body(messages={}), "messages", "list"),
        (body(messages=["x"]), "messages[0]", "object"),
        (body(messages=[{"role": "wizard", "content": "x"}]), "messages[0].role", "one of"),
        (body(messages=[{"role": "user", "content": 3}]), "messages[0].content", "string or a list"),
        (
            body(messages=[{"role": "user", "content": [{"text": "x"}]}]),
            "messages[0].content[0].type",
            "required",
        ),
        (body(stream="yes"), "stream", "true or false"),
        (body(max_tokens="many"), "max_tokens", "integer"),
        (body(tools=[{"type": "function", "function": {}}]), "tools", "list of tools"),
        (b'{"model": "auto", "messages": ' + b"[" * 5000 + b"]" * 5000 + b"}", None, "object"),
    ],
)
def test_a_bad_body_is_refused_saying_what_and_where(given: bytes, param: str | None, word: str) -> None:
    with pytest.raises(InvalidRequest, match=word) as refused:
        chat_request(given)
    if param is not None:
        assert refused.value.param == param


def test_colons_quotes_and_backslashes_in_texts_are_no_names() -> None:
    tricky = 'say "a": "b\\": {"c": 1} and \\'
    assert chat_request(body(messages=[{"role": "user", "content": tricky}])).question == tricky


def test_a_long_number_is_read_as_text() -> None:
    assert "4111111111111111" in chat_request(body(metadata={"card": 4111111111111111})).other_text


def test_metadata_is_bounded_as_conditions_read_it() -> None:
    given = {f"k{i}": "v" for i in range(1000)} | {"long": "x" * 600}
    assert len(chat_request(body(metadata=given)).metadata) == 16
