"""Values come back in the reply, whatever shape it has."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.errors import ProviderBroken
from gateway.masks import Mask
from gateway.strategies.mask import Unmasking
from gateway.types import Answer, Api, Delta, Event, Finding, Label, ToolCall, ToolCallDelta, Tried, Usage

VALUE = 'a"b@c.org'


def mask() -> Mask:
    made = Mask(["email"], Label.PUBLIC)
    made.learn(VALUE, [Finding("email", "contact", Label.CONFIDENTIAL, 0, 0, len(VALUE), 1.0)])
    return made


def through(*events: Event, as_json: bool = False) -> list[Event]:
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        seen.append(event)

    async def run() -> None:
        unmasking = Unmasking(mask(), as_json, emit)
        for event in events:
            await unmasking.emit(event)
        await unmasking.finish()

    asyncio.run(run())
    return seen


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> Delta:
    body = {"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}
    return Delta(text=delta.get("content") or "", finish=finish, raw=json.dumps(body).encode())


def deltas(events: list[Event], index: int = 0) -> list[dict[str, Any]]:
    raws = [json.loads(event.raw) for event in events if isinstance(event, Delta) and event.raw]
    return [c["delta"] for raw in raws for c in raw["choices"] if c["index"] == index]


def test_an_answer_of_the_gateways_own() -> None:
    call = ToolCall("1", "send", '{"to": "[EMAIL_1]"}')
    (answer,) = through(Answer("Dear [EMAIL_1]", (call,)))
    assert isinstance(answer, Answer)
    assert answer.text == f"Dear {VALUE}"
    assert json.loads(answer.tool_calls[0].arguments) == {"to": VALUE}


def test_an_upstreams_body_keeps_the_rest() -> None:
    message = {"role": "assistant", "content": "Dear [EMAIL_1]", "reasoning_content": "[EMAIL_1]?"}
    body = {"id": "[EMAIL_1]", "choices": [{"index": 0, "message": message}], "usage": {"x": 1}}
    (answer,) = through(Answer("Dear [EMAIL_1]", raw=json.dumps(body).encode()))
    assert isinstance(answer, Answer)
    assert answer.raw is not None
    told = json.loads(answer.raw)
    assert told["choices"][0]["message"]["content"] == f"Dear {VALUE}"
    assert told["choices"][0]["message"]["reasoning_content"] == f"{VALUE}?"
    assert (told["id"], told["usage"]) == ("[EMAIL_1]", {"x": 1})


def test_an_answer_that_is_json_stays_json() -> None:
    (answer,) = through(Answer('{"to": "[EMAIL_1]"}'), as_json=True)
    assert isinstance(answer, Answer)
    assert json.loads(answer.text) == {"to": VALUE}


def test_a_stream_of_the_gateways_own() -> None:
    seen = through(
        Delta("Dear [EM"),
        Delta("AIL_1], [EMA"),
        Delta(tool_calls=(ToolCallDelta(0, "1", "send", '{"to": "[EMAIL'),)),
        Delta(tool_calls=(ToolCallDelta(0, arguments='_1]", "cc": "['),)),
        Delta(finish="stop"),
        Delta(usage=Usage(1)),
    )
    said = [event for event in seen if isinstance(event, Delta)]
    assert "".join(delta.text for delta in said) == f"Dear {VALUE}, [EMA"
    arguments = "".join(call.arguments for delta in said for call in delta.tool_calls)
    assert arguments == json.dumps({"to": VALUE})[:-1] + ', "cc": "['
    assert said[-2].text == "[EMA"
    assert said[-1].usage == Usage(1)


def test_an_upstreams_chunks_each_choice_and_member_by_itself() -> None:
    seen = through(
        chunk({"role": "assistant", "content": "A [EMAIL"}),
        chunk({"content": "B [EMA"}, index=1),
        chunk({"reasoning_content": "R [EMAIL_1"}),
        chunk({"content": "_1]!"}),
        chunk({"content": "IL_1]? ["}, index=1),
        chunk({"reasoning_content": "]"}),
        chunk({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": '"[EMAIL_1'}}]}),
        chunk({}, "stop", index=1),
        chunk({}, "stop"),
    )
    first, second = deltas(seen), deltas(seen, 1)
    assert "".join(d.get("content") or "" for d in first) == f"A {VALUE}!"
    assert "".join(d.get("reasoning_content") or "" for d in first) == f"R {VALUE}"
    assert "".join(d.get("content") or "" for d in second) == f"B {VALUE}? ["
    said = [event for event in seen if isinstance(event, Delta)]
    assert "".join(delta.text for delta in said) == f"A {VALUE}!"
    assert [call.arguments for delta in said for call in delta.tool_calls] == ['"', "[EMAIL_1"]
    assert first[0]["role"] == "assistant"
    assert first[-1] == {"tool_calls": [{"index": 0, "function": {"arguments": "[EMAIL_1"}}]}


def test_every_choice_of_a_text_completion_says_the_values() -> None:
    said = [{"index": i, "text": f"[EMAIL_1] {i}", "finish_reason": "stop"} for i in (0, 1)]
    raw = json.dumps({"object": "text_completion", "choices": said}).encode()
    (whole,) = through(Answer("[EMAIL_1] 0", raw=raw, api=Api.COMPLETIONS))
    assert isinstance(whole, Answer)
    assert [one["text"] for one in json.loads(whole.raw or b"")["choices"]] == [f"{VALUE} 0", f"{VALUE} 1"]
    first, second = through(
        *(
            Delta(part, finish=end, raw=json.dumps(body).encode(), api=Api.COMPLETIONS)
            for part, end in (("Is it [EMA", None), ("IL_1]", "stop"))
            for body in [{"choices": [{"index": 0, "text": part, "finish_reason": end}]}]
        )
    )
    assert isinstance(first, Delta)
    assert isinstance(second, Delta)
    assert [first.text, second.text] == ["Is it ", VALUE]
    assert json.loads(second.raw or b"")["choices"][0]["text"] == VALUE
    assert second.api is Api.COMPLETIONS


def test_what_is_held_back_leaves_where_a_stream_has_no_finish() -> None:
    seen = through(Delta("so [EM"))
    assert [event.text for event in seen if isinstance(event, Delta)] == ["so ", "[EM"]


def test_notes_pass_as_they_are() -> None:
    tried = Tried("m", "ok", Usage(), 0.1)
    assert through(tried) == [tried]


def test_what_is_read_of_a_chunk_is_what_its_bytes_say() -> None:
    function = {"name": "send", "arguments": '{"to": "[EMAIL_1]"}'}
    said = {"content": "Dear [EMAIL", "tool_calls": [{"index": 0, "id": "c1", "function": function}]}
    first, last = (e for e in through(chunk(said), chunk({"content": "_1]"}, "stop")) if isinstance(e, Delta))
    assert first.text + last.text == f"Dear {VALUE}"
    (call,) = first.tool_calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("c1", "send", {"to": VALUE})


def test_a_chunk_whose_text_is_in_parts_is_passed_on() -> None:
    parts = [{"type": "text", "text": "Dear [EMAIL_1]"}]
    body = {"choices": [{"index": 0, "delta": {"content": parts}}]}
    (delta,) = (
        e for e in through(Delta("Dear [EMAIL_1]", raw=json.dumps(body).encode())) if isinstance(e, Delta)
    )
    assert json.loads(delta.raw or b"")["choices"][0]["delta"]["content"][0]["text"] == f"Dear {VALUE}"


def test_whatever_an_upstream_streams_comes_back_and_odd_shapes_pass() -> None:
    function = {"name": "send", "arguments": '"[EMAI'}
    seen = through(
        chunk({"content": [{"type": "text", "text": "Dear [EMA"}], "function_call": function}),
        chunk({"content": [{"type": "text", "text": "IL_1]!"}], "function_call": {"arguments": 'L_1]"'}}),
        chunk({"reasoning_details": [{"index": 3, "text": "so [EMAIL_1]"}], "tool_calls": [None, "x"]}),
        chunk({"audio": {"transcript": "to [EMAIL_1"}}),
        chunk({}, "stop"),
    )
    said = deltas(seen)
    assert "".join(d["content"][0]["text"] for d in said if "content" in d) == f"Dear {VALUE}!"
    assert json.loads("".join(d["function_call"]["arguments"] for d in said if "function_call" in d)) == VALUE
    assert said[2]["reasoning_details"][0]["text"] == f"so {VALUE}"
    assert said[-1] == {"audio": {"transcript": "[EMAIL_1"}}


def test_chunks_of_odd_shapes_pass_as_they_are() -> None:
    body: dict[str, Any]
    for body in (
        {"choices": [None, 3]},
        {"choices": {}},
        {"choices": [{"index": [], "delta": {"tool_calls": {}}}]},
    ):
        raw = json.dumps(body).encode()
        (delta,) = through(Delta(raw=raw))
        assert isinstance(delta, Delta)
        assert json.loads(delta.raw or b"") == body


def test_a_chunk_that_speaks_in_a_message_or_a_text_says_the_values_too() -> None:
    body = {
        "choices": [
            {"index": 0, "message": {"content": "[EMAIL_1]"}, "text": "[EMAIL_1]", "finish_reason": None}
        ]
    }
    (delta,) = through(Delta(raw=json.dumps(body).encode()))
    assert isinstance(delta, Delta)
    choice = json.loads(delta.raw or b"")["choices"][0]
    assert (choice["message"]["content"], choice["text"]) == (VALUE, VALUE)


def test_a_turn_that_the_gateway_ends_itself_passes_though_an_upstream_was_cut_in_its_reasoning() -> None:
    seen = through(chunk({"reasoning_content": "so ["}), Delta("Done.", finish="length"))
    assert [event.text for event in seen if isinstance(event, Delta)] == ["", "Done."]


@pytest.mark.parametrize(
    ("api", "said"),
    [
        (Api.MESSAGES, {"id": "msg", "content": [{"type": "text", "text": "[EMAIL_1]"}], "stop_reason": "x"}),
        (Api.RESPONSES, {"id": "r", "output": [{"type": "message", "content": [{"text": "[EMAIL_1]"}]}]}),
        (Api.COUNT, {"input_tokens": 3}),
    ],
)
def test_an_upstreams_body_in_another_api_keeps_its_shape(api: Api, said: dict[str, Any]) -> None:
    (answer,) = through(Answer("[EMAIL_1]", raw=json.dumps(said).encode(), api=api))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.api) == (VALUE, api)
    assert json.loads(answer.raw or b"") == json.loads(json.dumps(said).replace("[EMAIL_1]", 'a\\"b@c.org'))


@pytest.mark.parametrize(
    ("api", "kind", "event"),
    [
        (
            Api.MESSAGES,
            "content_block_delta",
            {"index": 0, "delta": {"type": "text_delta", "text": "so [EM"}},
        ),
        (Api.RESPONSES, "response.output_text.delta", {"output_index": 0, "delta": "so [EM"}),
    ],
)
def test_an_upstreams_events_in_another_api_keep_their_shape(
    api: Api, kind: str, event: dict[str, Any]
) -> None:
    raw = json.dumps({"type": kind, **event}).encode()
    first, rest = through(Delta("so [EM", raw=raw, api=api, event=kind))
    for delta, said in ((first, "so "), (rest, "[EM")):
        assert isinstance(delta, Delta)
        assert (delta.text, delta.api, delta.event) == (said, api, kind)
        told = json.loads(delta.raw or b"")
        assert told == json.loads(raw.replace(b"so [EM", said.encode()))


@pytest.mark.parametrize("api", [Api.MESSAGES, Api.RESPONSES])
def test_what_cannot_be_read_does_not_leave(api: Api) -> None:
    for event in (Answer(raw=b'{"x": [', api=api), Delta(raw=b'{"x": [', api=api)):
        with pytest.raises(ProviderBroken, match="cannot be read"):
            through(event)
