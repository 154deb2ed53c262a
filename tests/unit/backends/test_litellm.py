"""Other providers through litellm, over real sockets: Anthropic's protocol, and OpenAI's beside it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from gateway.backends.litellm import LiteLLM, arguments, load, named_urls
from gateway.errors import (
    ContextLength,
    ProviderAuthentication,
    ProviderBroken,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from gateway.policy.schema import Model
from gateway.reach import Reach
from gateway.types import Answer, ChatRequest, Delta, Event, Message, Timeouts, ToolCall, Usage
from tests.asking import put_to
from tests.reach import EVERYWHERE
from tests.upstream import FOREVER, Recorded, Reply, Upstream, failure

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

FAST = Timeouts(connect=1.0, first_token=5.0, idle=5.0, total=20.0)
SOON = 0.1  # seconds, of the quickest of three tries: the machine may be busy
USAGE = {
    "input_tokens": 12,
    "output_tokens": 5,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 2,
}


def anthropic_message(*content: dict[str, Any], stop: str | None = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": USAGE,
    }


def anthropic_event(**event: Any) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def anthropic_stream(*words: str) -> tuple[bytes, ...]:
    deltas = ({"type": "text_delta", "text": word} for word in words)
    return (
        anthropic_event(type="message_start", message=anthropic_message(stop=None)),
        anthropic_event(type="content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(anthropic_event(type="content_block_delta", index=0, delta=delta) for delta in deltas),
        anthropic_event(type="content_block_stop", index=0),
        anthropic_event(
            type="message_delta",
            delta={"stop_reason": "end_turn", "stop_sequence": None},
            usage={"output_tokens": 5},
        ),
        anthropic_event(type="message_stop"),
    )


def anthropic(request: Recorded) -> Reply:
    if request.streams:
        return Reply(events=anthropic_stream("Good", " day"))
    return Reply(json=anthropic_message({"type": "text", "text": "Good day"}))


def chat(stream: bool = False, **fields: Any) -> ChatRequest:
    message = {"role": "user", "content": "Hi"}
    body = {"model": "auto", "messages": [message], **fields}
    return ChatRequest(
        model="auto",
        messages=(Message("user", "Hi", json.dumps(message).encode()),),
        fields={name: json.dumps(value).encode() for name, value in body.items()},
        stream=stream,
    )


def claude(up: Upstream, provider: str = "anthropic", retries: int = 0, timeouts: Timeouts = FAST) -> Model:
    base = up.url if provider == "openai" else up.url.removesuffix("/v1")
    return Model("claude", provider, "claude", base_url=base, api_key="k", timeouts=timeouts, retries=retries)


async def ask(
    model: Model, request: ChatRequest, reach: Reach = EVERYWHERE, secrets: tuple[str, ...] = ()
) -> list[Event]:
    events: list[Event] = []

    async def emit(event: Event) -> None:
        events.append(event)

    await put_to(LiteLLM(model, reach, secrets), model, request, emit)
    return events


def test_an_anthropic_answer_comes_in_openais_shape() -> None:
    with Upstream(anthropic) as up:
        [answer] = asyncio.run(ask(claude(up), chat(temperature=0.5, seed=1)))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.finish) == ("Good day", "stop")
    assert answer.usage == Usage(input=12, cached_input=3, cache_write=2, output=5)
    assert json.loads(answer.raw or b"")["object"] == "chat.completion"
    assert up.requests[0].path == "/v1/messages"
    assert up.requests[0].headers["x-api-key"] == "k"
    assert up.requests[0].body["temperature"] == 0.5


def test_an_anthropic_stream_comes_as_openais_chunks_with_usage_at_the_end() -> None:
    with Upstream(anthropic) as up:
        events = asyncio.run(ask(claude(up), chat(stream=True)))
    deltas = [e for e in events if isinstance(e, Delta)]
    assert "".join(d.text for d in deltas) == "Good day"
    assert [d.finish for d in deltas if d.finish] == ["stop"]
    assert deltas[-1].usage == Usage(input=12, cached_input=3, cache_write=2, output=5)
    assert json.loads(deltas[0].raw or b"")["object"] == "chat.completion.chunk"


def test_a_tool_call_of_an_anthropic_model_is_read() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {"zone": "utc"}}
    with Upstream(Reply(json=anthropic_message(use, stop="tool_use"))) as up:
        [answer] = asyncio.run(ask(claude(up), chat()))
    assert isinstance(answer, Answer)
    assert answer.tool_calls == (ToolCall("toolu_1", "clock", '{"zone": "utc"}'),)
    assert answer.finish == "tool_calls"


def test_no_member_of_the_callers_body_becomes_an_address_a_key_or_a_switch_of_litellm() -> None:
    evil = {
        "api_base": "http://evil",
        "api_key": "x",
        "mock_response": "x",
        "aws_bedrock_runtime_endpoint": "x",
    }
    made = arguments(
        Model("m", "anthropic", "claude"), chat(False, top_k=3, metadata={"a": "b"}, **evil), 1.0
    )
    assert set(made) & {*evil, "metadata"} == set()
    assert made["top_k"] == 3


def test_the_headers_that_the_model_gets_of_the_callers_go_along() -> None:
    sent = {"traceparent": "00-a-b-01", "x-tenant": "acme", "anthropic-beta": "not-this-way"}
    with Upstream(anthropic) as up:
        model = replace(claude(up), forward=("x-tenant",))
        asyncio.run(ask(model, replace(chat(), forwarded=sent)))
    got = up.requests[0].headers
    assert (got["traceparent"], got["x-tenant"]) == ("00-a-b-01", "acme")
    assert "not-this-way" not in got.get("anthropic-beta", "")


def test_errors_of_the_provider_are_told_apart() -> None:
    cases = [
        (failure(400, "bad thing"), ProviderRefused),
        (failure(400, "prompt is too long: 9 tokens > 8 maximum"), ContextLength),
        (failure(401, "invalid x-api-key"), ProviderAuthentication),
        (failure(429, "slow", retry_after="60"), ProviderOverloaded),
        (failure(500), ProviderUnavailable),
        (failure(503, "overloaded"), ProviderOverloaded),
    ]
    for reply, kind in cases:
        for stream in (False, True):
            with Upstream(reply) as up, pytest.raises(kind) as caught:
                asyncio.run(ask(claude(up), chat(stream)))
            assert len(up.requests) == 1
            assert caught.type in (kind, *kind.__subclasses__())
            assert "litellm" not in str(caught.value)


def test_one_failure_is_tried_again() -> None:
    script = [failure(500), Reply(json=anthropic_message({"type": "text", "text": "better"}))]
    with Upstream(script) as up:
        [answer] = asyncio.run(ask(claude(up, retries=1), chat()))
    assert isinstance(answer, Answer)
    assert (answer.text, len(up.requests)) == ("better", 2)


def test_silence_ends_with_the_first_token_limit_and_a_cut_stream_is_an_error() -> None:
    impatient = Timeouts(first_token=0.5)
    with Upstream(Reply(before_headers=FOREVER)) as up, pytest.raises(ProviderTimeout):
        asyncio.run(ask(claude(up, timeouts=impatient), chat(stream=True)))
    cut = Reply(events=anthropic_stream("Good", " day"), cut_after=4)
    with Upstream(cut) as up, pytest.raises(ProviderBroken):
        asyncio.run(ask(claude(up), chat(stream=True)))


def test_an_openai_target_through_litellm_answers_both_ways() -> None:
    with Upstream(Reply("one two")) as up:
        [answer] = asyncio.run(ask(claude(up, "openai"), chat()))
        events = asyncio.run(ask(claude(up, "openai"), chat(stream=True)))
    assert isinstance(answer, Answer)
    assert answer.text == "one two"
    assert "".join(e.text for e in events if isinstance(e, Delta)) == "one two"


def chunk(index: int, text: str, finish: str | None = None) -> bytes:
    choice = {"index": index, "delta": {"content": text}, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


def test_the_end_comes_once_every_choice_has_said_its_last() -> None:
    events = (chunk(0, "a"), chunk(1, "b"), chunk(0, "", "stop"), chunk(1, " and more"), chunk(1, "", "stop"))
    with Upstream(Reply(events=(*events, b"data: [DONE]\n\n"))) as up:
        got = asyncio.run(ask(claude(up, "openai"), chat(stream=True, n=2)))
    raws = [json.loads(e.raw or b"") for e in got if isinstance(e, Delta)]
    said = [(c["index"], c["delta"]["content"]) for raw in raws for c in raw["choices"]]
    assert said == [(0, "a"), (1, "b"), (1, " and more"), (0, None)]
    assert [e.finish for e in got if isinstance(e, Delta) and e.has_content] == [None, None, None, "stop"]


def test_a_stream_that_is_cut_after_one_choices_end_has_no_end() -> None:
    events = (chunk(0, "a"), chunk(1, "b"), chunk(0, "", "stop"), chunk(1, " and"), chunk(1, " more"))
    got: list[Event] = []

    async def emit(event: Event) -> None:
        got.append(event)

    with Upstream(Reply(events=events, cut_after=4)) as up:
        model = claude(up, "openai")
        with pytest.raises(ProviderBroken):
            asyncio.run(put_to(LiteLLM(model, EVERYWHERE), model, chat(stream=True, n=2), emit))
    assert [e.text for e in got if isinstance(e, Delta) and e.finish] == []
    assert len(got) > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_leaves_ends_the_upstream_call(stream: bool) -> None:
    replies = [Reply(before_headers=FOREVER)]
    if stream:
        replies.append(Reply(events=anthropic_stream(*"abcdefghijklmnop"), between=0.05))

    async def leave(model: Model) -> float:
        task = asyncio.create_task(ask(model, chat(stream)))
        await asyncio.sleep(0.4)
        task.cancel()
        left = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.2)
        return left

    for reply in replies:
        took = []
        for _ in range(3):
            with Upstream(reply) as up:
                left = asyncio.run(leave(claude(up)))
                (request,) = up.requests
                up.wait(partial(getattr, request, "hung_up"))
                took.append((request.hung_up or FOREVER) - left)
        assert min(took) < SOON


@pytest.mark.parametrize(
    ("model", "urls"),
    [
        (Model("m", "anthropic", "claude"), []),
        (Model("m", "anthropic", "claude", base_url="http://10.0.0.1/v1"), ["http://10.0.0.1/v1"]),
        (Model("m", "huggingface", "https://10.0.0.1/x"), ["https://10.0.0.1/x"]),
        (Model("m", "huggingface", "tgi/http://h/x"), ["http://h/x"]),
        (Model("m", "ollama", "llama3"), ["http://localhost"]),
        (Model("m", "ollama", "llama3", base_url="http://h:1"), ["http://h:1"]),
    ],
)
def test_the_addresses_that_a_model_names_or_implies_are_known(model: Model, urls: list[str]) -> None:
    assert named_urls(model) == urls


def test_an_address_that_is_not_allowed_is_not_asked() -> None:
    async def emit(event: Event) -> None:
        raise AssertionError

    with Upstream() as up:
        model = Model("m", "anthropic", "claude", base_url=f"http://localhost:{up.port}", api_key="k")
        request = ChatRequest("auto", (Message("user", "x", b""),), {})
        with pytest.raises(ProviderUnavailable, match="may not connect to"):
            asyncio.run(put_to(LiteLLM(model, Reach()), model, request, emit))
        assert up.connections == 0


OPERATORS = "operators-own-secret-42"


def seen(up: Upstream) -> str:
    """All that an upstream was told in headers."""
    return "\n".join(value for request in up.requests for value in request.headers.values())


@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("deepinfra", "DEEPINFRA_API_KEY"),
        ("hosted_vllm", "HOSTED_VLLM_API_KEY"),
        ("anthropic", "ANTHROPIC_AUTH_TOKEN"),
        ("anthropic", "ANTHROPIC_API_KEY"),
    ],
)
def test_no_variable_of_the_operators_goes_to_a_base_url_unnamed(
    provider: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, OPERATORS)
    with Upstream(anthropic if provider == "anthropic" else Reply("ok")) as up:
        asyncio.run(ask(Model("m", provider, "m", base_url=up.url, retries=0), chat()))
    assert len(up.requests) == 1
    assert OPERATORS not in seen(up)


def test_the_variables_are_gone_through_at_the_start_and_not_at_each_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def emit(event: Event) -> None:
        pass

    async def twice(model: Model) -> list[str | None]:
        backend, left = LiteLLM(model, EVERYWHERE), []
        for _ in range(2):
            monkeypatch.setenv("CORP_TOKEN", OPERATORS)
            await put_to(backend, model, chat(), emit)
            left.append(os.environ.get("CORP_TOKEN"))
        return left

    with Upstream(anthropic) as up:
        assert asyncio.run(twice(claude(up))) == [None, OPERATORS]


def bedrock(up: Upstream) -> Model:
    name = "anthropic.claude-3-haiku-20240307-v1:0"
    return Model("m", "bedrock", name, base_url=up.url, timeouts=FAST, retries=0)


def test_a_cloud_is_not_asked_with_a_login_that_no_flag_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOPERATOR")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OPERATORS)
    monkeypatch.setenv("AWS_SESSION_TOKEN", OPERATORS)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with Upstream(Reply(json={})) as metadata, Upstream(Reply(json={})) as up:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url.removesuffix("/v1"))
        with pytest.raises(ProviderAuthentication):
            asyncio.run(ask(bedrock(up), chat(), Reach.of(["127.0.0.1"])))
    assert metadata.requests == up.requests == []


def test_a_cloud_is_asked_with_a_login_that_flags_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    for name in names:
        monkeypatch.setenv(name, "AKIAOPERATOR")
    monkeypatch.setenv("AWS_SESSION_TOKEN", OPERATORS)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    told = {
        "output": {"message": {"role": "assistant", "content": [{"text": "Good day"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
    }
    with Upstream(Reply(json=told)) as up:
        [answer] = asyncio.run(ask(bedrock(up), chat(), Reach.of(["127.0.0.1"]), names))
    assert isinstance(answer, Answer)
    assert answer.text == "Good day"
    assert "Credential=AKIAOPERATOR/" in seen(up)
    assert OPERATORS not in seen(up)


def test_a_model_with_an_address_and_no_key_is_asked_without_one() -> None:
    at = "https://model.example.org"
    assert arguments(Model("m", "groq", "m", base_url=at), chat(), 1.0)["api_key"] == "none"
    assert "api_key" not in arguments(Model("m", "groq", "m"), chat(), 1.0)
    assert "api_key" not in arguments(Model("m", "vertex_ai", "m", base_url=at), chat(), 1.0)


def test_an_address_that_a_caller_names_is_looked_at_before_litellm_fetches_it() -> None:
    assert load((), Reach()).user_url_validation is True
