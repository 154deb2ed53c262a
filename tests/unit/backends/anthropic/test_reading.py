"""Events and whole messages as deltas and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.anthropic.reading import Reader, answer, counted
from gateway.backends.speech import Announced, NotJson
from gateway.types import Answer, Api, Delta, ToolCall, ToolCallDelta, Usage
from tests.messages_replies import (
    data_of,
    end,
    event,
    message,
    start,
    stream,
    text,
    thinking,
    tool_use,
)


def read(*events: bytes, relays: bool = False) -> list[Delta]:
    reader = Reader(relays)
    return [reader.delta(data) for data in data_of(events)]


def piece(type: str, index: int = 0, **members: Any) -> bytes:
    return event("content_block_delta", index=index, delta={"type": type, **members})


def begun(index: int = 0, **block: Any) -> bytes:
    return event("content_block_start", index=index, content_block=block)


@pytest.mark.parametrize(
    ("said", "delta"),
    [
        (piece("text_delta", text="Hi"), Delta("Hi")),
        (piece("thinking_delta", thinking="Hm"), Delta(reasoning="Hm", other=True)),
        (piece("signature_delta", signature="s"), Delta(signature="s")),
        (begun(type="text", text=""), Delta()),
        (begun(type="text", text="Hi"), Delta("Hi")),
        (begun(type="thinking", thinking="", signature=""), Delta(thinks=True)),
        (
            begun(type="tool_use", id="t1", name="clock", input={}),
            Delta(tool_calls=(ToolCallDelta(0, "t1", "clock"),)),
        ),
        (start(), Delta()),
        (event("ping"), Delta()),
        (event("message_stop"), Delta()),
        (event("content_block_stop", index=0), Delta()),
    ],
)
def test_an_event_says_what_it_says(said: bytes, delta: Delta) -> None:
    [made] = read(said)
    name = json.loads(data_of([said])[0])["type"]
    assert made == Delta(
        delta.text,
        delta.tool_calls,
        other=delta.other,
        reasoning=delta.reasoning,
        signature=delta.signature,
        api=Api.MESSAGES,
        event=name,
        thinks=delta.thinks,
    )
    [relayed] = read(said, relays=True)
    assert (relayed.raw, relayed.event, relayed.has_content) == (data_of([said])[0], name, made.has_content)


@pytest.mark.parametrize(
    "said",
    [
        event("content_block_appended", odd=1),
        begun(type="redacted_thinking", data="AA=="),
        begun(type="server_tool_use", id="s1", name="web_search", input={}),
        piece("citations_delta", citation={"type": "page_location"}),
        piece("input_json_delta", index=7, partial_json="{}"),
        event("content_block_delta", index=0),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": 3}),
    ],
)
def test_what_is_not_known_is_content_for_a_caller_of_the_same_api_alone(said: bytes) -> None:
    [relayed], [other] = read(said, relays=True), read(said)
    assert (relayed.raw, relayed.has_content) == (data_of([said])[0], True)
    assert (other.raw, other.has_content) == (None, False)


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("a_later_reason", "stop"),
    ],
)
def test_why_it_stopped_is_told_in_the_words_of_chat_completions(stop: str, finish: str) -> None:
    assert [delta.finish for delta in read(*end(stop)) if delta.finish] == [finish]
    assert answer(json.dumps(message(stop=stop)).encode(), False).finish == finish


def test_it_is_finished_once_it_has_said_why() -> None:
    reader = Reader(False)
    for data in data_of(stream()[:-2]):
        reader.delta(data)
    assert not reader.finished
    reader.delta(data_of([event("message_delta", delta={"stop_reason": None}, usage={})])[0])
    assert not reader.finished
    reader.delta(data_of(end())[0])
    assert reader.finished
    assert reader.delta(data_of(end())[0]).finish is None


def test_usage_is_the_last_word_on_each_kind() -> None:
    last = end(input_tokens=20, cache_read_input_tokens=0, output_tokens_details={"thinking_tokens": 2})
    told = [delta.usage for delta in read(start(), *last)]
    assert told == [None, Usage(input=20, cache_write=2, output=3, reasoning=2), None]


@pytest.mark.parametrize("odd", [-4, 1e400, 10**30, 0.5])
def test_a_number_of_tokens_can_be_added_up_whatever_is_said(odd: float) -> None:
    said = b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":%b}}'
    usage = Reader(False).delta(said % (b"1e400" if odd == 1e400 else json.dumps(odd).encode())).usage
    assert usage is None or 0 <= usage.output <= 2**53


def test_why_it_refused_is_told_where_it_says_so() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "It could harm."}
    stop = event("message_delta", delta={"stop_reason": "refusal", "stop_details": details}, usage={})
    [delta] = read(stop)
    assert (delta.finish, delta.refusal) == ("content_filter", "It could harm.")
    whole = answer(json.dumps(message(stop="refusal", stop_details=details)).encode(), False)
    assert (whole.finish, whole.refusal) == ("content_filter", "It could harm.")


def test_a_call_that_came_whole_with_its_beginning_is_read() -> None:
    """As servers of other makers send it."""
    deltas = read(
        begun(type="tool_use", id="t1", name="clock", input={"zone": "utc"}),
        event("content_block_stop", index=0),
    )
    assert "".join(part.arguments for delta in deltas for part in delta.tool_calls) == '{"zone": "utc"}'


@pytest.mark.parametrize("relays", [False, True])
def test_a_whole_message_is_read(relays: bool) -> None:
    blocks = thinking("Hm"), text("Good "), text("day"), tool_use("clock", {}), {"type": "later", "x": 1}
    body = json.dumps(message(*blocks, stop="tool_use")).encode()
    assert answer(body, relays) == Answer(
        "Good day",
        (ToolCall("toolu_1", "clock", "{}"),),
        "tool_calls",
        Usage(input=12, cached_input=3, cache_write=2, output=5),
        body if relays else None,
        reasoning="Hm",
        signature="sig",
        api=Api.MESSAGES,
    )


def test_thoughts_in_several_blocks_have_no_one_signature() -> None:
    body = json.dumps(message(thinking("A", "1"), thinking("B", "2"))).encode()
    assert (answer(body, False).reasoning, answer(body, False).signature) == ("AB", "")


@pytest.mark.parametrize("said", [b'{"type":"error"}', b'{"type":"error","error":"Busy"}'])
def test_an_error_without_an_object_is_one(said: bytes) -> None:
    with pytest.raises(Announced):
        Reader(True).delta(said)
    with pytest.raises(Announced):
        answer(said, False)


@pytest.mark.parametrize("said", [b"", b"[DONE", b"[]", b"3", b"{}", b'{"type":null}', b"\xff", b"[" * 5000])
def test_what_is_no_event_is_garbage(said: bytes) -> None:
    with pytest.raises(NotJson):
        Reader(True).delta(said)


@pytest.mark.parametrize("said", [b"", b"{}", b'{"input_tokens":"3"}', b"\xff"])
def test_what_is_no_count_is_garbage(said: bytes) -> None:
    with pytest.raises(NotJson):
        counted(said)


_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_kinds = st.sampled_from(
    ("message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta")
)
_part = st.dictionaries(
    st.sampled_from(("type", "text", "thinking", "partial_json", "stop_reason", "id", "name", "input")),
    _value | st.sampled_from(("tool_use", "text_delta", "input_json_delta", "end_turn")),
)
_events = st.fixed_dictionaries(
    {"type": _kinds | st.text(max_size=4)},
    optional={
        "index": st.integers(0, 3),
        "delta": _part,
        "content_block": _part,
        "message": _value | st.fixed_dictionaries({"usage": _value}),
        "usage": _value,
    },
)


@given(st.lists(_events, max_size=8), st.booleans())
def test_no_event_breaks_the_reader_and_none_is_lost_on_its_way(events: list[Any], relays: bool) -> None:
    reader = Reader(relays)
    for each in events:
        data = json.dumps(each).encode()
        try:
            delta = reader.delta(data)
        except (NotJson, Announced):
            continue
        assert delta.raw == (data if relays else None)


@given(st.binary(max_size=60) | st.text('{}[]":,type error', max_size=60).map(str.encode))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for each in (Reader(True).delta, lambda body: answer(body, True), counted):
        try:
            each(data)
        except (NotJson, Announced):
            continue
