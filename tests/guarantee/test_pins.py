"""Checks behind which another one stands: nothing leaks without them, so each is held in place here."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gateway.classify.knowledge import consult
from gateway.classify.label import label_left, label_of
from gateway.deployments.deployments import Deployments
from gateway.interfaces import ChatModel, Emit, Retriever, ToolServer
from gateway.knowledge.meaning import Meaning
from gateway.labels import Cleared, NotCleared, clear
from gateway.policy.conditions import checked
from gateway.policy.evaluate import decide
from gateway.policy.language.load import load
from gateway.policy.schema import Guard, Knowledge, Model, Policy, Retrieve, ToolSource
from gateway.strategies.inflow import Inflow
from gateway.strategies.retrieve import retrieve
from gateway.types import Caller, ChatRequest, Event, Finding, Label, Message, Passage, Signals
from tests.facts import facts
from tests.guarantee.conversations import LABELS
from tests.guarantee.profile import tried
from tests.guarantee.worlds import World, worlds, write

T = TypeVar("T")
CHECKED = tried(60)


def run(step: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(step)


def asking(label: Label) -> ChatRequest:
    return ChatRequest(
        "auto", (Message("user", "How long do I have to return a parcel?", b"{}"),), {}, label=label
    )


@dataclass
class Recording:
    """A base and an embedder in one, which keep what they are asked."""

    asked: list[Label] = field(default_factory=list)
    ready: bool = True
    dimensions: int = 2

    async def search(self, query: Cleared[str], top: int) -> tuple[Passage, ...]:
        self.asked.append(query.label)
        return ()

    async def relevance(self, query: Cleared[str]) -> float:
        self.asked.append(query.label)
        return 0.9

    async def embed(self, texts: Cleared[tuple[str, ...]]) -> NDArray[np.float32]:
        self.asked.append(texts.label)
        return np.ones((1, 2), dtype=np.float32)

    def knowledge(self, name: str) -> Retriever:
        return self

    def model(self, name: str) -> Deployments[ChatModel]:
        raise AssertionError(f"nothing asks for {name} here")

    def tools(self, name: str) -> ToolServer:
        raise AssertionError(f"nothing asks for {name} here")


def policy_of(world: World) -> Policy:
    """The world's policy, over addresses at which nothing listens."""
    with tempfile.TemporaryDirectory() as folder:
        nowhere = dict.fromkeys(range(max(len(world.models), len(world.tools))), "http://127.0.0.1:1/v1")
        return load(write(world, Path(folder) / "policies", nowhere, nowhere), secrets={})


@CHECKED
@given(worlds(talks=0))
def test_a_decision_lists_only_what_is_cleared(world: World) -> None:
    policy = policy_of(world)
    for label, clearance, route in product(Label, Label, policy.routes):
        caller = Caller("c0", clearance=clearance)
        decision = decide(
            policy, replace(facts(None), label=label, caller=caller, model=f"route/{route.name}")
        )
        assert all(label <= model.clearance for model in decision.candidates)
        sources: list[Knowledge | ToolSource] = [*decision.knowledge, *decision.tools]
        for source in sources:
            assert source.label <= clearance, "what the caller may not see is not asked"
            assert label <= source.clearance, "what is not cleared for the request is not asked"
            raised = max(label, source.label)
            assert any(raised <= model.clearance for model in decision.candidates), "somebody must answer"


@CHECKED
@given(LABELS, LABELS)
def test_a_base_is_searched_through_the_gate_whoever_decided_on_it(label: Label, clearance: Label) -> None:
    base, answered = Recording(), []
    spec = Knowledge("k", ("*.md",), clearance=clearance)

    async def inner(request: ChatRequest, emit: Emit) -> None:
        answered.append(request)

    async def ignore(event: Event) -> None: ...

    serve = retrieve(inner, Retrieve(("k",)), [(spec, base)], Inflow(lambda text: (), Label.RESTRICTED))
    run(serve(asking(label), ignore))
    assert base.asked == ([label] if label <= clearance else [])
    assert answered


@CHECKED
@given(LABELS, LABELS, LABELS, LABELS)
def test_a_base_is_consulted_for_whom_it_may_be_and_through_the_gate(
    label: Label, clearance: Label, own: Label, callers: Label
) -> None:
    base = Recording()
    spec = Knowledge("k", ("*.md",), label=own, clearance=clearance)
    signals = facts(None).signals
    found, refused = run(consult(signals, asking(label), Caller("c", clearance=callers), [spec], base))
    may = own <= callers and label <= clearance
    assert bool(base.asked) is may is ("k" in found.knowledge)
    assert bool(refused) is not may


@CHECKED
@given(LABELS, LABELS)
def test_an_embedder_is_asked_through_the_gate(label: Label, clearance: Label) -> None:
    embedder = Recording()
    meaning = Meaning(embedder, Model("e", "local", "minilm", kind="embedding", clearance=clearance))
    query = clear("a question", label, Knowledge("k", ()), "retriever")
    assert (run(meaning.of_query(query)) is not None) is (label <= clearance)
    if label <= clearance:
        run(meaning.of_passages(("a passage",), label))
    else:
        with pytest.raises(NotCleared):
            run(meaning.of_passages(("a passage",), label))
    assert all(asked <= clearance for asked in embedder.asked)
    assert meaning.may_have(label) is (label <= clearance)


def test_only_the_gate_makes_what_backends_accept() -> None:
    passed = clear("text", Label.PUBLIC, Knowledge("k", ()), "retriever")
    with pytest.raises(TypeError):
        Cleared("text", "k", Label.PUBLIC, object())
    with pytest.raises(TypeError):
        replace(passed, _seal=None)


def _signals(sensitivity: Label, *found: Finding) -> Signals:
    signals = facts(None).signals
    return replace(signals, sensitivity=replace(signals.sensitivity, best=sensitivity), findings=found)


FINDINGS = st.builds(
    Finding,
    entity=st.just("email"),
    kind=st.just("contact"),
    label=LABELS,
    message=st.just(0),
    start=st.just(0),
    end=st.integers(0, 1),  # 0: told of the whole text
    confidence=st.just(1.0),
)


@CHECKED
@given(LABELS, st.lists(FINDINGS, max_size=3))
def test_the_sensitivity_and_every_finding_count(told: Label, found: list[Finding]) -> None:
    label = label_of(_signals(told, *found), Caller("c"), Label.PUBLIC, {})
    assert label == max(told, *(finding.label for finding in found), Label.PUBLIC)


@CHECKED
@given(st.one_of(st.none(), LABELS), st.lists(FINDINGS, max_size=3), st.booleans())
def test_what_was_told_of_the_whole_text_stays_unless_the_guard_accepts(
    lowers_to: Label | None, found: list[Finding], accepts: bool
) -> None:
    guard = Guard("g", checked("true"), mask=("email",), lowers_to=lowers_to, accept_residual=accepts)
    before = _signals(max((f.label for f in found), default=Label.PUBLIC), *found)
    whole = label_of(before, Caller("c"), Label.PUBLIC, {})
    left = label_left(whole, [guard], before, _signals(Label.PUBLIC), Caller("c"), Label.PUBLIC, {})
    told = [finding.label for finding in found if finding.end == 0]
    kept = max(lowers_to or Label.PUBLIC, *(() if accepts else told), Label.PUBLIC)
    assert left == (whole if lowers_to is None else min(whole, kept))
