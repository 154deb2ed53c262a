"""Passages go into the prompt with their numbers, and the cited ones are named."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from gateway.interfaces import Emit
from gateway.labels import Cleared
from gateway.masks import Mask
from gateway.policy.schema import Knowledge, Retrieve
from gateway.strategies.inflow import Inflow
from gateway.strategies.retrieve import retrieve
from gateway.types import (
    Answer,
    ChatRequest,
    Delta,
    Event,
    Finding,
    Label,
    Message,
    Passage,
    Refused,
    Retrieved,
)

RETURNS = Passage("Goods may be sent back for 30 days.", "returns.md", "Returns › How long", "handbook", 0.9)


@dataclass
class Base:
    """A knowledge base that remembers what it was asked."""

    found: tuple[Passage, ...]
    asked: list[str] = field(default_factory=list)
    ready: bool = True

    async def search(self, query: Cleared[str], top: int) -> tuple[Passage, ...]:
        self.asked.append(query.value)
        return self.found[:top]

    async def relevance(self, query: Cleared[str]) -> float:
        return max((p.score for p in self.found), default=0.0)


@dataclass
class Model:
    events: tuple[Event, ...]
    request: ChatRequest | None = None

    async def __call__(self, request: ChatRequest, emit: Emit) -> None:
        self.request = request
        for event in self.events:
            await emit(event)


def find(text: str) -> tuple[Finding, ...]:
    at = text.find("sk-")
    return (Finding("api_key", "credential", Label.RESTRICTED, -1, at, at + 8, 1.0),) if at >= 0 else ()


def ask(
    model: Model,
    base: Base,
    knowledge: Knowledge | None = None,
    request: ChatRequest | None = None,
    clearance: Label = Label.RESTRICTED,
    mask: Mask | None = None,
) -> list[Event]:
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        seen.append(event)

    knowledge = knowledge or Knowledge("handbook", ("*.md",))
    request = request or ChatRequest("auto", (Message("user", "How long for returns?", b"{}"),), {})
    inflow = Inflow(find, clearance, mask)
    asyncio.run(retrieve(model, Retrieve(("handbook",)), [(knowledge, base)], inflow)(request, emit))
    return seen


def test_passages_stand_numbered_before_the_question() -> None:
    model, base = Model((Answer("30 days [1]."),)), Base((RETURNS,))
    ask(model, base)
    assert base.asked == ["How long for returns?"]
    assert model.request is not None
    context, question = model.request.messages
    assert "[1] returns.md › Returns › How long\nGoods may be sent back" in context.text
    assert json.loads(context.raw) == {"role": "system", "content": context.text}
    assert not context.trusted
    assert question.role == "user"


def test_cited_sources_are_named_at_the_end_of_a_whole_answer_and_in_its_json() -> None:
    raw = json.dumps({"choices": [{"message": {"content": "30 days [1]."}}]}).encode()
    seen = ask(Model((Answer("30 days [1].", raw=raw),)), Base((RETURNS,)))
    (answer,) = [event for event in seen if isinstance(event, Answer)]
    assert answer.text.endswith("Sources: [1] returns.md › Returns › How long")
    assert answer.raw is not None
    assert json.loads(answer.raw)["choices"][0]["message"]["content"] == answer.text


def test_cited_sources_are_named_before_a_stream_finishes() -> None:
    request = ChatRequest("auto", (Message("user", "x", b"{}"),), {}, stream=True)
    seen = ask(
        Model((Delta("30 days ["), Delta("1]."), Delta(finish="stop"))), Base((RETURNS,)), request=request
    )
    deltas = [event for event in seen if isinstance(event, Delta)]
    assert (deltas[-1].text.strip(), deltas[-1].finish) == (
        "Sources: [1] returns.md › Returns › How long",
        "stop",
    )
    assert deltas[-1].finish == "stop"


def test_an_answer_that_cites_nothing_is_left_alone() -> None:
    seen = ask(Model((Answer("Hello [7]."),)), Base((RETURNS,)))
    assert Answer("Hello [7].") in seen


def test_json_answers_are_left_alone() -> None:
    request = ChatRequest("auto", (Message("user", "x", b"{}"),), {}, wants_json=True)
    seen = ask(Model((Answer('{"a": "[1]"}'),)), Base((RETURNS,)), request=request)
    assert Answer('{"a": "[1]"}') in seen


def test_the_passages_label_raises_the_requests() -> None:
    model = Model((Answer("x"),))
    secret = Passage("x", "a.md", "", "handbook", 0.9, label=Label.CONFIDENTIAL)
    ask(model, Base((secret,)))
    assert model.request is not None
    assert model.request.label is Label.CONFIDENTIAL


def test_a_base_that_is_not_cleared_for_the_question_is_not_asked() -> None:
    base = Base((RETURNS,))
    request = ChatRequest("auto", (Message("user", "x", b"{}"),), {}, label=Label.RESTRICTED)
    seen = ask(Model((Answer("x"),)), base, Knowledge("handbook", (), clearance=Label.INTERNAL), request)
    assert base.asked == []
    assert Refused("retriever", "handbook", Label.RESTRICTED) in seen


def test_where_nothing_is_found_the_model_is_told_to_say_so() -> None:
    model = Model((Answer("I could not find it."),))
    seen = ask(model, Base(()))
    assert model.request is not None
    assert model.request.searched == ("handbook",)
    assert "could not find it" in model.request.messages[0].text
    assert [e.passages for e in seen if isinstance(e, Retrieved)] == [()]


def test_what_is_found_in_a_passage_raises_the_label_too() -> None:
    model = Model((Answer("x"),))
    ask(model, Base((Passage("the key is sk-1", "a.md", "", "handbook", 0.9),)))
    assert model.request is not None
    assert model.request.label is Label.RESTRICTED


def test_a_passage_above_the_callers_clearance_does_not_flow_in() -> None:
    model = Model((Answer("x"),))
    ask(model, Base((Passage("the key is sk-1", "a.md", "", "handbook", 0.9),)), clearance=Label.INTERNAL)
    assert model.request is not None
    assert model.request.passages == ()
    assert all("sk-1" not in message.text for message in model.request.messages)


def test_a_passage_is_masked_and_labelled_with_its_path_and_title() -> None:
    named = Passage("Keys are kept.", "keys/sk-12345.md", "For sk-12345", "handbook", 0.9)
    model = Model((Answer("ok"),))
    ask(model, Base((named,)), mask=Mask(["credential"], Label.PUBLIC))
    assert model.request is not None
    assert "[1] keys/[API_KEY_1].md › For [API_KEY_1]" in model.request.messages[0].text
    withheld = Model((Answer("ok"),))
    ask(withheld, Base((named,)), clearance=Label.INTERNAL)
    assert withheld.request is not None
    assert withheld.request.passages == ()


def test_sources_stand_behind_an_answer_that_came_in_one_chunk() -> None:
    request = ChatRequest("auto", (Message("user", "x", b"{}"),), {}, stream=True)
    seen = ask(Model((Delta("30 days [1].", finish="stop"),)), Base((RETURNS,)), request=request)
    (delta,) = (event for event in seen if isinstance(event, Delta))
    assert delta.text == "30 days [1].\n\nSources: [1] returns.md › Returns › How long"
