"""The body that an upstream gets."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from gateway.api.wire import chat_request
from gateway.backends.render import chat_body
from gateway.strategies.message import call_message, result_message
from gateway.types import Api, ChatRequest, Label, Message, Sent, ToolCall, ToolSpec

CLOCK = ToolSpec("clock", "Tells the time.", {"type": "object", "properties": {}})


def asked(**fields: Any) -> ChatRequest:
    body = {"messages": [{"role": "user", "content": "Hi"}], "model": "auto", **fields}
    raw = tuple(json.dumps(m).encode() for m in body["messages"])
    return ChatRequest(
        model="auto",
        messages=tuple(Message(m["role"], "", r) for m, r in zip(body["messages"], raw, strict=True)),
        fields={name: json.dumps(value).encode() for name, value in body.items()},
        stream=bool(fields.get("stream")),
    )


def test_order_unknown_members_and_spelling_are_kept() -> None:
    request = asked(zeta=1, alpha={"b": [1.50, None]})
    request = replace(
        request, fields={**request.fields, "big": b"12345678901234567890.10", "u": b'"\\u00e9"'}
    )
    body = chat_body(request, "m")
    assert list(json.loads(body)) == ["messages", "model", "zeta", "alpha", "big", "u"]
    assert b'"big":12345678901234567890.10' in body
    assert b'"u":"\\u00e9"' in body
    assert b'"model":"m"' in body


def test_each_message_keeps_its_own_bytes() -> None:
    raw = b'{"role":"user", "content":[{"type":"text","text":"\\u00e9"}],  "odd":1e3}'
    body = chat_body(replace(asked(), messages=(Message("user", "é", raw),)), "m")
    assert raw in body


def test_a_message_that_was_added_is_sent_and_one_that_was_edited_is_not_sent_as_it_was() -> None:
    request = asked(messages=[{"role": "user", "content": "secret"}])
    masked = Message("user", "masked", b'{"role":"user","content":"masked"}')
    asking = ToolCall("c1", "clock", "{}")
    call = call_message("", [asking], Label.PUBLIC, True)
    result = result_message(asking, "noon", Label.PUBLIC, True)
    sent = json.loads(chat_body(replace(request, messages=(masked, call, result)), "m"))["messages"]
    wanted = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    assert sent == [
        {"role": "user", "content": "masked"},
        {"role": "assistant", "content": None, "tool_calls": [wanted]},
        {"role": "tool", "content": "noon", "tool_call_id": "c1"},
    ]


def test_usage_is_asked_of_every_stream_beside_the_callers_own_options() -> None:
    assert json.loads(chat_body(asked(stream=True), "m"))["stream_options"] == {"include_usage": True}
    options = {"include_usage": False, "include_obfuscation": False}
    sent = json.loads(chat_body(asked(stream=True, stream_options=options), "m"))["stream_options"]
    assert sent == {"include_usage": True, "include_obfuscation": False}
    assert json.loads(chat_body(asked(stream=True, stream_options=None), "m"))["stream_options"] == {
        "include_usage": True
    }


def test_a_request_that_the_gateway_does_not_stream_asks_for_no_stream() -> None:
    request = replace(asked(stream=True, stream_options={"include_usage": True}), stream=False)
    assert not {"stream", "stream_options"} & set(json.loads(chat_body(request, "m")))


def test_the_gateways_tools_follow_the_callers() -> None:
    own = {"type": "function", "function": {"name": "mine", "parameters": {}}, "odd": True}
    request = replace(asked(tools=[own]), tools=(ToolSpec("mine", "", {}),), offered=(CLOCK,))
    sent = json.loads(chat_body(request, "m"))["tools"]
    assert sent[0] == own
    assert sent[1]["function"] == {
        "name": "clock",
        "description": "Tells the time.",
        "parameters": CLOCK.parameters,
    }


def test_of_two_tools_of_one_name_the_callers_stays() -> None:
    own = {"type": "function", "function": {"name": "clock", "parameters": {}}}
    request = replace(asked(tools=[own]), tools=(ToolSpec("clock", "", {}),), offered=(CLOCK,))
    assert json.loads(chat_body(request, "m"))["tools"] == [own]


CAME = b'{ "model" :"auto", "messages": [ {"role":"user","content":"secret"} ],"x":1.0}'


def test_what_nobody_edited_is_sent_as_it_came() -> None:
    assert chat_body(chat_request(CAME), "m") == CAME.replace(b'"auto"', b'"m"')


def test_what_anybody_edited_is_not_sent_as_it_came() -> None:
    request = chat_request(CAME)
    masked = replace(request.messages[0], raw=b'{"role":"user","content":"masked"}')
    for edited in (
        replace(request, messages=(masked,)),
        replace(request, messages=(masked, *request.messages[1:])),
        replace(request, fields={**request.fields, "x": b"2"}, messages=(masked,)),
    ):
        assert b"secret" not in chat_body(edited, "m")
    assert b"clock" in chat_body(replace(request, offered=(CLOCK,)), "m")
    assert b'"x":2' in chat_body(replace(request, fields={**request.fields, "x": b"2"}), "m")


def test_a_body_of_another_api_is_never_sent_to_one_that_speaks_chat() -> None:
    request = chat_request(CAME)
    assert request.sent is not None
    other = replace(request, sent=replace(request.sent, api=Api.MESSAGES))
    assert chat_body(other, "m") == b'{"model":"m","messages":[{"role":"user","content":"secret"}],"x":1.0}'


def test_what_a_body_says_of_streaming_is_what_is_done() -> None:
    streams = chat_request(CAME[:-1] + b',"stream":true,"stream_options":{"include_usage":true}}')
    assert chat_body(streams, "m") == streams.sent.body.replace(b'"auto"', b'"m"')  # type: ignore[union-attr]
    whole = json.loads(chat_body(replace(streams, stream=False), "m"))
    assert not {"stream", "stream_options"} & set(whole)
    assert json.loads(chat_body(replace(chat_request(CAME), stream=True), "m"))["stream"] is True


def test_the_most_tokens_are_named_as_the_upstream_names_them() -> None:
    sent = Sent(Api.MESSAGES, b"{}", (), {})
    for own in ("max_tokens", "max_completion_tokens"):
        translated = replace(asked(**{own: 9}), sent=sent)
        assert json.loads(chat_body(translated, "m"))["max_tokens"] == 9
        told = json.loads(chat_body(translated, "m", "max_completion_tokens"))
        assert told["max_completion_tokens"] == 9
        assert "max_tokens" not in told
        assert json.loads(chat_body(asked(**{own: 9}), "m", "other"))[own] == 9
