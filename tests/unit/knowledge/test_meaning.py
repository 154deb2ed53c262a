"""What goes to an embedder passes the gate."""

from __future__ import annotations

import logging

import pytest

from gateway.knowledge.meaning import Meaning
from gateway.labels import Cleared, NotCleared, clear
from gateway.policy.schema import Knowledge
from gateway.types import Label
from tests.embedders import WordCounts, destination

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def query(label: Label) -> Cleared[str]:
    return clear("where is my tent", label, Knowledge("kb", ("*.md",)), "retriever")


async def test_a_query_above_the_embedders_clearance_never_reaches_it() -> None:
    embedder = WordCounts()
    meaning = Meaning(embedder, destination(clearance=Label.INTERNAL))
    assert await meaning.of_query(query(Label.CONFIDENTIAL)) is None
    assert embedder.seen == []
    vector = await meaning.of_query(query(Label.INTERNAL))
    assert vector is not None
    assert vector.shape == (64,)


async def test_passages_above_the_embedders_clearance_never_reach_it() -> None:
    embedder = WordCounts()
    meaning = Meaning(embedder, destination(clearance=Label.PUBLIC))
    assert not meaning.may_have(Label.INTERNAL)
    with pytest.raises(NotCleared):
        await meaning.of_passages(("secret",), Label.INTERNAL)
    assert embedder.seen == []


async def test_an_embedder_that_fails_is_said_once_and_costs_no_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    embedder = WordCounts()
    embedder.failing = True
    meaning = Meaning(embedder, destination())
    with caplog.at_level(logging.WARNING):
        assert await meaning.of_query(query(Label.PUBLIC)) is None
        assert await meaning.of_query(query(Label.PUBLIC)) is None
    assert len(caplog.records) == 1
    assert "tent" not in caplog.text
