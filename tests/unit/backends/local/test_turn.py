"""The wrapper with the real embedder, over requests that it was and was not fitted on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest

from gateway.backends.local.extract import NOT_FOUND
from gateway.backends.local.turn import Turn, Wrapper, results_of
from gateway.backends.local.words import covered, rarity, stems
from gateway.backends.minilm import MiniLM
from gateway.types import ChatRequest, Label, Message, Passage, ToolCall, ToolResult, ToolSpec
from tests.unit.backends.local.cases import OFFICE, OFFICE_CASES, TODAY, TRAVEL, TRAVEL_CASES, Case
from tests.unit.backends.local.documents import LIBRARY, QUESTIONS
from tests.unit.backends.local.fresh import HOUSE, HOUSE_CASES, SHOP
from tests.unit.backends.local.held_out import SHOP_CASES, UNRELATED, shop_tools
from tests.unit.backends.local.installed import EMBEDDER, needs


@dataclass(frozen=True)
class Here:
    name: str = "minilm"
    clearance: Label = Label.CONFIDENTIAL


def asking(
    *said: str,
    tools: Sequence[ToolSpec] = (),
    passages: Sequence[Passage] = (),
    label: Label = Label.PUBLIC,
    **fields: bytes,
) -> ChatRequest:
    messages = tuple(Message("user", text, b"") for text in said)
    return ChatRequest("auto", messages, fields, offered=tuple(tools), passages=tuple(passages), label=label)


@cache
def minilm() -> MiniLM:
    """Loaded once for all tests: it keeps nothing of an event loop."""
    return MiniLM()


def turns(*requests: ChatRequest, embedded: bool = True) -> list[Turn | None]:
    needs(*EMBEDDER)

    async def run() -> list[Turn | None]:
        wrapper = Wrapper(minilm() if embedded else None, Here(), lambda: TODAY)
        return [await wrapper.turn(request) for request in requests]

    return asyncio.run(run())


def called(turn: Turn | None) -> list[tuple[str, dict[str, object]]]:
    return [] if turn is None else [(c.name, json.loads(c.arguments)) for c in turn.calls]


def searched(documents: Sequence[Passage], question: str) -> list[Passage]:
    """The documents, best first, as a search by words would give them."""
    held = [stems(f"{p.title} {p.text}") for p in documents]
    weight, asked = rarity(held), stems(question)
    order = sorted(range(len(documents)), key=lambda i: -covered(asked, held[i], weight))
    return [documents[i] for i in order[:4]]


def figures(*groups: tuple[Sequence[ToolSpec], Sequence[Case]]) -> tuple[float, float]:
    """The shares of requests served by the right call, and of those left alone that no tool serves."""
    asked = [(case, asking(case.request, tools=tools)) for tools, cases in groups for case in cases]
    got = turns(*(request for _, request in asked))
    right = [called(t) == [(c.tool, c.arguments)] for (c, _), t in zip(asked, got, strict=True) if c.tool]
    left = [t is None for (c, _), t in zip(asked, got, strict=True) if not c.tool]
    print(f"figures: {sum(right)} of {len(right)} called rightly, {sum(left)} of {len(left)} left alone")
    return sum(right) / len(right), sum(left) / len(left)


def test_figures_on_the_requests_that_it_was_fitted_on() -> None:
    right, left = figures((OFFICE, OFFICE_CASES), (TRAVEL, TRAVEL_CASES))
    assert right >= 0.9
    assert left >= 0.9


def test_figures_on_requests_written_after_it() -> None:
    right, left = figures((shop_tools(), SHOP_CASES), *UNRELATED, (shop_tools(), SHOP), (HOUSE, HOUSE_CASES))
    assert right >= 0.9
    assert left >= 0.75


def test_figures_on_questions_about_documents() -> None:
    ranked = [searched(documents, question) for documents, question, _ in QUESTIONS]
    got = turns(*(asking(q, passages=p) for p, (_, q, _) in zip(ranked, QUESTIONS, strict=True)))
    texts = [turn.text if turn is not None else "" for turn in got]
    said = [(text, want) for text, (_, _, want) in zip(texts, QUESTIONS, strict=True)]
    right = sum(want is not None and want in text for text, want in said)
    silent = sum(want is not None and text == NOT_FOUND for text, want in said)
    honest = [text == NOT_FOUND for text, want in said if want is None]
    print(
        f"figures: {right} quoted rightly, {silent} left alone of {len(said) - len(honest)} that are answered"
    )
    assert right >= 12
    assert right + silent >= 15
    assert all(honest)


def test_a_request_with_neither_tools_nor_passages_is_open_chat() -> None:
    assert turns(asking("hello"), asking("hello", tools=OFFICE)) == [None, None]


def test_documents_searched_in_vain_are_said_so() -> None:
    searched = ChatRequest("auto", (Message("user", "Do you sell boats?", b""),), {}, searched=("handbook",))
    assert turns(searched) == [Turn(NOT_FOUND)]


def test_what_is_missing_is_asked_for_and_read_from_the_answer() -> None:
    first, second = turns(
        asking("Where is my order?", tools=shop_tools()),
        asking("Where is my order?", "1012", tools=shop_tools()),
    )
    assert first is not None
    assert "order id" in first.text
    assert called(second) == [("order_status", {"order_id": 1012})]


def test_a_request_for_two_things_calls_two_tools() -> None:
    (turn,) = turns(
        asking("What's the status of order 1007 and what time is it in Lima?", tools=shop_tools())
    )
    assert called(turn) == [
        ("order_status", {"order_id": 1007}),
        ("current_time", {"timezone": "America/Lima"}),
    ]


def test_results_are_said_together_with_what_the_documents_add() -> None:
    tool = ToolSpec("loan", "", {}, reply="Your loan ends on {until}.")
    request = asking("Until when do I have the book, and how often can a loan be renewed?", passages=LIBRARY)
    done = ChatRequest(
        **{name: getattr(request, name) for name in ("model", "messages", "fields", "passages")},
        results=((tool, ToolResult("", structured={"until": "Friday"})),),
    )
    (turn,) = turns(done)
    assert turn is not None
    assert turn.text.startswith("Your loan ends on Friday.\n\n“")
    assert "renewed twice" in turn.text


def test_the_callers_own_results_are_said_too() -> None:
    call = ToolCall("c1", "lookup", "{}")
    messages = (
        Message("user", "And?", b""),
        Message("assistant", "", b"", tool_calls=(call,)),
        Message("tool", '{"state": "open"}', b"", tool_call_id="c1"),
    )
    request = ChatRequest("auto", messages, {}, tools=(ToolSpec("lookup", "Look it up.", {}),))
    assert turns(request) == [Turn("state: open.")]
    assert results_of(ChatRequest("auto", (*messages, Message("user", "More", b"")), {})) == ()


def test_what_the_caller_says_of_tools_is_heeded() -> None:
    text = "Where is order 1012?"
    none, named = turns(
        asking(text, tools=shop_tools(), tool_choice=b'"none"'),
        asking(
            text, tools=shop_tools(), tool_choice=b'{"type":"function","function":{"name":"current_time"}}'
        ),
    )
    assert none is None
    assert called(named) == [("current_time", {})]


def test_what_the_embedder_is_not_cleared_for_goes_by_words() -> None:
    secret = asking("status of order 1012 please", tools=shop_tools(), label=Label.RESTRICTED)
    (turn,) = turns(secret)
    assert called(turn) == [("order_status", {"order_id": 1012})]


@pytest.mark.parametrize("raw", [b"{", b"17", b'{"function": 3}'])
def test_a_tool_choice_that_is_none_is_auto(raw: bytes) -> None:
    (turn,) = turns(asking("Where is order 1012?", tools=shop_tools(), tool_choice=raw))
    assert called(turn) == [("order_status", {"order_id": 1012})]
