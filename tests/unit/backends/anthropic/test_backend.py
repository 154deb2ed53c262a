"""Calls to an upstream that speaks Anthropic's Messages API, over real sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.backends.anthropic.backend import AnthropicMessages
from gateway.backends.http import Pool
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
    ToolSpec,
    Usage,
)
from tests.asking import events_of, put_to
from tests.messages_replies import (
    anthropic,
    data_of,
    end,
    error,
    event,
    start,
    stream,
    text,
    thinking,
    tool_use,
)
from tests.reach import EVERYWHERE
from tests.upstream import FOREVER, Recorded, Reply, Script, Upstream

FAST = Timeouts(connect=1.0, first_token=0.3, idle=0.3, total=3.0)
BODY = b' {"max_tokens": 10,\n "model":"auto", "messages":[{"role":"user", "content":"Hi"}], "later": 1.50}'


def chat(stream: bool = False, **fields: Any) -> ChatRequest:
    message = {"role": "user", "content": "Hi"}
    body = {"model": "auto", "messages": [message], **({"stream": True} if stream else {}), **fields}
    return ChatRequest(
        model="auto",
        messages=(Message("user", "Hi", json.dumps(message).encode()),),
        fields={name: json.dumps(value).encode() for name, value in body.items()},
        stream=stream,
    )


def native(stream: bool = False, api: Api = Api.MESSAGES, **changes: Any) -> ChatRequest:
    """A request as it is read from BODY."""
    own = b'{"role":"user", "content":"Hi"}'
    messages = (Message("user", "Hi", own, native=own),)
    fields = {"model": b'"auto"', "max_tokens": b"10"}
    sent = Sent(api, BODY, messages, fields)
    made = ChatRequest("auto", messages, fields, stream, max_tokens=10, sent=sent)
    return replace(made, **changes)


def model(up: Upstream, **changes: Any) -> Model:
    made = Model("claude", "anthropic", "claude-haiku-4-5", base_url=up.url, api_key="sk-a", timeouts=FAST)
    return replace(made, **{"retries": 0, **changes})


async def ask(model: Model, request: ChatRequest) -> list[Event]:
    return await events_of(AnthropicMessages, model, request)


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


# What it is asked


def test_it_is_asked_at_its_own_path_with_its_own_key_and_version() -> None:
    _, [asked] = answers(anthropic(), chat())
    assert (asked.method, asked.path) == ("POST", "/v1/messages")
    assert asked.headers["x-api-key"] == "sk-a"
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in asked.headers
    assert asked.body["model"] == "claude-haiku-4-5"


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/v1/messages"])
def test_its_address_may_end_with_the_version_or_before_it(end: str) -> None:
    with Upstream(anthropic()) as up:
        base = up.url.removesuffix("/v1") + end
        asyncio.run(ask(model(up, base_url=base), chat()))
        assert up.requests[0].path == "/v1/messages"


def test_without_a_key_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-machine")
    _, [asked] = answers(anthropic(), chat(), api_key=None)
    assert "x-api-key" not in asked.headers


# A caller of its own API


def test_an_untouched_body_goes_on_as_it_came_but_for_the_model() -> None:
    _, [asked] = answers(anthropic(), native())
    assert asked.raw == BODY.replace(b'"auto"', b'"claude-haiku-4-5"')


def test_a_whole_message_comes_back_as_the_upstream_said_it() -> None:
    [answer], _ = answers(anthropic(thinking("Hm"), text("Good "), text("day")), native())
    assert isinstance(answer, Answer)
    assert answer.api is Api.MESSAGES
    assert answer.raw is not None
    assert json.loads(answer.raw)["content"][0]["signature"] == "sig"
    assert (answer.text, answer.reasoning, answer.signature) == ("Good day", "Hm", "sig")


def test_every_event_comes_back_as_the_upstream_said_it_under_its_name() -> None:
    events = (*stream(thinking("Hmm"), text("Good day"))[:-2], event("later", odd=[1.50]), *end())
    deltas, _ = answers(Reply(events=events), native(stream=True))
    assert all(isinstance(each, Delta) and each.api is Api.MESSAGES for each in deltas)
    assert [each.raw for each in deltas if isinstance(each, Delta)] == data_of(events)
    names = [json.loads(data)["type"] for data in data_of(events)]
    assert [each.event for each in deltas if isinstance(each, Delta)] == names


def test_its_own_headers_go_along_for_a_caller_of_this_api() -> None:
    own = {"anthropic-beta": "files-api-2025-04-14", "anthropic-version": "2026-10-21", "x-other": "1"}
    _, [asked] = answers(anthropic(), native(forwarded=own))
    assert asked.headers["anthropic-beta"] == "files-api-2025-04-14"
    assert asked.headers["anthropic-version"] == "2026-10-21"
    assert "x-other" not in asked.headers
    _, [asked] = answers(anthropic(), replace(chat(), forwarded=own))
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert "anthropic-beta" not in asked.headers


def test_an_edited_request_keeps_what_was_not_edited() -> None:
    """Members and messages stay the caller's bytes; the gateway's words and tools come beside them."""
    passage = Message("system", "Facts", b'{"role":"system","content":"Facts"}')
    request = native(offered=(ToolSpec("clock", "Tells the time", {"type": "object"}),))
    _, [asked] = answers(anthropic(), replace(request, messages=(passage, *request.messages)))
    assert b'[{"role":"user", "content":"Hi"}]' in asked.raw
    assert b'"later":1.50' in asked.raw
    assert asked.body["system"] == [{"type": "text", "text": "Facts"}]
    assert asked.body["tools"] == [
        {
            "name": "clock",
            "description": "Tells the time",
            "input_schema": {"type": "object", "properties": {}},
        }
    ]


def test_an_edited_request_is_answered_in_the_callers_api_all_the_same() -> None:
    request = native(offered=(ToolSpec("clock", "Tells the time", {}),))
    [answer], _ = answers(anthropic(), request)
    assert isinstance(answer, Answer)
    assert answer.raw is not None


def test_tokens_are_counted_where_they_are_counted_there() -> None:
    [answer], [asked] = answers(anthropic(), native(api=Api.COUNT))
    assert asked.path == "/v1/messages/count_tokens"
    assert asked.raw == BODY.replace(b'"auto"', b'"claude-haiku-4-5"')
    assert answer == Answer(usage=Usage(), raw=b'{"input_tokens": 42}', api=Api.COUNT)


def test_what_is_no_count_is_not_passed_on_as_one() -> None:
    fails(ProviderBroken, Reply(json={"tokens": "many"}), native(api=Api.COUNT))


# Any other caller


def test_a_message_is_answered_for_any_other_caller() -> None:
    [answer], _ = answers(anthropic(thinking("Hm"), text("Good day")), chat())
    usage = Usage(input=12, cached_input=3, cache_write=2, output=5)
    assert answer == Answer(
        "Good day", usage=usage, reasoning="Hm", signature="sig", finish="stop", api=Api.MESSAGES
    )


def test_a_stream_is_answered_for_any_other_caller() -> None:
    events, [asked] = answers(anthropic(thinking("Hmm"), text("Good day")), chat(stream=True))
    deltas = [each for each in events if isinstance(each, Delta)]
    assert asked.body["stream"] is True
    assert "".join(each.text for each in deltas) == "Good day"
    assert "".join(each.reasoning for each in deltas) == "Hmm"
    assert "".join(each.signature for each in deltas) == "sig"
    assert [each.finish for each in deltas if each.finish] == ["stop"]
    assert [each.usage for each in deltas if each.usage] == [
        Usage(input=12, cached_input=3, cache_write=2, output=5)
    ]
    assert all(each.raw is None for each in deltas)


def test_calls_of_tools_are_read() -> None:
    calls = (tool_use("clock", {"zone": "utc"}), tool_use("dice", {}, "toolu_2"))
    [answer], _ = answers(anthropic(text("Wait"), *calls, stop="tool_use"), chat())
    assert isinstance(answer, Answer)
    assert answer.tool_calls == (
        ToolCall("toolu_1", "clock", '{"zone": "utc"}'),
        ToolCall("toolu_2", "dice", "{}"),
    )
    assert answer.finish == "tool_calls"


def test_streamed_calls_of_tools_are_numbered_among_themselves() -> None:
    """A call without arguments is given an empty object, which is what OpenAI's clients parse."""
    calls = (tool_use("clock", {"zone": "utc"}), tool_use("dice", {}, "toolu_2"))
    script = anthropic(text("Wait"), *calls, stop="tool_use")
    events, _ = answers(script, chat(stream=True))
    parts = [part for each in events if isinstance(each, Delta) for part in each.tool_calls]
    assert [(part.index, part.id, part.name) for part in parts if part.id] == [
        (0, "toolu_1", "clock"),
        (1, "toolu_2", "dice"),
    ]
    said = ["".join(part.arguments for part in parts if part.index == index) for index in (0, 1)]
    assert said == ['{"zone": "utc"}', "{}"]


