from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from gateway.backends.local.chat import LocalChat
from gateway.backends.local.smollm import SmolLM
from gateway.labels import clear
from gateway.types import Answer, ChatRequest, Delta, Event, Label, Message, Passage, Timeouts
from tests.unit.backends.local.cases import TODAY, TRAVEL
from tests.unit.backends.local.documents import LIBRARY
from tests.unit.backends.local.installed import MODEL, needs


@dataclass(frozen=True)
class Here:
    name: str = "local"
    clearance: Label = Label.RESTRICTED


def asking(text: str, **more: Any) -> ChatRequest:
    return ChatRequest("auto", (Message("user", text, b""),), more.pop("fields", {}), **more)


def answers(*requests: ChatRequest) -> list[list[Event]]:
    needs(*MODEL)

    async def run() -> list[list[Event]]:
        chat = LocalChat(SmolLM(), today=lambda: TODAY)
        told: list[list[Event]] = []
        for request in requests:
            events: list[Event] = []

            async def emit(event: Event, into: list[Event] = events) -> None:
                into.append(event)

            await chat.answer(clear(request, request.label, Here(), "model"), emit, Timeouts())
            told.append(events)
        await chat.close()
        return told

    return asyncio.run(run())


def whole(events: list[Event]) -> Answer:
    (answer,) = events
    assert isinstance(answer, Answer)
    return answer


def deltas(events: list[Event]) -> list[Delta]:
    assert all(isinstance(e, Delta) for e in events)
    return [e for e in events if isinstance(e, Delta)]


def quotable(text: str = "Is food allowed in the study rooms?", **more: Any) -> ChatRequest:
    return asking(text, passages=LIBRARY, **more)


def test_open_chat_comes_whole_and_in_pieces_with_the_tokens_counted() -> None:
    question = asking("hello", fields={"temperature": b"0"})
    one, streamed, short = answers(question, replace(question, stream=True), replace(question, max_tokens=2))
    assert whole(one).text.startswith("Hello")
    assert whole(one).finish == "stop"
    pieces = deltas(streamed)
    assert "".join(d.text for d in pieces).strip() == whole(one).text
    assert len(pieces) > 3
    assert pieces[-1].finish == "stop"
    usage = pieces[-1].usage
    assert usage is not None
    assert not usage.estimated
    assert usage.output > 3
    assert whole(short).finish == "length"


def test_open_chat_stops_where_the_caller_says() -> None:
    question = asking("hello", fields={"temperature": b"0", "stop": b'["!"]'})
    (one,) = answers(question)
    assert whole(one).text == "Hello"


def test_a_quote_comes_whole_and_streamed_with_its_usage_estimated() -> None:
    one, streamed = answers(quotable(), quotable(stream=True))
    answer = whole(one)
    assert "Food is not allowed" in answer.text
    assert answer.text.endswith("[5]")
    assert answer.usage is not None
    assert answer.usage.estimated
    first, last = deltas(streamed)
    assert (first.text, last.finish) == (answer.text, "stop")


def test_a_tool_call_comes_whole_and_streamed() -> None:
    request = asking("trains from Bonn to Ulm", tools=TRAVEL)
    one, streamed = answers(request, replace(request, stream=True))
    (call,) = whole(one).tool_calls
    assert whole(one).finish == "tool_calls"
    assert (call.name, json.loads(call.arguments)) == (
        "search_trains",
        {"origin": "Bonn", "destination": "Ulm"},
    )
    first, last = deltas(streamed)
    assert (first.tool_calls[0].name, first.tool_calls[0].index, last.finish) == (
        "search_trains",
        0,
        "tool_calls",
    )


def test_json_is_valid_and_takes_the_schemas_only_string() -> None:
    schema = {
        "json_schema": {"schema": {"properties": {"reply": {"type": "string"}, "n": {"type": "integer"}}}}
    }
    plain, named, streamed = answers(
        quotable(wants_json=True),
        quotable(wants_json=True, fields={"response_format": json.dumps(schema).encode()}),
        quotable(wants_json=True, stream=True),
    )
    assert "Food" in json.loads(whole(plain).text)["answer"]
    assert "Food" in json.loads(whole(named).text)["reply"]
    assert "Food" in json.loads("".join(d.text for d in deltas(streamed)))["answer"]


def test_a_limit_on_tokens_cuts_a_quote() -> None:
    (one,) = answers(quotable(max_tokens=4))
    assert whole(one).finish == "length"
    assert len(whole(one).text) <= 16


def test_what_the_passages_do_not_say_is_not_made_up() -> None:
    nothing = Passage("Trees grow.", "a.md", "", "k", 0.1)
    (one,) = answers(asking("Who won the cup in 1998?", passages=(nothing,)))
    assert whole(one).text == "I could not find that in the documents."


@pytest.mark.parametrize("most", [-5, 0])
def test_a_limit_below_one_is_none(most: int) -> None:
    assert whole(answers(quotable(max_tokens=most))[0]) == whole(answers(quotable())[0])


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": b"1" + b"0" * 400, "stop": b"5"},
        {"temperature": b"-1e400", "stop": b"[5, null]"},
        {"temperature": b"NaN", "response_format": b'{"type":"json_schema","json_schema":{"schema":5}}'},
        {"response_format": b"[" * 100_000 + b"]" * 100_000},
    ],
)
def test_members_that_make_no_sense_are_passed_over(fields: dict[str, bytes]) -> None:
    assert whole(answers(asking("Hi", max_tokens=2, fields=fields))[0]).finish in ("stop", "length")
