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


PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
DATA_URL = f"data:image/png;base64,{PICTURE}"
LONG = PICTURE * 20
PARTS: list[dict[str, Any]] = [
    {"type": "image_url", "image_url": {"url": DATA_URL}},
    {"type": "image_url", "image_url": {"url": "https://example.org/passport.png", "detail": "low"}},
    {"type": "input_audio", "input_audio": {"data": PICTURE, "format": "wav"}},
    {"type": "file", "file": {"file_id": "file-123"}},
    {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PICTURE}"}},
    {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
    {"type": "input_image", "image_url": DATA_URL},
    {"type": "document", "source": {"type": "text", "data": "Hello"}},
    {"type": "TEXT", "text": "Hello"},
    {"type": "brand_new"},
    {"type": "text", "text": f"See ![this]({DATA_URL})"},
    {"type": "text", "text": DATA_URL.upper()},
    {"type": "text", "text": f"data:text/plain;charset=utf-8;base64,{PICTURE}"},
    {"type": "text", "text": LONG},
    {"type": "text", "text": "Hello", "image_url": {"url": "https://example.org/a.png"}},
    {"type": "text", "text": "Hello", "more": [DATA_URL]},
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part}"[:60])
@pytest.mark.parametrize("role", ["user", "system", "assistant", "tool"])
def test_what_is_no_text_is_marked_unreadable(part: dict[str, Any], role: str) -> None:
    content = [{"type": "text", "text": "Look:"}, part]
    (message,) = chat_request(body(messages=[{"role": role, "content": content}])).messages
    assert message.unreadable
    assert message.text.startswith("Look:")


@pytest.mark.parametrize(
    "members",
    [
        {"content": f"See {DATA_URL}"},
        {"content": LONG},
        {"content": None, "audio": {"id": "audio_123"}},
        {"content": "Look", "images": [PICTURE]},
        {"content": "Look", "attachments": [{"id": 1}]},
        {"content": "Look", "brand_new": {"deep": [DATA_URL]}},
        {"content": "Look", "brand_new": LONG},
        {
            "content": None,
            "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": f'{{"x":"{DATA_URL}"}}'}}],
        },
    ],
    ids=str,
)
def test_a_message_that_holds_what_is_no_text_is_marked_unreadable(members: dict[str, Any]) -> None:
    (message,) = chat_request(body(messages=[{"role": "assistant", **members}])).messages
    assert message.unreadable