def test_what_it_has_no_words_for_is_refused_by_name_before_it_is_asked() -> None:
    problem, asked = fails(SpeaksAnother, anthropic(), chat(n=2))
    assert (problem.param, problem.http_status, problem.falls_over) == ("n", 400, True)
    assert problem.message == (
        "The model 'claude' is asked in the Messages API, and 'n' as it is here has no counterpart there. "
        "Remove that, or ask a model that speaks another API."
    )
    assert asked == []


def test_asked_to_stream_it_may_answer_in_one_piece() -> None:
    whole = anthropic(thinking("Hm"), text("Good day"))(Recorded("POST", "/v1/messages", {}, b"{}", 1))
    events, _ = answers(whole, chat(stream=True))
    assert [each.text for each in events if isinstance(each, Delta) and each.text] == ["Good day"]


# Faults


@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [
        (error(400, "invalid_request_error", "max_tokens: too large"), ProviderRefused, 400),
        (error(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), ContextLength, 400),
        (
            error(
                400,
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 9 + 1 > 8, decrease input length",
            ),
            ContextLength,
            400,
        ),
        (error(401, "authentication_error", "invalid x-api-key"), ProviderAuthentication, 502),
        (error(402, "billing_error", "no credit"), ProviderAuthentication, 502),
        (error(403, "permission_error", "no"), ProviderAuthentication, 502),
        (error(404, "not_found_error", "model: claude-x"), ProviderRefused, 404),
        (error(413, "request_too_large", "Request exceeds the maximum size"), ProviderRefused, 413),
        (error(429, "rate_limit_error", "slow down", retry_after="7"), ProviderOverloaded, 429),
        (error(500, "api_error", "Internal server error"), ProviderUnavailable, 502),
        (error(504, "timeout_error", "took too long"), ProviderUnavailable, 502),
        (error(529, "overloaded_error", "Overloaded"), ProviderOverloaded, 503),
    ],
)
def test_an_error_is_told_as_ours(reply: Reply, kind: type[ProviderError], status: int) -> None:
    problem, _ = fails(kind, reply)
    assert type(problem) is kind or kind is ProviderOverloaded
    assert problem.http_status == status


