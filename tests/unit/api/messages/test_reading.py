"""A body of the Messages API as the request that the gateway serves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.messages.reading import parse, parse_counted
from gateway.api.wire import MAX_MESSAGES
from gateway.errors import InvalidRequest
from gateway.types import Api, Caller, ChatRequest

CALLER = Caller("app")


def body(**members: Any) -> bytes:
    whole = {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], **members}
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


def read(**members: Any) -> ChatRequest:
    return parse(body(**members), CALLER)


def test_a_request_holds_what_came_and_what_a_chat_model_is_sent() -> None:
    sent = body(stream=True, metadata={"user_id": "u"}, system="Be brief.")
    request = parse(sent, CALLER)
    assert (request.model, request.max_tokens, request.stream, request.api) == ("auto", 9, True, Api.MESSAGES)
    assert request.metadata == {"user_id": "u"}
    assert request.sent is not None
    assert (request.sent.body, request.sent.whole) == (sent, sent)
    assert request.untouched
    system, user = request.messages
    assert (system.role, system.text, system.native) == ("system", "Be brief.", b"")
    assert user.native == b'{"role": "user", "content": "Hi"}'


def test_what_the_system_says_in_blocks_is_one_message() -> None:
    blocks = [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "b"},
    ]
    assert json.loads(read(system=blocks).messages[0].raw) == {"role": "system", "content": "a\n\nb"}
    assert [message.role for message in read(system="").messages] == ["user"]


def test_everything_that_can_be_read_is_read() -> None:
    request = read(
        system=[{"type": "text", "text": "x", "note": "in the system"}],
        metadata={"user_id": "in the metadata"},
        tools=[{"name": "f", "description": "in a tool", "input_schema": {"enum": ["in a schema"]}}],
        unknown={"deep": ["in an unknown member"]},
        stop_sequences=["in a sequence"],
    )
    for where in ("the system", "the metadata", "a tool", "a schema", "an unknown member", "a sequence"):
        assert f"in {where}" in request.other_text


def test_only_is_the_first_thing_that_chat_completions_cannot_say() -> None:
    request = read(
        tools=[{"type": "bash_20250124", "name": "bash"}],
        messages=[{"role": "user", "content": [{"type": "new"}]}],
    )
    assert request.only == "a block of type 'new' exists only in the Messages API"
    assert read(tools=[{"type": "bash_20250124", "name": "bash"}]).only.startswith("the tool 'bash_20250124'")


def test_a_count_needs_no_limit_streams_never_and_may_be_made_for_any_model() -> None:
    counted = parse_counted(body(max_tokens=None, stream=True, container="c"), CALLER)
    assert (counted.api, counted.stream, counted.only, counted.max_tokens) == (Api.COUNT, False, "", None)


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"model": None}, "model"),
        ({"model": "x" * 257}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [{"role": "user", "content": "x"}] * (MAX_MESSAGES + 1)}, "messages"),
        ({"stream": "yes"}, "stream"),
        ({"system": 1}, "system"),
        ({"system": [{"type": "image", "source": {}}]}, "system"),
        ({"system": ["x"]}, "system[0]"),
        ({"metadata": "x"}, "metadata"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**members)
    assert caught.value.param == param


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b'{"a": 1, "a": 2}', b"[" * 9999, b'{"a": "\xff"}'])
def test_what_is_no_object_is_refused(sent: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse(sent, CALLER)


@pytest.mark.parametrize("depth", [60, 400])
def test_blocks_in_each_other_are_read_or_refused_and_nothing_else(depth: int) -> None:
    block: dict[str, Any] = {"type": "text", "text": "found"}
    for _ in range(depth):
        block = {"type": "search_result", "source": "s", "title": "t", "content": [block]}
    messages = [{"role": "user", "content": [block]}]
    if depth == 60:
        assert "found" in read(messages=messages).messages[0].text
        return
    with pytest.raises(InvalidRequest, match="too deep"):
        read(messages=messages)


def test_words_put_into_the_assistants_mouth_can_only_be_continued_in_messages() -> None:
    turns = [{"role": "user", "content": "List them."}, {"role": "assistant", "content": "{"}]
    only = "the continuing of the assistant's last message exists only in the Messages API"
    assert read(messages=turns).only == only
    assert read(messages=[*turns, turns[0]]).only == ""
