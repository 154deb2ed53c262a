"""Calls to an OpenAI-compatible upstream, over real sockets."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from gateway.backends.http import Pool
from gateway.backends.openai import OpenAICompatible
from gateway.errors import (
    ContextLength,
    ProviderAuthentication,
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    SpeaksAnother,
)
from gateway.policy.schema import Model
from gateway.types import (
    Answer,
    Api,
    ChatRequest,
    Delta,
    Event,
    Message,
    Sent,
    Timeouts,
    ToolCall,
    Usage,
)
from tests.asking import events_of, put_to
from tests.reach import EVERYWHERE
from tests.upstream import FOREVER, Call, Recorded, Reply, Script, Upstream, failure

FAST = Timeouts(connect=1.0, first_token=0.3, idle=0.3, total=3.0)
SOON = 0.1  # seconds, of the quickest of three tries: the machine may be busy


def chat(stream: bool = False, **fields: Any) -> ChatRequest:
    message = {"role": "user", "content": "Hi"}
    body = {"model": "auto", "messages": [message], **({"stream": True} if stream else {}), **fields}
    return ChatRequest(
        model="auto",
        messages=(Message("user", "Hi", json.dumps(message).encode()),),
        fields={name: json.dumps(value).encode() for name, value in body.items()},
        stream=stream,
    )


def model(up: Upstream, **changes: Any) -> Model:
    made = Model("fast", "openai-compatible", "llama", base_url=up.url, api_key="sk-test", timeouts=FAST)
    return replace(made, **{"retries": 0, **changes})


async def ask(model: Model, request: ChatRequest, times: int = 1, pause: float = 0.0) -> list[Event]:
    return await events_of(OpenAICompatible, model, request, times, pause)


def answers(script: Script, request: ChatRequest, **changes: Any) -> tuple[list[Event], list[Recorded]]:
    with Upstream(script) as up:
        return asyncio.run(ask(model(up, **changes), request)), up.requests


def fails(
    kind: type[ProviderError], script: Script, request: ChatRequest | None = None, **changes: Any
) -> tuple[ProviderError, list[Recorded]]:
    with Upstream(script) as up:
        with pytest.raises(kind) as caught:
            asyncio.run(ask(model(up, **changes), request or chat()))
        return caught.value, up.requests


def text(events: list[Event]) -> str:
    return "".join(e.text for e in events if isinstance(e, Delta | Answer))


def test_an_answer_carries_the_upstreams_own_bytes_beside_what_is_read_of_them() -> None:
    events, requests = answers(
        Reply("Good day", extra={"service_tier": "flex"}), chat(seed=7, frobnicate={"a": [1]})
    )
    [answer] = events
    assert isinstance(answer, Answer)
    assert (answer.text, answer.finish, answer.usage) == ("Good day", "stop", Usage(input=11, output=7))
    assert json.loads(answer.raw or b"")["service_tier"] == "flex"
    assert requests[0].headers["authorization"] == "Bearer sk-test"
    assert requests[0].body == {
        "model": "llama",
        "messages": [{"role": "user", "content": "Hi"}],
        "seed": 7,
        "frobnicate": {"a": [1]},
    }


@pytest.mark.parametrize("provider", ["openai", "openai-compatible"])
def test_what_openai_refuses_is_left_out_of_what_came_in_another_api(provider: str) -> None:
    came = chat(max_tokens=9, top_k=3, top_p=0.5)
    translated = replace(came, sent=Sent(Api.MESSAGES, b"{}", came.messages, {}))
    _, [asked] = answers(Reply(), translated, provider=provider)
    own = {"max_completion_tokens": 9} if provider == "openai" else {"max_tokens": 9, "top_k": 3}
    assert {n: v for n, v in asked.body.items() if n not in ("model", "messages")} == {**own, "top_p": 0.5}
    _, [asked] = answers(Reply(), came, provider=provider)
    assert (asked.body["top_k"], asked.body["max_tokens"]) == (3, 9), "who speaks the API says what it likes"


def test_a_stream_is_passed_on_event_by_event_and_ends_with_its_usage() -> None:
    events, requests = answers(Reply("one two three"), chat(stream=True))
    deltas = [e for e in events if isinstance(e, Delta)]
    assert [d.text for d in deltas] == ["", "one", " two", " three", "", ""]
    assert [d.finish for d in deltas[-2:]] == ["stop", None]
    assert deltas[-1].usage == Usage(input=11, output=7)
    assert all(json.loads(d.raw or b"")["id"] == "chatcmpl-scripted" for d in deltas)
    assert requests[0].body["stream_options"] == {"include_usage": True}


def test_tool_calls_are_read_whole_and_in_fragments() -> None:
    script = Reply(calls=(Call("order_status", {"order": "A-7"}),))
    events, _ = answers(script, chat())
    assert isinstance(events[0], Answer)
    assert events[0].tool_calls == (ToolCall("call_1", "order_status", '{"order": "A-7"}'),)
    assert events[0].finish == "tool_calls"
    streamed, _ = answers(script, chat(stream=True))
    fragments = [f for e in streamed if isinstance(e, Delta) for f in e.tool_calls]
    assert (fragments[0].id, fragments[0].name) == ("call_1", "order_status")
    assert "".join(f.arguments for f in fragments) == '{"order": "A-7"}'


def test_usage_is_told_apart_by_kind() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 5},
    }
    events, _ = answers(Reply(usage=usage), chat())
    assert isinstance(events[0], Answer)
    assert events[0].usage == Usage(
        input=30, cached_input=60, output=15, reasoning=30, audio_input=10, audio_output=5
    )


@pytest.mark.parametrize("split", [1, 7, 100_000])
def test_a_stream_may_be_cut_into_pieces_of_any_size(split: int) -> None:
    events, _ = answers(Reply("one two", split=split), chat(stream=True))
    assert text(events) == "one two"
    assert any(isinstance(e, Delta) and e.usage for e in events)


def test_a_stream_without_done_is_complete_once_it_has_said_why_it_finished() -> None:
    events, _ = answers(Reply("one two", done=False), chat(stream=True))
    assert text(events) == "one two"


def test_a_stream_that_ends_before_its_finish_reason_is_an_error() -> None:
    fails(ProviderBroken, Reply("one two", finish="", done=False), chat(stream=True))
    fails(ProviderBroken, Reply("one two three", cut_after=3), chat(stream=True))


def test_a_body_that_is_cut_is_an_error() -> None:
    fails(ProviderBroken, Reply("one two", cut_after=0), chat())


def test_an_event_that_is_not_json_is_skipped() -> None:
    events, _ = answers(Reply("one two", malformed_at=2), chat(stream=True))
    assert text(events) == "one two"


def test_an_error_event_ends_the_stream_with_the_fitting_error() -> None:
    fails(ProviderUnavailable, Reply("one two three", error_at=3), chat(stream=True))


def test_an_error_in_a_200_is_an_error() -> None:
    reply = {"error": {"message": "slow down", "code": 429}}
    error, _ = fails(ProviderOverloaded, Reply(json=reply))
    assert error.http_status == 429
    fails(ProviderOverloaded, Reply(json=reply), chat(stream=True))


def test_an_upstreams_400_reaches_the_caller_whole() -> None:
    error, requests = fails(ProviderRefused, failure(400, "bad temperature", code="bad_value"), retries=2)
    assert error.http_status == 400
    assert error.body()["error"] == {
        "message": "bad temperature",
        "type": "scripted",
        "param": None,
        "code": "bad_value",
    }
    assert len(requests) == 1


def test_a_prompt_that_does_not_fit_is_recognised_by_code_or_by_words() -> None:
    fails(ContextLength, failure(400, "whatever", code="context_length_exceeded"))
    error, _ = fails(ContextLength, failure(400, "This model's maximum context length is 8192 tokens."))
    assert error.body()["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("status", [401, 403])
def test_the_gateways_bad_key_is_not_the_callers(status: int) -> None:
    error, _ = fails(ProviderAuthentication, failure(status, "Incorrect API key: sk-test"))
    assert error.http_status == 502
    assert "sk-test" not in json.dumps(error.body())


def test_html_is_never_echoed() -> None:
    error, _ = fails(ProviderRefused, Reply(status=404, raw=b"<html>nginx 1.2</html>"))
    assert error.http_status == 404
    assert "html" not in json.dumps(error.body())
    fails(ProviderBroken, Reply(raw=b"<html>nginx 1.2</html>"))


def test_one_failure_is_tried_again_and_a_lasting_one_a_bounded_number_of_times() -> None:
    events, requests = answers([failure(500), Reply("better")], chat(), retries=2)
    assert text(events) == "better"
    assert len(requests) == 2
    started = time.monotonic()
    _, requests = fails(ProviderOverloaded, failure(503), retries=9)
    assert len(requests) == 4
    assert time.monotonic() - started < 3


def test_a_reset_before_the_answer_is_tried_again() -> None:
    events, requests = answers([Reply(reset=True), Reply("better")], chat(stream=True), retries=1)
    assert text(events) == "better"
    assert len(requests) == 2


def test_retry_after_is_waited_for_and_one_that_is_too_long_is_not() -> None:
    _, requests = answers([failure(429, retry_after="0.5"), Reply()], chat(), retries=1)
    assert requests[1].at - requests[0].at >= 0.5
    error, requests = fails(ProviderOverloaded, failure(429, retry_after="60"), retries=2)
    assert len(requests) == 1
    assert (error.retry_after, error.headers["retry-after"]) == (60, "60")


def test_nothing_is_tried_again_once_content_has_left() -> None:
    _, requests = fails(
        ProviderBroken, [Reply("one two", cut_after=2), Reply("x")], chat(stream=True), retries=2
    )
    assert len(requests) == 1


def test_a_try_that_fails_before_content_leaves_no_trace_in_the_stream() -> None:
    events, requests = answers([Reply(error_at=1), Reply("fine")], chat(stream=True), retries=2)
    assert len(requests) == 2
    assert [e.text for e in events if isinstance(e, Delta)] == ["", "fine", "", ""]


@pytest.mark.parametrize(
    "silence",
    [Reply(before_headers=FOREVER), Reply(before_first=FOREVER), Reply("a b", between=FOREVER)],
    ids=["no headers", "no event", "a role and nothing more"],
)
def test_silence_before_content_ends_with_the_first_token_limit(silence: Reply) -> None:
    started = time.monotonic()
    error, requests = fails(ProviderTimeout, silence, chat(stream=True), retries=2)
    assert 0.25 < time.monotonic() - started < 1.0
    assert "begin" in error.message
    assert len(requests) == 1


def test_a_stream_that_stalls_ends_with_the_idle_limit() -> None:
    script = Reply(
        events=(b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n', b"data: never\n\n"), between=FOREVER
    )
    error, _ = fails(ProviderTimeout, script, chat(stream=True))
    assert "paused" in error.message


def test_a_stream_may_last_longer_than_the_first_token_and_idle_limits() -> None:
    events, _ = answers(Reply("a b c d e f g", between=0.08), chat(stream=True))
    assert text(events) == "a b c d e f g"


def test_the_total_is_limited_however_steadily_it_comes() -> None:
    slow = Reply(" ".join("abcdefghijkl"), between=0.1)
    error, _ = fails(ProviderTimeout, slow, chat(stream=True), timeouts=replace(FAST, total=0.5))
    assert "finish" in error.message


def test_an_upstream_that_is_not_there_is_unavailable() -> None:
    gone = Model("gone", "openai-compatible", "m", base_url="http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(ProviderUnavailable, match="'gone'"):
        asyncio.run(ask(gone, chat()))


def test_a_stream_asked_for_and_not_given_is_passed_on_in_one_piece() -> None:
    body = {"choices": [{"index": 0, "message": {"content": "whole"}, "finish_reason": "stop"}]}
    events, _ = answers(Reply(json=body), chat(stream=True))
    assert text(events) == "whole"


def cancelled(script: Reply, request: ChatRequest) -> float:
    """Seconds from the caller's leaving until the upstream saw it: the quickest of three."""

    async def leave(model: Model) -> float:
        task = asyncio.create_task(ask(model, request))
        await asyncio.sleep(0.15)
        task.cancel()
        left = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        return left

    took = []
    for _ in range(3):
        with Upstream(script) as up:
            left = asyncio.run(leave(model(up, timeouts=Timeouts())))
            up.wait(lambda: up.requests[0].hung_up)
            took.append((up.requests[0].hung_up or FOREVER) - left)
    return min(took)


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_leaves_ends_the_upstream_call_within_a_tenth_of_a_second(stream: bool) -> None:
    assert cancelled(Reply(before_headers=FOREVER), chat(stream)) < SOON
    assert cancelled(Reply(before_first=FOREVER), chat(stream)) < SOON
    if stream:
        assert cancelled(Reply("a b c d e f g h i j", between=0.05), chat(stream)) < SOON


