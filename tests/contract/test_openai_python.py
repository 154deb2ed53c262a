"""The official `openai` client, sync and async, against a gateway on a live port and a scripted upstream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.folder import KEY, policy_folder
from tests.running import Gateway
from tests.upstream import Call, Recorded, Reply, Upstream


def script(request: Recorded) -> Reply:
    if "weather" in request.question:
        return Reply(calls=(Call("weather", {"city": "Paris"}),))
    return Reply(request.question.upper())


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("contract")
    with Gateway(policy_folder(folder / "policies", up.url), folder / "data") as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)


def test_a_chat_is_answered(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "hello"}])
    assert reply.choices[0].message.content == "HELLO"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens > 0


def test_a_chat_is_streamed(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "hello there"}], stream=True
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "HELLO THERE"
    assert all(c.choices for c in chunks), "no usage chunk where none was asked for"


def test_usage_comes_in_a_stream_that_asks_for_it(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "hello"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    last = list(stream)[-1]
    assert last.choices == []
    assert last.usage is not None


def test_a_callers_own_tools_are_relayed(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "weather?"}],
        tools=[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
    )
    (call,) = reply.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Paris"})
    assert reply.choices[0].finish_reason == "tool_calls"


def test_the_upstream_gets_what_was_sent_but_for_the_model(client: openai.OpenAI, up: Upstream) -> None:
    client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "hello"}],
        seed=7,
        logit_bias={"50256": -100},
        extra_body={"new_parameter": {"b": [1, 2.50]}},
    )
    sent = up.requests[-1]
    assert sent.body["model"] == "upstream-model"
    assert sent.body["seed"] == 7
    assert sent.body["logit_bias"] == {"50256": -100}
    assert sent.body["new_parameter"] == {"b": [1, 2.5]}
    assert KEY not in str(sent.headers)


def test_models_are_listed_and_each_can_be_looked_up(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert {"auto", "small", "route/everything-else"} <= set(names)
    assert client.models.retrieve("route/everything-else").id == "route/everything-else"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_the_async_client_is_answered_and_streamed_to(gateway: Gateway) -> None:
    async def talk() -> tuple[str | None, str]:
        client = openai.AsyncOpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)
        whole = await client.chat.completions.create(
            model="auto", messages=[{"role": "user", "content": "hello"}]
        )
        stream = await client.chat.completions.create(
            model="auto", messages=[{"role": "user", "content": "hello"}], stream=True
        )
        text = [c.choices[0].delta.content or "" async for c in stream if c.choices]
        await client.close()
        return whole.choices[0].message.content, "".join(text)

    assert asyncio.run(talk()) == ("HELLO", "HELLO")


def test_a_wrong_key_is_an_authentication_error(gateway: Gateway) -> None:
    client = openai.OpenAI(base_url=gateway.url + "/v1", api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as refused:
        client.models.list()
    assert refused.value.code == "invalid_api_key"


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="gpt-99", messages=[{"role": "user", "content": "x"}])
    assert refused.value.code == "model_not_found"
    assert refused.value.param == "model"


def test_a_credential_is_blocked_and_reaches_nobody(client: openai.OpenAI, up: Upstream) -> None:
    secret = "sk-proj-" + "Qz7Rk2Lm9Xw4Vb8N" * 3
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.chat.completions.create(
            model="auto", messages=[{"role": "user", "content": f"Why does the key {secret} not work?"}]
        )
    assert refused.value.code == "policy_blocked"
    assert secret not in str(refused.value)
    assert all(secret.encode() not in request.raw for request in up.requests)
