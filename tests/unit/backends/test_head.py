from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.backends.head import HeadModel
from gateway.backends.minilm import MiniLM
from gateway.errors import Abstained
from gateway.labels import Cleared, clear
from gateway.policy.schema import Model
from gateway.tuning.head import Head, Verdict
from gateway.types import Answer, ChatRequest, Delta, Event, Label, Message, Timeouts

SPEC = Model("tagger", "local", "tagger", clearance=Label.RESTRICTED)
EMBEDDER = Model("minilm", "local", "minilm", kind="embedding", clearance=Label.RESTRICTED)
SHIPPED = Path(__file__).parents[3] / "policies/heads/ticket-tagger/head.npz"


class Colours:
    """A head that reads a colour off a text, and is unsure where there is none."""

    classes = ("deep_red", "blue")

    def readings(self, text: str) -> tuple[str, ...]:
        asked = text.rpartition("Text:")[2].strip()
        return (asked, text) if asked else ()

    def predict(self, text: str, vectors: NDArray[np.float32]) -> Verdict:
        assert vectors.shape == (2, 3)
        label = "blue" if "blue" in text else "deep_red"
        return Verdict(label, 0.9712345, unsure="red" not in text and "blue" not in text)


class Zeros:
    """An embedder that remembers with which labels it was asked."""

    dimensions = 3

    def __init__(self) -> None:
        self.labels: list[Label] = []

    async def embed(self, texts: Cleared[tuple[str, ...]]) -> NDArray[np.float32]:
        self.labels.append(texts.label)
        return np.zeros((len(texts.value), 3), dtype=np.float32)


def request(text: str, *, system: str = "", stream: bool = False, wanted: Any = None) -> ChatRequest:
    messages = [Message("system", system, b"{}")] if system else []
    fields = {} if wanted is None else {"response_format": json.dumps(wanted).encode()}
    return ChatRequest("auto", (*messages, Message("user", text, b"{}")), fields, stream=stream)


def said(asked: ChatRequest, embedder: Any = None, embed_to: Model = EMBEDDER) -> list[Event]:
    events: list[Event] = []

    async def emit(event: Event) -> None:
        events.append(event)

    model = HeadModel(SPEC, Colours(), embedder or Zeros(), embed_to)
    asyncio.run(model.answer(clear(asked, asked.label, SPEC, "model"), emit, Timeouts()))
    return events


def answer(asked: ChatRequest) -> Answer:
    (event,) = said(asked)
    assert isinstance(event, Answer)
    return event


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties": properties}}}


def test_the_label_is_the_answer_with_its_confidence_and_an_estimated_usage() -> None:
    given = answer(request("the sea is blue"))
    assert (given.text, given.confidence, given.finish) == ("blue", 0.9712345, "stop")
    assert given.usage is not None
    assert given.usage.estimated
    assert (given.usage.input, given.usage.output) == (4, 1)


def test_a_stream_says_the_label_then_finishes_with_the_usage() -> None:
    first, last = said(request("blue", stream=True))
    assert isinstance(first, Delta)
    assert isinstance(last, Delta)
    assert (first.text, last.finish) == ("blue", "stop")
    assert last.usage is not None


def test_json_mode_gets_label_and_confidence() -> None:
    given = answer(request("blue", wanted={"type": "json_object"}))
    assert json.loads(given.text) == {"label": "blue", "confidence": 0.9712}


def test_a_schema_gets_the_label_under_its_own_name_and_in_its_own_spelling() -> None:
    wanted = schema(colour={"type": "string", "enum": ["Deep Red", "Blue"]})
    assert json.loads(answer(request("red", wanted=wanted)).text) == {"colour": "Deep Red"}


def test_labels_listed_in_the_system_prompt_are_spelt_as_there() -> None:
    assert answer(request("red", system="Answer with one of: DEEP RED, BLUE")).text == "DEEP RED"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (request("grass"), "not sure enough"),
        (request(""), "nothing to classify"),
        (request("Text:"), "nothing to classify"),
        (request("blue", wanted=schema(c={"type": "string", "enum": ["blue", "green"]})), "not fitted for"),
        (request("red", wanted=schema(c={"type": "string", "enum": ["blue"]})), "not among those"),
        (request("red", wanted=schema(a={"type": "string"}, b={"type": "string"})), "exactly one text"),
        (request("red", system="Answer with one of: happy, sad"), "not fitted for"),
        (request("One of: warm, cold. Text: red"), "not fitted for"),
        (ChatRequest("auto", (), {}), "cannot be read"),
        (ChatRequest("auto", (Message("user", "red", b"{}", unreadable=True),), {}), "cannot be read"),
    ],
)
def test_it_abstains_rather_than_guess(asked: ChatRequest, why: str) -> None:
    with pytest.raises(Abstained, match=why) as raised:
        said(asked)
    assert "grass" not in raised.value.message


def test_the_embedder_gets_the_requests_label() -> None:
    embedder = Zeros()
    said(request("blue").labelled(Label.CONFIDENTIAL), embedder)
    assert embedder.labels == [Label.CONFIDENTIAL] * 2


def test_an_embedder_that_is_not_cleared_is_not_asked() -> None:
    embedder, to = Zeros(), Model("remote", "openai", "embed", kind="embedding")
    with pytest.raises(Abstained, match="not cleared"):
        said(request("blue").labelled(Label.INTERNAL), embedder, to)
    assert embedder.labels == []


def shipped(texts: list[str]) -> list[str]:
    """What the shipped head says of tickets; an empty text where it abstains."""

    async def run() -> list[str]:
        embedder = MiniLM()
        model = HeadModel(SPEC, Head.load(SHIPPED), embedder, EMBEDDER)
        answers = [await _one(model, text) for text in texts]
        await embedder.close()
        return answers

    return asyncio.run(run())


async def _one(model: HeadModel, text: str) -> str:
    given: list[str] = []

    async def emit(event: Event) -> None:
        assert isinstance(event, Answer)
        given.append(event.text)

    asked = request(text)
    try:
        await model.answer(clear(asked, Label.PUBLIC, SPEC, "model"), emit, Timeouts())
    except Abstained:
        return ""
    return given[0]


def test_the_shipped_head_labels_plain_tickets_with_and_without_an_instruction() -> None:
    wrap: list[Callable[[str], str]] = [str, lambda t: f"Which category does this ticket belong to: {t}"]
    tickets = {
        "You debited my account twice for the same purchase, please refund one payment": "billing",
        "my package has been sitting in the same depot for days, where is it": "shipping",
        "I cannot log in, the password reset never reaches me": "account",
        "the app crashes as soon as I open the basket": "technical",
    }
    texts = [w(ticket) for ticket in tickets for w in wrap]
    assert shipped(texts) == [label for label in tickets.values() for _ in wrap]


def test_the_shipped_head_hands_on_what_asks_for_other_labels() -> None:
    texts = [
        "Is this review positive or negative? 'The soup was divine.'",
        "Classify the animal as vertebrate or invertebrate: jellyfish",
        "What language is this: dobrý den",
    ]
    assert shipped(texts) == ["", "", ""]