def test_a_refusal_is_told_in_the_upstreams_words() -> None:
    problem, _ = fails(ProviderRefused, error(400, "invalid_request_error", "tools.0.name: too long"))
    assert problem.body()["error"] == {
        "message": "tools.0.name: too long",
        "type": "invalid_request_error",
        "param": None,
        "code": "provider_refused",
    }


def test_how_long_to_wait_is_kept() -> None:
    problem, _ = fails(ProviderOverloaded, error(429, "rate_limit_error", "slow", retry_after="7"))
    assert (problem.retry_after, problem.headers) == (7.0, {"retry-after": "7"})


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        ("overloaded_error", ProviderOverloaded),
        ("rate_limit_error", ProviderOverloaded),
        ("api_error", ProviderUnavailable),
        ("timeout_error", ProviderTimeout),
        ("invalid_request_error", ProviderRefused),
        ("billing_error", ProviderAuthentication),
        ("a_later_error", ProviderUnavailable),
    ],
)
@pytest.mark.parametrize("request_", [chat(stream=True), native(stream=True)])
def test_an_error_among_the_events_is_told_as_ours(
    type: str, kind: type[ProviderError], request_: ChatRequest
) -> None:
    events = (start(), event("error", error={"type": type, "message": "Trouble"}))
    fails(kind, Reply(events=events), request_)