@pytest.mark.parametrize(
    "members",
    [
        {"content": "Write `data:image/png;base64,…` before it"},
        {"content": "data: my address is here"},
        {"content": [{"type": "text", "text": "Hello"}, {"type": "refusal", "refusal": "No."}]},
        {"content": [{"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}]},
        {"content": "word " * 1000},
        {"content": None, "audio": None, "refusal": None},
        {"content": "Hello", "reasoning_content": "Hm."},
    ],
    ids=lambda members: f"{members}"[:60],
)
def test_text_is_readable(members: dict[str, Any]) -> None:
    (message,) = chat_request(body(messages=[{"role": "assistant", **members}])).messages
    assert not message.unreadable


@pytest.mark.parametrize("members", [{"metadata": {"x": DATA_URL}}, {"prediction": {"content": LONG}}])
def test_what_is_no_text_beside_the_messages_makes_the_request_unreadable(members: dict[str, Any]) -> None:
    request = chat_request(body(**members))
    assert request.unreadable
    assert not any(message.unreadable for message in request.messages)
    assert not chat_request(body(metadata={"x": "data"})).unreadable


def test_no_head_of_a_data_url_hides_what_follows() -> None:
    for head in ("data:", "data: ", "data:text/plain,", "data:;base64,"):
        assert "anna@example.org" in chat_request(body(user=f"{head}anna@example.org")).other_text


def test_base64_is_not_read_as_text() -> None:
    parts = [{"type": "image_url", "image_url": {"url": DATA_URL}}, {"type": "x", "data": LONG}]
    assert PICTURE not in chat_request(body(messages=[{"role": "user", "content": parts}])).other_text


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
        (body(messages=[{"role": "user", "content": ["x"]}]), "messages[0].content", "content parts"),
        (body(messages=[{"role": "user", "content": [[{"type": "text"}]]}]), "messages[0].content", "parts"),
        (body(messages=[{"role": "user", "content": {"type": "text"}}]), "messages[0].content", "parts"),
        (
            body(messages=[{"role": "user", "content": [{"type": "text", "text": ["x"]}]}]),
            "messages[0].content[0].text",
            "a string",
        ),
        (
            body(messages=[{"role": "user", "content": [{"type": "text", "text": {"x": 1}}]}]),
            "messages[0].content[0].text",
            "a string",
        ),
        (
            body(messages=[{"role": "user", "content": [{"type": ["text"]}]}]),
            "messages[0].content[0].type",
            "a string",
        ),
        (body(messages=[{"role": "User", "content": "x"}]), "messages[0].role", "one of"),
        (body(messages=[{"role": ["user"], "content": "x"}]), "messages[0].role", "a string"),
        (body(stream="yes"), "stream", "true or false"),
        (body(stream_options={"include_usage": "no"}), "stream_options.include_usage", "true or false"),
        (body(max_tokens="many"), "max_tokens", "integer"),
        (body(tools=[{"type": "function", "function": {}}]), "tools", "list of tools"),
        (
            b'{"model": "auto", "messages": ' + b"[" * 5000 + b"]" * 5000 + b"}",
            None,
            "too deep: more than 128",
        ),
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


@pytest.mark.parametrize("value", [b"[]", b'"a"', b'{"a":1}'])
def test_a_body_of_more_values_than_anybody_sends_is_refused(value: bytes) -> None:
    many = b"[" + b",".join([value] * 300_000) + b"]"
    with pytest.raises(InvalidRequest, match="200,000 JSON values"):
        chat_request(body()[:-1] + b', "x": ' + many + b"}")


def test_values_in_a_calls_arguments_count_like_the_bodys_own() -> None:
    arguments = json.dumps([[]] * 60_000)
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    asked = {"role": "user", "content": "Hi"}
    assert chat_request(body(messages=[asked, {"role": "assistant", "tool_calls": [call] * 3}]))
    with pytest.raises(InvalidRequest, match="200,000 JSON values"):
        chat_request(body(messages=[asked, {"role": "assistant", "tool_calls": [call] * 4}]))


def test_a_long_text_of_code_is_read() -> None:
    code = 'if a["b"] == {"c": [1, 2, "\\n"]}: f(x, y)\n' * 100_000
    assert chat_request(body(messages=[{"role": "user", "content": code}])).question == code


def test_a_long_number_is_read_as_text() -> None:
    assert "4111111111111111" in chat_request(body(metadata={"card": 4111111111111111})).other_text


def test_metadata_is_bounded_as_conditions_read_it() -> None:
    given = {f"k{i}": "v" for i in range(1000)} | {"long": "x" * 600}
    assert len(chat_request(body(metadata=given)).metadata) == 16


LARGE = f"data:image/png;base64,{PICTURE * 2000}"


def test_a_large_file_is_not_read_and_each_message_keeps_its_bytes() -> None:
    picture = {"type": "image_url", "image_url": {"url": LARGE, "detail": "anna@example.org"}}
    given = body(messages=[{"role": "user", "content": [picture, picture]}, {"role": "user", "content": "?"}])
    request = chat_request(given)
    first, second = request.messages
    assert first.raw + b", " + second.raw == request.fields["messages"][1:-1]
    assert request.fields["messages"] in given
    assert (first.unreadable, second.unreadable) == (True, False)
    assert request.other_text.count("anna@example.org") == 4  # each by itself, and with its name
    assert len(request.other_text) < 500


def test_where_a_large_body_is_broken_is_told_as_of_the_whole() -> None:
    broken = (
        body(messages=[{"role": "user", "content": [{"type": "x", "data": PICTURE * 2000}]}])[:-1] + b"?}"
    )
    with pytest.raises(InvalidRequest, match=f"byte {len(broken) - 2}"):
        chat_request(broken)


def test_two_members_of_one_name_are_found_beside_a_large_file() -> None:
    given = body(x={"url": LARGE})[:-1] + b', "x": 1}'
    with pytest.raises(InvalidRequest, match="two members"):
        chat_request(given)
