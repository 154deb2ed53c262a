"""Whatever a model says, every API's stream is well formed: as it is published, and as the SDKs read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from hypothesis import given

from gateway.api.chat import CHAT
from gateway.api.dialect import Dialect
from gateway.api.messages.dialect import MESSAGES
from gateway.types import Answer, Api
from tests.fuzz.answers import DIALECTS, Said, answers, events, said, streamed, whole
from tests.fuzz.profile import tried
from tests.published import ANTHROPIC, OPENAI, event_mistakes, mistakes

COMPLETIONS, RESPONSES = DIALECTS[1], DIALECTS[3]
WHOLE = {
    Api.CHAT: (OPENAI, "CreateChatCompletionResponse"),
    Api.COMPLETIONS: (OPENAI, "CreateCompletionResponse"),
    Api.RESPONSES: (OPENAI, "Response"),
    Api.MESSAGES: (ANTHROPIC, "Message"),
}
EVENT: dict[Api, Callable[[Any], list[str]]] = {
    Api.CHAT: lambda event: mistakes(OPENAI, "CreateChatCompletionStreamResponse", event),
    Api.COMPLETIONS: lambda event: mistakes(OPENAI, "CreateCompletionResponse", event),
    Api.RESPONSES: lambda event: event_mistakes(OPENAI, "ResponseStreamEvent", event),
    Api.MESSAGES: lambda event: event_mistakes(ANTHROPIC, "MessageStreamEvent", event),
}


def serving(stream: bytes) -> httpx2.Client:
    """A client of HTTP that gets this stream, whatever it asks for."""
    head = {"content-type": "text/event-stream; charset=utf-8"}
    return httpx2.Client(
        transport=httpx2.MockTransport(lambda _: httpx2.Response(200, headers=head, content=stream))
    )


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.api.value)
@given(said())
@tried(30)
def test_every_event_is_one_that_is_published(dialect: Dialect, answer: Said) -> None:
    for name, event in events(streamed(dialect, answer.deltas)):
        if event is not None and name != "ping":
            assert EVENT[dialect.api](event) == [], event
            assert name in ("", event["type"] if name else "")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.api.value)
@given(answers)
@tried(30)
def test_a_whole_answer_is_one_that_is_published(dialect: Dialect, answer: Answer) -> None:
    assert mistakes(*WHOLE[dialect.api], whole(dialect, answer)) == []


@given(said())
@tried(30)
def test_openais_client_puts_a_chat_together_again(answer: Said) -> None:
    with serving(streamed(CHAT, answer.deltas)) as http:
        client = openai.OpenAI(api_key="any", http_client=http, max_retries=0)
        asked: Any = {"model": "auto", "messages": [{"role": "user", "content": "x"}]}
        pieces = list(client.chat.completions.create(**asked, stream=True))
    deltas = [choice.delta for piece in pieces for choice in piece.choices]
    assert "".join(delta.content or "" for delta in deltas) == answer.text
    assert "".join(delta.refusal or "" for delta in deltas) == answer.refusal
    calls: dict[int, list[str]] = {}
    for call in (call for delta in deltas for call in delta.tool_calls or ()):
        assert call.function is not None
        made = calls.setdefault(call.index, ["", ""])
        made[0] += call.function.name or ""
        made[1] += call.function.arguments or ""
    assert {index: tuple(made) for index, made in calls.items()} == answer.calls
    assert pieces[-1].choices or pieces[-1].usage is not None


@given(said())
@tried(30)
def test_openais_client_puts_a_response_together_again(answer: Said) -> None:
    with serving(streamed(RESPONSES, answer.deltas)) as http:
        client = openai.OpenAI(api_key="any", http_client=http, max_retries=0)
        with client.responses.stream(model="auto", input="x") as stream:
            told = list(stream)
        final: Any = told[-1]
    assert final.type in ("response.completed", "response.incomplete")
    items = final.response.output
    parts = [part for item in items if item.type == "message" for part in item.content]
    assert "".join(part.text for part in parts if part.type == "output_text") == answer.text
    assert "".join(part.refusal for part in parts if part.type == "refusal") == answer.refusal
    calls = [(item.name, item.arguments) for item in items if item.type == "function_call"]
    assert calls == list(answer.calls.values())
    numbers = [event.sequence_number for event in told if hasattr(event, "sequence_number")]
    assert numbers == sorted(set(numbers))


@given(said(calls=False))
@tried(30)
def test_anthropics_client_puts_a_message_together_again(answer: Said) -> None:
    final = _message(answer)
    told = [block.text for block in final.content if block.type == "text"]
    assert len("".join(told)) == len(answer.text) + len(answer.refusal)
    assert final.stop_reason is not None


@given(said())
@tried(30)
def test_anthropics_blocks_follow_one_another_whatever_is_called(answer: Said) -> None:
    """Arguments need not be JSON, which the client would refuse: the blocks are counted instead."""
    told = [event for _, event in events(streamed(MESSAGES, answer.deltas))]
    assert [event["type"] for event in told[:1] + told[-2:]] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    at, names = -1, []
    begun = False
    for event in (event for event in told if event["type"].startswith("content_block")):
        if event["type"] == "content_block_start":
            assert not begun
            begun, at = True, at + 1
            block = event["content_block"]
            names += [block["name"]] if block["type"] == "tool_use" else []
        assert (begun, event["index"]) == (True, at)
        begun = event["type"] != "content_block_stop"
    assert not begun
    assert sorted(names) == sorted(name for name, _ in answer.calls.values())


def _message(answer: Said) -> anthropic.types.Message:
    with serving(streamed(MESSAGES, answer.deltas)) as http:
        client = anthropic.Anthropic(api_key="any", http_client=http, max_retries=0)
        asked: Any = {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
        with client.messages.stream(**asked) as stream:
            return stream.get_final_message()