def test_calls_one_after_the_other_share_a_connection_streamed_or_not() -> None:
    for request in (chat(), chat(stream=True)):
        opened = []
        for _ in range(3):
            with Upstream(Reply("a b")) as up:
                asyncio.run(ask(model(up), request, times=6, pause=0.02))
                opened.append(up.connections)
        # A stream's caller is let go at [DONE]; the connection follows when the body's end is there.
        assert min(opened) <= (2 if request.stream else 1)


def test_a_connection_that_the_server_closed_meanwhile_is_replaced_without_a_word() -> None:
    with Upstream(Reply("a")) as up:

        async def twice() -> None:
            pool = Pool(EVERYWHERE)
            backend = OpenAICompatible(model(up), pool)
            seen: list[Event] = []

            async def emit(event: Event) -> None:
                seen.append(event)

            await put_to(backend, model(up), chat(), emit)
            up.hang_up()
            await put_to(backend, model(up), chat(), emit)
            assert len(seen) == 2
            await pool.close()

        asyncio.run(twice())
        assert up.connections == 2


def test_choices_that_are_interleaved_finish_together() -> None:
    def event(index: int, finish: str | None = None, **delta: Any) -> bytes:
        chunk = {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    events = (
        event(0, content="a"),
        event(1, content="b"),
        event(0, "length"),
        event(1, "stop"),
        b"data: [DONE]\n\n",
    )
    got, _ = answers(Reply(events=events), chat(stream=True, n=2))
    assert [e.finish for e in got if isinstance(e, Delta)] == [None, None, None, "length"]
    assert text(got) == "a"
    fails(ProviderBroken, Reply(events=events[:3]), chat(stream=True, n=2))


@pytest.mark.parametrize("n", [b"9" * 4000, b"-1", b"null"])
def test_an_n_that_makes_no_sense_is_left_to_the_upstream(n: bytes) -> None:
    """Its stream is over once its one choice is."""
    asked = chat(stream=True)
    got, [sent] = answers(Reply("Hi"), replace(asked, fields={**asked.fields, "n": n}))
    assert b'"n":' + n in sent.raw
    assert [each.finish for each in got if isinstance(each, Delta) and each.finish] == ["stop"]


@pytest.mark.parametrize("status", [204, 307])
def test_a_redirect_and_an_empty_success_are_broken_answers(status: int) -> None:
    error, requests = fails(ProviderBroken, Reply(status=status), retries=2)
    assert (error.http_status, error.falls_over, len(requests)) == (502, True, 1)


def test_what_chat_completions_cannot_say_is_not_said_in_part() -> None:
    request = replace(chat(), only="the tool 'web_search' exists only in the Responses API")
    error, asked = fails(SpeaksAnother, Reply(), request)
    assert "'fast'" in error.message
    assert "'web_search'" in error.message
    assert not asked
