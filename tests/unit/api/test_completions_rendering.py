"""Answers written as text completions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from gateway.accounting.exchange import Exchange
from gateway.api.completions_rendering import CompletionsRendering
from gateway.errors import ProviderBroken
from gateway.policy.schema import Policy
from gateway.types import Answer, Api, ChatRequest, Delta, Usage


def exchange(usage: bool = False) -> Exchange:
    made = Exchange("id", 0.0, 0.0, Policy("r", {}, ()), model="small")
    made.request = ChatRequest("auto", (), {}, stream=True, include_usage=usage)
    return made


def bodies(events: list[bytes]) -> list[dict[str, Any]]:
    assert all(event.startswith(b"data: {") and event.endswith(b"\n\n") for event in events)
    return [json.loads(event[6:]) for event in events]


def chunk(*choices: dict[str, Any]) -> bytes:
    return json.dumps({"object": "chat.completion.chunk", "choices": choices}).encode()


def test_an_upstreams_own_event_goes_on_as_it_came() -> None:
    rendering, raw = CompletionsRendering("1", 5), b'{"choices": [{"text":"a"}], "x": 1.50}'
    assert rendering.delta(Delta("a", raw=raw, api=Api.COMPLETIONS), exchange()) == [
        b"data: " + raw + b"\n\n"
    ]
    assert rendering.end(exchange()) == [b"data: [DONE]\n\n"]


def test_usage_of_its_own_is_shown_at_the_end_to_whoever_asked() -> None:
    event = Delta(usage=Usage(1, output=2), raw=b'{"choices":[],"usage":{"x":1}}', api=Api.COMPLETIONS)
    silent = CompletionsRendering("1", 5)
    assert silent.delta(event, exchange()) == []
    assert silent.end(exchange()) == [b"data: [DONE]\n\n"]
    asked, paid = CompletionsRendering("1", 5), exchange(usage=True)
    assert asked.delta(event, paid) == []
    paid.cost_usd = Decimal("0.5")
    first, last = asked.end(paid)
    assert json.loads(first[6:]) == {"choices": [], "usage": {"x": 1, "cost": 0.5}}
    assert last == b"data: [DONE]\n\n"


def test_what_chat_says_is_written_choice_by_choice_and_a_role_is_nothing() -> None:
    rendering = CompletionsRendering("1", 5)
    role = Delta(raw=chunk({"index": 0, "delta": {"role": "assistant", "content": ""}}))
    assert rendering.delta(role, exchange()) == []
    raw = chunk(
        {"index": 1, "delta": {"content": "b"}, "finish_reason": "length"},
        {"index": 0, "delta": {"refusal": "no"}, "finish_reason": "tool_calls"},
    )
    (body,) = bodies(rendering.delta(Delta("ignored", raw=raw), exchange()))
    assert body == {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 5,
        "model": "small",
        "choices": [
            {"text": "b", "index": 1, "logprobs": None, "finish_reason": "length"},
            {"text": "no", "index": 0, "logprobs": None, "finish_reason": "stop"},
        ],
    }


@pytest.mark.parametrize("raw", [None, b'{"choices": 3}', b'{"choices": [{"delta": {"content": ["a"]}}]}'])
def test_what_has_no_json_that_can_be_read_is_written_from_what_it_says(raw: bytes | None) -> None:
    (body,) = bodies(CompletionsRendering("1", 5).delta(Delta("hi", finish="stop", raw=raw), exchange()))
    assert body["choices"] == [{"text": "hi", "index": 0, "logprobs": None, "finish_reason": "stop"}]


def test_usage_of_another_api_is_a_chunk_without_choices_and_other_chunks_say_null() -> None:
    rendering, asked = CompletionsRendering("1", 5), exchange(usage=True)
    (body,) = bodies(rendering.delta(Delta("hi", usage=Usage(3, output=2), api=Api.MESSAGES), asked))
    assert (body["choices"][0]["text"], body["usage"]) == ("hi", None)
    usage, _ = rendering.end(asked)
    told = json.loads(usage[6:])
    assert (told["choices"], told["usage"]["prompt_tokens"], told["usage"]["total_tokens"]) == ([], 3, 5)


def test_a_stream_that_breaks_ends_with_the_error() -> None:
    (body,) = bodies(CompletionsRendering("1", 5).broken(ProviderBroken("cut"), exchange()))
    assert body["error"]["code"] == "provider_stream_broken"


def test_a_whole_answer_is_the_upstreams_or_written_anew() -> None:
    rendering = CompletionsRendering("1", 5)
    own = Answer("a", raw=b'{"choices":[{"text":"a"}]}', api=Api.COMPLETIONS)
    assert rendering.whole(own, exchange()) == own.raw
    message = {"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": "stop"}
    made = json.loads(rendering.whole(Answer(usage=Usage(3, output=1), raw=chunk(message)), exchange()))
    assert (made["object"], made["choices"][0]["text"], made["usage"]["total_tokens"]) == (
        "text_completion",
        "",
        4,
    )
    other = json.loads(rendering.whole(Answer("b", api=Api.MESSAGES), exchange()))
    assert other["choices"] == [{"text": "b", "index": 0, "logprobs": None, "finish_reason": "stop"}]
