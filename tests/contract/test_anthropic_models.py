"""The official `openai` client against a gateway whose model speaks Anthropic's Messages API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import openai
import pytest
from anthropic.types import Message, MessageParam, RawMessageStreamEvent, ToolParam
from pydantic import BaseModel, TypeAdapter

from gateway.backends.anthropic.abilities import abilities_of
from tests.folder import KEY, policy_folder
from tests.messages_replies import (
    anthropic,
    end,
    error,
    event,
    message,
    start,
    stream,
    text,
    thinking,
    tool_use,
)
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream

CLAUDE = """\
  - name: claude
    target: anthropic/{model}
    base_url: {url}
    api_key: ${{ANTHROPIC_KEY}}
    clearance: internal
    timeouts: {{connect: 1s, first_token: 1s, idle: 1s, total: 3s}}
    retries: 0
"""
ROUTES = """\
  - {name: safe, when: 'request.metadata["team"] == "safe"', model: claude, fallback: [small]}
"""
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
BUSY = event("error", error={"type": "overloaded_error", "message": "Overloaded"})


class Person(BaseModel):
    name: str
    age: int | None = None


def script(request: Recorded) -> Reply:
    blocks = request.body["messages"][-1]["content"]
    asked = blocks[-1].get("text", "the result")
    answers: dict[str, Any] = {
        "think": anthropic(thinking("Hmm."), text("Good day.")),
        "weather": anthropic(text("Let me see."), tool_use("weather", {"city": "Paris"}), stop="tool_use"),
        "person": anthropic(text('{"name": "Ada", "age": null}')),
        "long": anthropic(text("It goes on"), stop="max_tokens"),
        "refuse": anthropic(text("I"), stop="refusal"),
    }
    faults = {
        "wrong": error(400, "invalid_request_error", "messages.0: that is wrong"),
        "too much": error(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"),
        "no key": error(401, "authentication_error", "invalid x-api-key"),
        "slow down": error(429, "rate_limit_error", "too many", retry_after="7"),
        "busy": error(529, "overloaded_error", "Overloaded"),
        "busy later": Reply(events=(start(), event("ping"), BUSY)),
        "breaks": Reply(events=(*stream()[:5], BUSY)),
        "cut": Reply(events=stream(), cut_after=5),
        "empty": Reply(events=()),
    }
    if asked in faults:
        return faults[asked]
    reply: Reply = answers.get(asked, anthropic(text(f"You said: {asked}")))(request)
    return reply


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("claude")
    with Upstream(Reply("I speak chat.")) as chat:
        policies = policy_folder(folder / "policies", chat.url, ROUTES)
        file = policies / "policy.yaml"
        entry = CLAUDE.format(model="claude-haiku-4-5", url=up.url)
        file.write_text(file.read_text().replace("models:\n", "models:\n" + entry, 1))
        options = ("--secret", "ANTHROPIC_KEY")
        environment = {"ANTHROPIC_KEY": "sk-ant"}
        with Gateway(policies, folder / "data", *options, environment=environment) as running:
            yield running


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)


def say(client: openai.OpenAI, words: str, model: str = "claude", **members: Any) -> Any:
    return client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": words}], **members
    )


def streamed(client: openai.OpenAI, words: str, **members: Any) -> list[Any]:
    return list(say(client, words, stream=True, **members))


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_a_chat_is_answered(client: openai.OpenAI, up: Upstream) -> None:
    reply = client.chat.completions.create(
        model="claude",
        messages=[
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": "Hi"},
        ],
        temperature=1.5,
        stop=["END"],
        user="u1",
        seed=3,
    )
    assert reply.choices[0].message.content == "You said: Hi"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "claude"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (17, 5)
    assert reply.usage.prompt_tokens_details is not None
    assert reply.usage.prompt_tokens_details.cached_tokens == 3
    assert reply.usage.prompt_tokens_details.model_dump()["cache_write_tokens"] == 2
    asked = up.requests[-1]
    assert asked.headers["x-api-key"] == "sk-ant"
    assert asked.body == {
        "model": "claude-haiku-4-5",
        "max_tokens": 64_000,
        "temperature": 1,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u1"},
        "system": [text("Be kind.")],
        "messages": [
            {"role": "user", "content": [text("Hello")]},
            {"role": "assistant", "content": [text("Yes?")]},
            {"role": "user", "content": [text("Hi")]},
        ],
    }


def test_what_is_asked_is_what_anthropics_own_client_would_ask(client: openai.OpenAI, up: Upstream) -> None:
    say(client, "weather", tools=[WEATHER])
    body = up.requests[-1].body
    TypeAdapter(list[MessageParam]).validate_python(body["messages"])
    TypeAdapter(list[ToolParam]).validate_python(body["tools"])


def test_a_chat_is_streamed(client: openai.OpenAI) -> None:
    chunks = streamed(client, "hello there")
    assert text_of(chunks) == "You said: hello there"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.choices for chunk in chunks), "no usage chunk where none was asked for"


def test_usage_comes_once_in_a_stream_that_asks_for_it(client: openai.OpenAI) -> None:
    chunks = streamed(client, "hello", stream_options={"include_usage": True})
    [usage] = [chunk.usage for chunk in chunks if chunk.usage]
    assert usage.total_tokens == 22
    assert usage.prompt_tokens_details.model_dump()["cache_write_tokens"] == 2
    assert chunks[-1].choices == []


@pytest.mark.parametrize("stream", [False, True])
def test_tools_are_called_and_their_results_come_back(
    client: openai.OpenAI, up: Upstream, stream: bool
) -> None:
    if stream:
        chunks = streamed(client, "weather", tools=[WEATHER])
        parts = [part for c in chunks for part in c.choices[0].delta.tool_calls or []]
        call = {
            "id": parts[0].id,
            "name": parts[0].function.name,
            "arguments": "".join(part.function.arguments for part in parts),
        }
        assert len(parts) > 2
        assert chunks[-1].choices[0].finish_reason == "tool_calls"
    else:
        choice = say(client, "weather", tools=[WEATHER]).choices[0]
        assert choice.finish_reason == "tool_calls"
        assert choice.message.content == "Let me see."
        [made] = choice.message.tool_calls
        call = {"id": made.id, "name": made.function.name, "arguments": made.function.arguments}
    assert json.loads(call["arguments"]) == {"city": "Paris"}
    function: Any = {"name": call["name"], "arguments": call["arguments"]}
    reply = client.chat.completions.create(
        model="claude",
        messages=[
            {"role": "user", "content": "weather"},
            {
                "role": "assistant",
                "tool_calls": [{"id": call["id"], "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": call["id"], "content": "18 degrees"},
        ],
        tools=[WEATHER],
    )
    assert reply.choices[0].message.content == "You said: the result"
    assert up.requests[-1].body["messages"][1:] == [
        {"role": "assistant", "content": [tool_use("weather", {"city": "Paris"}, call["id"])]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": "18 degrees"}],
        },
    ]


def test_of_the_tools_those_alone_are_shown_that_may_be_called(client: openai.OpenAI, up: Upstream) -> None:
    other: Any = {"type": "function", "function": {"name": "other"}}
    named: Any = {"type": "function", "function": {"name": "weather"}}
    among: Any = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    say(client, "weather", tools=[other, WEATHER], tool_choice=among)
    assert [tool["name"] for tool in up.requests[-1].body["tools"]] == ["weather"]
    assert up.requests[-1].body["tool_choice"] == {"type": "any"}


def test_an_answer_has_the_structure_that_was_asked_for(client: openai.OpenAI, up: Upstream) -> None:
    reply = client.chat.completions.parse(
        model="claude", messages=[{"role": "user", "content": "person"}], response_format=Person
    )
    assert reply.choices[0].message.parsed == Person(name="Ada")
    asked = up.requests[-1].body["output_config"]["format"]
    assert asked["type"] == "json_schema"
    assert asked["schema"]["additionalProperties"] is False


def test_reasoning_comes_beside_the_answer(client: openai.OpenAI, up: Upstream) -> None:
    reply = say(client, "think", reasoning_effort="low")
    assert reply.choices[0].message.reasoning_content == "Hmm."
    assert reply.choices[0].message.content == "Good day."
    assert up.requests[-1].body["thinking"] == {"type": "enabled", "budget_tokens": 2_048}
    chunks = streamed(client, "think", reasoning_effort="low")
    assert "".join(getattr(c.choices[0].delta, "reasoning_content", None) or "" for c in chunks) == "Hmm."
    assert text_of(chunks) == "Good day."


@pytest.mark.parametrize(("words", "finish"), [("long", "length"), ("refuse", "content_filter")])
def test_why_it_stopped_is_told_in_openais_words(client: openai.OpenAI, words: str, finish: str) -> None:
    assert say(client, words).choices[0].finish_reason == finish
    assert streamed(client, words)[-1].choices[0].finish_reason == finish


# Callers of Responses


def test_a_response_is_answered_with_its_reasoning(client: openai.OpenAI, up: Upstream) -> None:
    reply = client.responses.create(
        model="claude", instructions="Be kind.", input="think", reasoning={"effort": "low"}, store=False
    )
    assert reply.output_text == "Good day."
    assert [item.type for item in reply.output] == ["reasoning", "message"]
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (17, 5)
    assert up.requests[-1].body["system"] == [text("Be kind.")]
    assert up.requests[-1].body["thinking"]["type"] == "enabled"


def test_a_response_is_streamed_with_its_calls(client: openai.OpenAI) -> None:
    tool: Any = {"type": "function", **WEATHER["function"], "strict": True}
    events = list(client.responses.create(model="claude", input="weather", tools=[tool], stream=True))
    last = events[-1]
    assert last.type == "response.completed"
    [said, call] = last.response.output
    assert said.type == "message"
    assert call.type == "function_call"
    assert (call.call_id, call.name, json.loads(call.arguments)) == ("toolu_1", "weather", {"city": "Paris"})


# Errors


def test_a_refusal_of_the_request_comes_in_openais_shape(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        say(client, "wrong")
    assert caught.value.type == "invalid_request_error"
    assert "messages.0: that is wrong" in caught.value.message


def test_a_prompt_that_is_too_long_is_known_by_its_code(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        say(client, "too much")
    assert caught.value.code == "context_length_exceeded"


def test_a_wrong_key_of_the_gateways_is_not_the_callers(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        say(client, "no key")
    assert (caught.value.status_code, caught.value.code) == (502, "provider_authentication")


def test_how_long_to_wait_is_passed_on(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        say(client, "slow down")
    assert caught.value.response.headers["retry-after"] == "7"


def test_what_cannot_be_asked_there_is_named(client: openai.OpenAI, up: Upstream) -> None:
    before = len(up.requests)
    with pytest.raises(openai.BadRequestError) as caught:
        say(client, "hello", n=2)
    assert (caught.value.param, caught.value.code) == ("n", "provider_speaks_another_api")
    assert len(up.requests) == before


@pytest.mark.parametrize("content", ["", " ", [{"type": "text", "text": ""}]])
def test_a_users_message_without_anything_in_it_does_not_change_the_conversation(
    client: openai.OpenAI, up: Upstream, content: Any
) -> None:
    before, said = (
        len(up.requests),
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}],
    )
    messages: Any = [*said, {"role": "user", "content": content}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="claude", messages=messages)
    assert (caught.value.param, caught.value.code) == ("messages[2]", "provider_speaks_another_api")
    assert len(up.requests) == before
    reply = client.chat.completions.create(model="auto", messages=messages, metadata={"team": "safe"})
    assert reply.choices[0].message.content == "I speak chat."


@pytest.mark.parametrize("words", ["breaks", "cut"])
def test_an_answer_that_breaks_off_ends_in_an_error(client: openai.OpenAI, words: str) -> None:
    heard: list[Any] = []
    with pytest.raises(openai.APIError):
        heard.extend(say(client, words, stream=True))
    assert text_of(heard) == "Good day"


@pytest.mark.parametrize("words", ["busy", "busy later", "empty", "two"])
def test_another_model_answers_where_nothing_was_said_yet(client: openai.OpenAI, words: str) -> None:
    """Overloaded, at once or as an event; without an event; asked for what it cannot say."""
    chunks = streamed(client, words, model="auto", metadata={"team": "safe"}, n=2 if words == "two" else 1)
    answered = [c for c in chunks if c.choices and c.choices[0].index == 0]
    assert text_of(answered).startswith("I speak chat.")


# What the gateway knows of the models


def models() -> dict[str, Any]:
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    table = json.loads((Path(spec.origin).parent / "model_prices_and_context_window_backup.json").read_text())
    return {name: entry for name, entry in table.items() if entry.get("litellm_provider") == "anthropic"}


@pytest.mark.parametrize("name", sorted(name for name in models() if "/" not in name))
def test_what_a_model_takes_is_what_litellms_table_says(name: str) -> None:
    entry, abilities = models()[name], abilities_of(name)
    assert abilities.most_output == entry["max_output_tokens"]
    assert abilities.adaptive is entry.get("supports_adaptive_thinking", False)
    assert abilities.sampling is entry.get("supports_sampling_params", True)
    assert bool(abilities.efforts) is entry.get("supports_output_config", False)
    assert ("xhigh" in abilities.efforts) is entry.get("supports_xhigh_reasoning_effort", False)
    assert ("max" in abilities.efforts) is entry.get("supports_max_reasoning_effort", False)


def test_the_script_says_what_anthropic_would() -> None:
    Message.model_validate(message(thinking("Hm"), tool_use("weather", {})))
    adapter: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
    for each in stream(thinking("Hm"), text("Hi"), tool_use("weather", {"a": 1})):
        data = json.loads(each.partition(b"data: ")[2])
        if data["type"] != "ping":
            adapter.validate_python(data)
    assert len(end()) == 2
