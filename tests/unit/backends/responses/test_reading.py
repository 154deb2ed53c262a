"""What an upstream's responses say, event by event and whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.backends.responses.reading import Reader, answer
from gateway.backends.speech import Announced, NotJson
from gateway.types import Api, Delta, ToolCall, ToolCallDelta, Usage
from tests import responses_replies as replies
from tests.replies import Call, Recorded

ASKED = Recorded("POST", "/v1/responses", {}, b'{"model":"m"}', 1)
STREAMED = Recorded("POST", "/v1/responses", {}, b'{"model":"m","stream":true}', 1)
USED = Usage(input=15, cached_input=5, output=5, reasoning=4)


def event(kind: str, **members: Any) -> bytes:
    return json.dumps({"type": kind, **members}).encode()


def read(*events: bytes) -> list[Delta]:
    reader = Reader()
    return [reader.delta(data) for data in events]


def streamed(*output: Any, **more: Any) -> list[Delta]:
    reply = replies.answered(STREAMED, *output, **more)
    assert reply.events is not None
    return read(*(data.split(b"\ndata: ")[1].strip() for data in reply.events))


def calls(deltas: list[Delta]) -> list[ToolCallDelta]:
    return [fragment for delta in deltas for fragment in delta.tool_calls]


def test_a_streams_events_say_what_the_pivot_says_beside_themselves() -> None:
    deltas = streamed(replies.reasoning("Hm."), replies.message("Hello"), replies.call(Call("f", {"x": 1})))
    assert "".join(delta.reasoning for delta in deltas) == "Hm."
    assert "".join(delta.text for delta in deltas) == "Hello"
    fragments = calls(deltas)
    assert fragments[0] == ToolCallDelta(0, "call_1", "f")
    assert "".join(fragment.arguments for fragment in fragments) == '{"x": 1}'
    assert (deltas[-1].finish, deltas[-1].usage) == ("tool_calls", USED)
    assert all(delta.api is Api.RESPONSES for delta in deltas)
    assert [delta.event for delta in deltas[:2]] == ["response.created", "response.in_progress"]
    assert json.loads(deltas[0].raw or b"")["type"] == deltas[0].event


def test_events_before_the_first_content_have_none() -> None:
    deltas = streamed(replies.message("Hello"))
    assert [delta.has_content for delta in deltas[:5]] == [False, False, False, False, True]


def test_what_a_provider_runs_itself_is_content() -> None:
    (added, done) = (
        event(f"response.output_item.{how}", output_index=0, item={"type": "web_search_call", "id": "w"})
        for how in ("added", "done")
    )
    assert all(delta.has_content for delta in read(added, done, event("response.web_search_call.searching")))


def test_it_is_finished_with_its_last_event() -> None:
    reader = Reader()
    reader.delta(event("response.output_text.delta", delta="x"))
    assert not reader.finished
    reader.delta(event("response.completed", response={"output": []}))
    assert reader.finished


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("max_output_tokens", "length"),
        ("content_filter", "content_filter"),
        ("new", "length"),
        (None, "length"),
    ],
)
def test_an_incomplete_response(reason: str | None, finish: str) -> None:
    more: Any = {"status": "incomplete", "incomplete_details": {"reason": reason} if reason else None}
    assert streamed(replies.message("x"), **more)[-1].finish == finish
    body = json.dumps(replies.body(ASKED, [replies.message("x")], **more)).encode()
    assert answer(body).finish == finish


def test_calls_are_counted_by_their_place() -> None:
    first, second = replies.call(Call("f", {"x": 1}, "a")), replies.call(Call("g", {}, "b"))
    fragments = calls(streamed(replies.message("x"), first, second))
    assert {(f.index, f.id, f.name) for f in fragments if f.id} == {(0, "a", "f"), (1, "b", "g")}


def test_what_comes_whole_alone_is_taken_from_there_once() -> None:
    place = {"output_index": 0, "content_index": 0}
    item = replies.call(Call("f", {"x": 1}, "a"))
    deltas = read(
        event("response.output_text.done", **place, text="Hello"),
        event("response.output_text.done", **place, text="Hello"),
        event("response.output_item.done", output_index=1, item=item),
        event("response.function_call_arguments.done", output_index=1, arguments='{"x": 1}'),
    )
    assert [delta.text for delta in deltas] == ["Hello", "", "", ""]
    assert calls(deltas) == [ToolCallDelta(0, "a", "f", '{"x": 1}')]


@pytest.mark.parametrize(
    "data",
    [
        event("error", code="rate_limit_exceeded", message="later", param=None),
        event("error", error={"type": "x", "code": "rate_limit_exceeded", "message": "later"}),
        b'{"error": {"code": "rate_limit_exceeded", "message": "later"}}',
        event("response.failed", response={"error": {"code": "rate_limit_exceeded", "message": "later"}}),
    ],
)
def test_a_failure_is_announced(data: bytes) -> None:
    with pytest.raises(Announced) as told:
        read(data)
    assert told.value.error["code"] == "rate_limit_exceeded"
    assert told.value.error["message"] == "later"


@pytest.mark.parametrize("data", [b"oops", b"[]", b"{}", b'{"type": 7}', b"\xff"])
def test_what_is_no_event_is_told(data: bytes) -> None:
    with pytest.raises(NotJson):
        read(data)


def test_members_of_other_types_are_passed_over() -> None:
    (delta,) = read(event("response.news", delta={"x": 1}, text=[], item="x"))
    assert (delta.text, delta.event, delta.other) == ("", "response.news", True)
    (ended,) = read(event("response.completed", response="x"))
    assert ended.finish == "stop"


def test_a_whole_response() -> None:
    output = [replies.reasoning("Hm."), replies.message("Hel"), replies.message("lo", "msg_2")]
    body = json.dumps(replies.body(ASKED, [*output, replies.call(Call("f", {}, "a"))])).encode()
    said = answer(body)
    assert (said.text, said.reasoning, said.finish) == ("Hello", "Hm.", "tool_calls")
    assert said.tool_calls == (ToolCall("a", "f", "{}"),)
    assert (said.usage, said.raw, said.api) == (USED, body, Api.RESPONSES)
    refused = answer(json.dumps(replies.body(ASKED, [replies.refusal("No.")])).encode())
    assert (refused.text, refused.refusal, refused.finish) == ("", "No.", "stop")


@pytest.mark.parametrize("body", [b"oops", b"[]", b"{}", b'{"choices": []}', b'{"output": 7}'])
def test_what_is_no_response_is_told(body: bytes) -> None:
    with pytest.raises(NotJson):
        answer(body)


def test_a_failed_response_is_announced() -> None:
    error = {"code": "server_error", "message": "no"}
    with pytest.raises(Announced) as told:
        answer(json.dumps(replies.body(ASKED, [], status="failed", error=error)).encode())
    assert told.value.error["message"] == "no"