def test_it_is_asked_again_where_it_was_overloaded_before_it_said_anything() -> None:
    busy = Reply(events=(start(), event("error", error={"type": "overloaded_error", "message": "Busy"})))
    events, asked = answers([busy, Reply(events=stream())], chat(stream=True), retries=1)
    assert len(asked) == 2
    assert "".join(each.text for each in events if isinstance(each, Delta)) == "Good day"


@pytest.mark.parametrize("request_", [chat(stream=True), native(stream=True)])
@pytest.mark.parametrize("left", range(6))
def test_a_cut_stream_is_no_answer(left: int, request_: ChatRequest) -> None:
    """Whether before the first word or after it: as long as it has not said why it stopped."""
    fails(ProviderBroken, Reply(events=stream(), cut_after=left), request_)


@pytest.mark.parametrize("left", range(1, 7))
def test_a_stream_that_ends_without_a_reason_is_no_answer(left: int) -> None:
    fails(ProviderBroken, Reply(events=stream()[:left]), chat(stream=True))


@pytest.mark.parametrize("script", [Reply(events=stream()[:-1]), Reply(events=stream(), cut_after=7)])
def test_a_stream_that_has_said_why_it_stopped_is_whole(script: Reply) -> None:
    events, _ = answers(script, chat(stream=True))
    assert [each.finish for each in events if isinstance(each, Delta) and each.finish] == ["stop"]


def test_an_empty_stream_is_no_answer() -> None:
    problem, _ = fails(ProviderBroken, Reply(events=()), chat(stream=True))
    assert problem.falls_over


def test_a_stream_that_falls_silent_is_given_up() -> None:
    fails(ProviderTimeout, Reply(events=stream(), stall_after=5), chat(stream=True))


def test_pings_alone_do_not_begin_an_answer() -> None:
    """They must not keep another model from being asked."""
    script = Reply(events=(start(), *[event("ping")] * 3), between=0.05, stall_after=3)
    fails(ProviderTimeout, script, chat(stream=True))


def test_silence_is_given_up() -> None:
    fails(ProviderTimeout, Reply(events=stream(), before_headers=FOREVER), chat(stream=True))


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"content": 3}', b"[]", b'{"type":"message"}'])
def test_what_is_no_message_is_no_answer(body: bytes) -> None:
    fails(ProviderBroken, Reply(raw=body))


def test_an_error_in_a_whole_reply_is_told_as_ours() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}
    fails(ProviderOverloaded, Reply(json=body))


def test_garbage_among_the_events_is_passed_over() -> None:
    events = (*stream()[:4], b"data: {oops\n\n", *stream()[4:])
    deltas, _ = answers(Reply(events=events), chat(stream=True))
    assert "".join(each.text for each in deltas if isinstance(each, Delta)) == "Good day"


def test_what_was_not_said_is_not_counted_as_said() -> None:
    """A stream that breaks off has told what its prompt took only: it is estimated instead."""
    with Upstream(Reply(events=stream(), cut_after=4)) as up:
        events: list[Event] = []

        async def emit(event: Event) -> None:
            events.append(event)

        async def run() -> None:
            pool, entry = Pool(EVERYWHERE), model(up)
            with pytest.raises(ProviderBroken):
                await put_to(AnthropicMessages(entry, pool), entry, chat(stream=True), emit)
            await pool.close()

        asyncio.run(run())
    assert all(each.usage is None for each in events if isinstance(each, Delta))
