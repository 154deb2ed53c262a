"""Answers as responses: whole, streamed, as the upstream sent them, and what is kept of them."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gateway.accounting.exchange import Exchange
from gateway.api.responses.reading import RequestReader
from gateway.api.responses.rendering import ResponseRendering
from gateway.conversations.memory import Conversations
from gateway.errors import ProviderBroken
from gateway.policy.schema import Policy, Responses
from gateway.stored.memory import Memory
from gateway.types import (
    Answer,
    Api,
    Caller,
    Delta,
    Event,
    Label,
    Serving,
    ToolCall,
    ToolCallDelta,
    Usage,
)

APP = Caller("app")
USED = Usage(input=5, cached_input=3, cache_write=2, output=7, reasoning=4)
UPSTREAMS: Any = {
    "id": "resp_up",
    "object": "response",
    "status": "completed",
    "store": True,
    "output": [{"type": "message", "id": "msg_up", "role": "assistant", "content": []}],
    "news": 1.50,
}


def exchange(policy: Policy | None = None, memory: Memory | None = None, **members: Any) -> Exchange:
    made = Exchange("id", 0.0, 0.0, policy or Policy("r", {}, ()), model="small", caller=APP)
    body = json.dumps({"model": "auto", "input": "hello", **members}).encode()
    made.request = RequestReader(Memory() if memory is None else memory)(body, APP)
    return made


def up_to(label: Label) -> Policy:
    return Policy("r", {}, (), responses=Responses(up_to=label))


def told(events: list[bytes]) -> list[Any]:
    named = [event.decode().split("\n") for event in events]
    assert all(name == f"event: {json.loads(data[6:])['type']}" for name, data, *_ in named)
    return [json.loads(data[6:]) for _, data, *_ in named]


def streamed(*deltas: Delta, of: Exchange, store: Memory | None = None) -> list[Any]:
    rendering = ResponseRendering(Memory() if store is None else store, 7)
    events = [event for delta in deltas for event in rendering.delta(delta, of)]
    return told(events + rendering.end(of))


def whole(answer: Answer, of: Exchange, store: Memory | None = None) -> Any:
    return json.loads(ResponseRendering(Memory() if store is None else store, 7).whole(answer, of))


def relayed(kind: str, **of: Any) -> Delta:
    raw = json.dumps({"type": f"response.{kind}", "sequence_number": 9, **of}).encode()
    return Delta(raw=raw, api=Api.RESPONSES, event=f"response.{kind}")


# What is written


def test_a_response_echoes_what_was_asked_for() -> None:
    asked: Any = {
        "instructions": "Be brief.",
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "max_output_tokens": 20,
        "tool_choice": {"type": "function", "name": "f"},
        "tools": [{"type": "function", "name": "f"}],
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
        "reasoning": {"effort": "low"},
        "user": "u",
    }
    response = whole(Answer("Hi", usage=USED), exchange(**asked))
    assert {name: response[name] for name in asked if name not in ("tools", "reasoning")} == {
        name: value for name, value in asked.items() if name not in ("tools", "reasoning")
    }
    assert response["tools"][0] == {
        "type": "function",
        "name": "f",
        "description": None,
        "parameters": None,
        "strict": None,
    }
    assert response["reasoning"] == {"effort": "low", "summary": None}
    assert (response["created_at"], response["model"], response["object"]) == (7, "small", "response")


def test_usage_is_in_sums_with_their_parts() -> None:
    assert whole(Answer("Hi", usage=USED), exchange())["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "output_tokens": 11,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 21,
    }


def test_a_stream_tells_its_cost_since_no_header_can() -> None:
    at = exchange()
    at.cost_usd = Decimal("0.25")
    assert streamed(Delta("Hi", finish="stop", usage=USED), of=at)[-1]["response"]["usage"]["cost"] == 0.25
    assert "cost" not in whole(Answer("Hi", usage=USED), at)["usage"]


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_how_an_answer_ended(finish: str, status: str, reason: str | None) -> None:
    event = streamed(Delta("Hi"), Delta(finish=finish), of=exchange())[-1]
    assert event["type"] == f"response.{status}"
    for response in (event["response"], whole(Answer("Hi", finish=finish), exchange())):
        assert (response["status"], (response["incomplete_details"] or {}).get("reason")) == (status, reason)


def test_a_stream_without_content_is_whole_all_the_same() -> None:
    events = streamed(of=exchange())
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "response.completed",
    ]


def test_a_break_is_an_error_and_a_failed_response_with_what_had_come() -> None:
    rendering, at = ResponseRendering(Memory(), 7), exchange()
    before = rendering.delta(Delta("Hi"), at)
    error, failed = told(rendering.broken(ProviderBroken("it broke"), at))
    assert error["error"]["message"] == error["message"] == "it broke"
    assert failed["response"]["error"] == {"code": "server_error", "message": "it broke"}
    assert failed["response"]["output"][0]["type"] == "message"
    assert failed["sequence_number"] == len(before) + 1


# What is relayed


def test_an_upstreams_events_are_left_as_they_are() -> None:
    deltas = [relayed("created", response=UPSTREAMS), relayed("hologram", x=[1, 2.5])]
    deltas.append(relayed("completed", response=UPSTREAMS))
    rendering, at = ResponseRendering(Memory(), 7), exchange()
    events = [event for delta in deltas for event in rendering.delta(delta, at)]
    assert events == [b"event: %b\ndata: %b\n\n" % (d.event.encode(), d.raw or b"") for d in deltas]
    assert rendering.end(at) == []


def test_an_upstreams_stream_that_breaks_ends_with_an_error() -> None:
    rendering, at = ResponseRendering(Memory(), 7), exchange()
    rendering.delta(relayed("created", response=UPSTREAMS), at)
    (error,) = told(rendering.broken(ProviderBroken("it broke"), at))
    assert (error["type"], error["sequence_number"]) == ("error", 1)


def test_an_upstreams_body_is_left_as_it_is() -> None:
    raw = json.dumps(UPSTREAMS).encode()
    assert ResponseRendering(Memory(), 7).whole(Answer(raw=raw, api=Api.RESPONSES), exchange()) == raw


# What is kept


def test_a_response_is_kept_with_its_turn_label_and_model() -> None:
    store, at = Memory(), exchange(input=[{"role": "user", "content": "hello"}])
    at.note(Serving("small", Label.INTERNAL))
    response = whole(Answer("Hi"), at, store)
    kept = store.response("app", response["id"])
    assert kept is not None
    assert json.loads(kept.body) == response
    assert (kept.upstream, kept.held, kept.label, kept.keep) == ("", False, Label.INTERNAL, 24 * 3600.0)
    (turn,) = kept.turns
    (asked,) = map(json.loads, turn.input)
    assert (asked["type"], asked["content"], asked["id"][:4]) == ("message", "hello", "msg_")
    assert [json.loads(item) for item in turn.output] == response["output"]


def test_a_later_turn_shares_the_earlier_ones() -> None:
    store = Memory()
    first = whole(Answer("Hi"), exchange(), store)
    at = exchange(memory=store, previous_response_id=first["id"], input="more")
    second = store.response("app", whole(Answer("Yes"), at, store)["id"])
    earlier = store.response("app", first["id"])
    assert second is not None
    assert earlier is not None
    assert second.turns[0] is earlier.turns[0]
    assert [json.loads(item)["content"] for item in second.turns[1].input] == ["more"]


def test_a_turn_whose_earlier_ones_were_dropped_meanwhile_is_kept_with_them() -> None:
    store = Memory()
    first = whole(Answer("Hi"), exchange(), store)
    at = exchange(memory=store, previous_response_id=first["id"], input="more")
    store.forget("app", first["id"])
    second = store.response("app", whole(Answer("Yes"), at, store)["id"])
    assert second is not None
    assert [len(turn.items) for turn in second.turns] == [2, 2]


def test_an_id_that_an_upstream_gives_twice_is_that_of_the_first_conversation() -> None:
    store = Memory()
    first = whole(Answer(raw=json.dumps(UPSTREAMS).encode(), api=Api.RESPONSES), exchange(), store)
    again = json.dumps({**UPSTREAMS, "output": []}).encode()
    second = whole(Answer(raw=again, api=Api.RESPONSES), exchange(input="other"), store)
    kept = store.response("app", "resp_up")
    assert kept is not None
    assert (first["store"], second["store"], json.loads(kept.body)) == (True, False, first)
    at = exchange(memory=store, previous_response_id="resp_up", input="more")
    assert whole(Answer(raw=again, api=Api.RESPONSES), at, store)["store"]
    kept = store.response("app", "resp_up")
    assert kept is not None
    assert len(kept.turns) == 2


def test_what_masks_hid_counts_for_the_store_and_not_for_the_next_turns_least_label() -> None:
    """The next turn is masked anew; what masking leaves of it has the label that it left of this one."""
    store, at = Memory(), exchange()
    at.hidden = Label.CONFIDENTIAL
    kept = store.response("app", whole(Answer("Hi"), at, store)["id"])
    assert kept is not None
    assert (kept.label, kept.floor) == (Label.CONFIDENTIAL, Label.PUBLIC)


def test_the_request_is_kept_as_the_caller_made_it() -> None:
    store, at = Memory(), exchange(input="Anna")
    at.unmasked, at.request = at.request, exchange(input="[PERSON_1]").request
    kept = store.response("app", whole(Answer("Hi"), at, store)["id"])
    assert kept is not None
    assert b"Anna" in kept.turns[0].input[0]


@pytest.mark.parametrize("streams", [False, True])
def test_above_the_policys_label_nothing_is_kept_and_the_answer_says_so(streams: bool) -> None:
    store, at = Memory(), exchange(up_to(Label.PUBLIC))
    at.note(Serving("small", Label.INTERNAL))
    if streams:
        responses = [e["response"] for e in streamed(Delta("Hi"), of=at, store=store) if "response" in e]
    else:
        responses = [whole(Answer("Hi"), at, store)]
    assert {response["store"] for response in responses} == {False}
    assert len(store) == 0


def test_an_upstreams_response_is_kept_under_its_own_id() -> None:
    store = Memory()
    streamed(relayed("completed", response=UPSTREAMS), of=exchange(), store=store)
    kept = store.response("app", "resp_up")
    assert kept is not None
    assert kept.held
    assert json.loads(kept.body) == UPSTREAMS
    unheld = json.dumps({**UPSTREAMS, "id": "resp_2", "store": False}).encode()
    ResponseRendering(store, 7).whole(Answer(raw=unheld, api=Api.RESPONSES), exchange())
    kept = store.response("app", "resp_2")
    assert kept is not None
    assert not kept.held


def test_an_upstreams_response_that_may_not_be_kept_says_so_and_nothing_else_of_it_changes() -> None:
    at = exchange(up_to(Label.PUBLIC))
    at.note(Serving("small", Label.INTERNAL))
    store = Memory()
    for event in streamed(relayed("created", response=UPSTREAMS), of=at, store=store):
        assert event["response"] == {**UPSTREAMS, "store": False}
    raw = Answer(raw=json.dumps(UPSTREAMS).encode(), api=Api.RESPONSES)
    assert whole(raw, at, store) == {**UPSTREAMS, "store": False}
    assert len(store) == 0


def test_nothing_is_kept_of_what_the_caller_does_not_want_kept_or_what_broke() -> None:
    store = Memory()
    streamed(Delta("Hi", finish="stop"), of=exchange(store=False), store=store)
    rendering, at = ResponseRendering(store, 7), exchange()
    rendering.delta(Delta("Hi"), at)
    rendering.broken(ProviderBroken("it broke"), at)
    assert len(store) == 0


# What is known again


ANSWERED: list[tuple[list[Event], str]] = [
    ([Answer("Hi.\n")], "whole"),
    ([Answer("Hi.", (ToolCall("c1", "f", '{"x": 1}'),), reasoning="Hm.")], "whole, with a call"),
    (
        [
            Delta(reasoning="Hm", other=True),
            Delta(reasoning=".", other=True),
            Delta("Let me "),
            Delta("look."),
            Delta(tool_calls=(ToolCallDelta(0, "c1", "f", '{"x"'),)),
            Delta(tool_calls=(ToolCallDelta(1, "c2", "g", "{}"), ToolCallDelta(0, arguments=": 1}"))),
            Delta(finish="tool_calls"),
        ],
        "streamed",
    ),
]


@pytest.mark.parametrize(("events", "how"), ANSWERED, ids=[how for _, how in ANSWERED])
def test_what_the_gateway_said_is_known_again_when_it_is_written_out(events: list[Event], how: str) -> None:
    store, conversations, at = Memory(), Conversations(), exchange()
    assert at.request is not None
    thread = conversations.resume(at.request, APP, {})
    for event in (Serving("small"), *events):
        thread.hear(event, "route")
    if isinstance(events[0], Answer):
        id_ = whole(events[0], at, store)["id"]
    else:
        deltas = [event for event in events if isinstance(event, Delta)]
        id_ = streamed(*deltas, of=at, store=store)[-1]["response"]["id"]
    result = {"type": "function_call_output", "call_id": "c1", "output": "ok"}
    again = exchange(memory=store, previous_response_id=id_, input=[result]).request
    assert again is not None
    on = conversations.resume(again, APP, {})
    assert [message.trusted for message in on.trusting(again).messages] == [True, True, False]
    calls = again.messages[1].tool_calls
    assert (on.stays is not None) == bool(calls)
    forged = replace(again.messages[1], text="Something else")
    edited = replace(again, messages=(again.messages[0], forged, again.messages[2]))
    assert not conversations.resume(edited, APP, {}).trusting(edited).messages[1].trusted


@pytest.mark.parametrize(
    "last",
    [
        b'{"type":"response.completed"}',
        b'{"type":"response.completed","response":7}',
        b'{"type":"response.completed","response":{"id":"r","output":[null],"store":false}}',
        b'{"type":"response.completed","response":{"id":"r","output":[{"type":[1]}],"store":false}}',
    ],
)
def test_an_upstreams_end_without_a_response_is_relayed_and_nothing_is_kept(last: bytes) -> None:
    store = Memory()
    for keep in (True, False):
        rendering, of = ResponseRendering(store, 7), exchange(up_to(Label.PUBLIC), store, store=keep)
        relayed = Delta(raw=last, api=Api.RESPONSES, event="response.completed", finish="stop")
        assert told(rendering.delta(relayed, of) + rendering.end(of)) == [json.loads(last)]
    assert len(store) == 0
