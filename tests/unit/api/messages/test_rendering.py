"""Answers as Messages: whole, streamed, and as the upstream sent them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.accounting.exchange import Exchange
from gateway.api.messages.rendering import CountRendering, MessagesRendering, usage_body
from gateway.errors import ProviderBroken
from gateway.policy.schema import Policy
from gateway.types import (
    Answer,
    Api,
    ChatRequest,
    Delta,
    Freshness,
    Guess,
    Label,
    Signals,
    Task,
    ToolCall,
    ToolCallDelta,
    Tried,
    Usage,
)

USED = Usage(input=5, cached_input=3, cache_write=2, output=7, reasoning=4, audio_input=1, audio_output=1)
POLICY = Policy("r", {}, ())


def exchange(**fields: bytes) -> Exchange:
    made = Exchange("id", 0.0, 0.0, POLICY, model="small")
    made.request = ChatRequest("auto", (), fields)
    return made


def whole(answer: Answer, **fields: bytes) -> dict[str, Any]:
    return dict(json.loads(MessagesRendering("req", 0).whole(answer, exchange(**fields))))


def streamed(*deltas: Delta, of: Exchange | None = None) -> list[dict[str, Any]]:
    rendering, at = MessagesRendering("req", 0), of or exchange()
    events = [event for delta in deltas for event in rendering.delta(delta, at)] + rendering.end(at)
    named = [event.decode().split("\n") for event in events]
    assert all(name == f"event: {json.loads(data[6:])['type']}" for name, data, *_ in named)
    return [json.loads(data[6:]) for _, data, *_ in named]


def test_a_whole_answer() -> None:
    answer = Answer("Hi", reasoning="Hm", signature="seal", finish="length", usage=USED)
    assert whole(answer) == {
        "id": "msg_req",
        "type": "message",
        "role": "assistant",
        "model": "small",
        "content": [
            {"type": "thinking", "thinking": "Hm", "signature": "seal"},
            {"type": "text", "text": "Hi", "citations": []},
        ],
        "stop_reason": "max_tokens",
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": {**usage_body(USED), "cache_creation": None, "inference_geo": None, "service_tier": None},
    }


def test_kinds_of_input_are_disjoint_and_of_output_are_not() -> None:
    assert usage_body(USED) == {
        "input_tokens": 6,
        "cache_creation_input_tokens": 2,
        "cache_read_input_tokens": 3,
        "output_tokens": 12,
        "output_tokens_details": {"thinking_tokens": 4},
        "server_tool_use": None,
    }


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("content_filter", "refusal"),
        ("anything", "end_turn"),
    ],
)
def test_why_it_ended(finish: str, reason: str) -> None:
    assert whole(Answer("Hi", finish=finish))["stop_reason"] == reason
    assert streamed(Delta("Hi"), Delta(finish=finish))[-2]["delta"]["stop_reason"] == reason


def test_a_call_means_tool_use_whatever_a_server_calls_it() -> None:
    answer = whole(Answer(tool_calls=(ToolCall("a", "look", '{"q": 1}'),), finish="stop"))
    assert answer["stop_reason"] == "tool_use"
    assert answer["content"] == [
        {"type": "tool_use", "id": "a", "name": "look", "input": {"q": 1}, "caller": {"type": "direct"}}
    ]
    call = ToolCallDelta(0, "a", "look", "{}")
    assert streamed(Delta(tool_calls=(call,)), Delta(finish="stop"))[-2]["delta"]["stop_reason"] == "tool_use"


@pytest.mark.parametrize("arguments", ['{"q": "Par', "[1]", "no JSON"])
def test_arguments_that_are_no_object_are_not_lost(arguments: str) -> None:
    (block,) = whole(Answer(tool_calls=(ToolCall("a", "look", arguments),), finish="length"))["content"]
    assert block["input"] == {"unparsed": arguments}


def test_a_refusal_is_text_and_the_reason() -> None:
    answer = whole(Answer(refusal="No."))
    (block,) = answer["content"]
    assert (block["type"], block["text"], answer["stop_reason"]) == ("text", "No.", "refusal")
    events = streamed(Delta(refusal="No."), Delta(finish="stop"))
    assert events[3]["delta"] == {"type": "text_delta", "text": "No."}
    assert events[-2]["delta"]["stop_reason"] == "refusal"


@pytest.mark.parametrize("name", ["stop_reason", "matched_stop"])
def test_the_stop_sequence_that_an_upstream_names_is_kept(name: str) -> None:
    raw = json.dumps({"choices": [{name: "END"}]}).encode()
    answer = whole(Answer("Hi", raw=raw), stop=b'["END"]')
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", "END")


@pytest.mark.parametrize(
    "raw", [b'{"choices": [{"stop_reason": 128009}]}', b'{"choices": []}', b"{}", b"\xff"]
)
def test_what_is_no_stop_sequence_of_the_callers_is_none(raw: bytes) -> None:
    assert whole(Answer("Hi", raw=raw), stop=b'["END"]')["stop_sequence"] is None


def test_a_stream_begins_ends_and_tells_its_usage_at_the_end() -> None:
    events = streamed(Delta(text="Hi"), Delta(finish="stop"), Delta(usage=USED))
    assert [event["type"] for event in events] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[0]["message"]["usage"]["input_tokens"] == 0
    assert events[-2]["usage"] == usage_body(USED)


def test_usage_that_no_upstream_told_is_what_is_accounted() -> None:
    at = exchange()
    at.note(Tried("small", "ok", Usage(input=9, output=3, estimated=True), 0.1))
    assert streamed(Delta("Hi"), of=at)[-2]["usage"]["input_tokens"] == 9


def test_a_stream_without_content_is_whole_still() -> None:
    kinds = [event["type"] for event in streamed(Delta(finish="stop"))]
    assert kinds == ["message_start", "ping", "message_delta", "message_stop"]


def test_an_upstreams_own_events_are_relayed_as_they_came() -> None:
    rendering, at = MessagesRendering("req", 0), exchange()
    raw = b'{"type": "message_start",  "message": {}}'
    assert rendering.delta(Delta(raw=raw, api=Api.MESSAGES, event="message_start"), at) == [
        b"event: message_start\ndata: " + raw + b"\n\n"
    ]
    assert MessagesRendering("req", 0).whole(Answer("Hi", raw=b"{ }", api=Api.MESSAGES), at) == b"{ }"


def test_an_upstreams_own_events_are_told_anew_in_a_stream_that_has_begun() -> None:
    """They begin and end themselves, and a message begins and ends once."""
    own = [
        Delta(raw=b"{}", api=Api.MESSAGES, event="message_start"),
        Delta("lo", raw=b"{}", api=Api.MESSAGES),
    ]
    events = streamed(Delta("Hel"), *own, Delta(raw=b"{}", api=Api.MESSAGES, event="message_stop"))
    texts = [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"]
    kinds = [event["type"] for event in events]
    assert texts == ["Hel", "lo"]
    assert (kinds.count("message_start"), kinds.count("message_stop"), kinds[-1]) == (1, 1, "message_stop")


def test_an_upstreams_stream_that_broke_off_after_all_was_said_is_ended() -> None:
    rendering, at = MessagesRendering("req", 0), exchange()
    rendering.delta(Delta(raw=b"{}", api=Api.MESSAGES, event="message_delta", finish="stop"), at)
    assert rendering.end(at) == [b'event: message_stop\ndata: {"type":"message_stop"}\n\n']
    rendering.delta(Delta(raw=b"{}", api=Api.MESSAGES, event="message_stop"), at)
    assert rendering.end(at) == []


def test_a_chunk_of_chat_completions_is_not_relayed() -> None:
    event = MessagesRendering("req", 0).delta(Delta("Hi", raw=b'{"choices": []}'), exchange())
    assert not any(b"choices" in each for each in event)


def test_a_broken_stream_ends_with_the_error() -> None:
    (event,) = MessagesRendering("req", 0).broken(ProviderBroken("It broke."), exchange())
    name, data = event.decode().strip().split("\n")
    assert name == "event: error"
    assert json.loads(data[6:])["error"]["message"] == "It broke."


def test_a_count_is_the_upstreams_or_an_estimate() -> None:
    at, rendering = exchange(), CountRendering("req", 0)
    own = Answer(raw=b'{"input_tokens": 7}', api=Api.COUNT)
    assert rendering.whole(own, at) == b'{"input_tokens": 7}'
    at.signals = Signals(
        Guess(Task.CODING, 1.0, False, {}),
        Guess(Freshness.STATIC, 1.0, False, {}),
        Guess(Label.PUBLIC, 1.0, False, {}),
        (),
        "en",
        42,
        False,
        frozenset(),
    )
    assert json.loads(rendering.whole(Answer(api=Api.COUNT), at)) == {"input_tokens": 42, "estimated": True}
