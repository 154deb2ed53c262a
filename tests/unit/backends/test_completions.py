"""What is read of OpenAI's chat JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.backends.completions import Reader, answer
from gateway.backends.speech import Announced, NotJson
from gateway.types import Delta, ToolCallDelta, Usage


def delta(choices: Any, **more: Any) -> Delta:
    return Reader().delta(json.dumps({"choices": choices, **more}).encode())


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning", "refusal"])
def test_what_is_neither_text_nor_a_tool_call_still_counts_as_content(member: str) -> None:
    assert delta([{"delta": {member: "hm"}}]).has_content
    assert not delta([{"delta": {member: None, "content": "", "role": "assistant"}}]).has_content


def test_audio_counts_as_content() -> None:
    assert delta([{"delta": {"audio": {"id": "a", "data": "x"}}}]).other
    assert not delta([{"delta": {"audio": None}}]).other


def test_the_usage_chunk_has_no_choices() -> None:
    seen = delta([], usage={"prompt_tokens": 3, "completion_tokens": 2})
    assert seen.usage == Usage(input=3, output=2)
    assert not seen.has_content


def test_text_in_parts_is_read() -> None:
    assert delta([{"delta": {"content": [{"type": "text", "text": "a"}, {"type": "x"}]}}]).text == "a"


def test_a_tool_call_of_another_shape_loses_itself_and_nothing_else() -> None:
    seen = delta(
        [{"delta": {"content": "a", "tool_calls": [{"index": "?", "function": 3}]}, "finish_reason": "stop"}]
    )
    assert (seen.text, seen.tool_calls, seen.finish) == ("a", (), "stop")


def test_a_tool_call_without_an_index_has_its_place() -> None:
    seen = delta([{"delta": {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]}}])
    assert seen.tool_calls == (ToolCallDelta(0, "c", "f", "{}"),)


def test_an_error_is_announced_also_as_a_text() -> None:
    for error in ({"message": "no"}, "no"):
        with pytest.raises(Announced) as caught:
            Reader().delta(json.dumps({"error": error}).encode())
        assert caught.value.error["message"] == "no"


def test_a_null_error_is_none() -> None:
    assert delta([{"delta": {"content": "a"}}], error=None).text == "a"


@pytest.mark.parametrize("data", [b"{", b"", b"[]", b"null", b"\xff", b'"text"', b"[" * 100_000])
def test_what_is_not_a_completion_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(NotJson):
        Reader().delta(data)
    with pytest.raises(NotJson):
        answer(data)


def test_an_answer_without_choices_is_none() -> None:
    with pytest.raises(NotJson):
        answer(b'{"id": "x", "choices": []}')


def test_the_first_choice_is_the_answer() -> None:
    choices = [{"index": i, "message": {"content": f"c{i}"}, "finish_reason": "stop"} for i in (1, 0)]
    assert answer(json.dumps({"choices": choices}).encode()).text == "c0"


def test_counts_that_do_not_add_up_never_go_below_zero() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 9}}
    seen = answer(json.dumps({"choices": [{"message": {"content": ""}}], "usage": usage}).encode())
    assert seen.usage == Usage(input=1, output=0, reasoning=9)


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ('{"prompt_tokens":-5}', (0, 0, 0)),
        ('{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":-5}}', (5, 0, 0)),
        ('{"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":-5}}', (0, 0, 5)),
        (f'{{"prompt_tokens":1{"0" * 400}}}', (2**53, 0, 0)),
        ('{"prompt_tokens":1e300,"completion_tokens":2.5}', (2**53, 0, 2)),
        ('{"prompt_tokens":7,"completion_tokens":"many","prompt_tokens_details":[]}', (7, 0, 0)),
    ],
)
def test_counts_that_no_server_can_mean_are_brought_into_bounds(
    usage: str, counts: tuple[int, int, int]
) -> None:
    read = answer(b'{"choices":[{"message":{"content":"a"}}],"usage":%s}' % usage.encode()).usage
    assert read is not None
    assert (read.input, read.cached_input, read.output) == counts


@pytest.mark.parametrize("usage", [b"5", b'"x"', b"[]", b"true", b"null"])
def test_usage_of_another_shape_is_none(usage: bytes) -> None:
    assert answer(b'{"choices":[{"message":{"content":"a"}}],"usage":%s}' % usage).usage is None
