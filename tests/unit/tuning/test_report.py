from __future__ import annotations

import asyncio

from gateway.tuning.report import Report
from gateway.tuning.train import train
from tests.heads import embed_words, small_task


def test_a_card_says_what_made_the_head_and_when_it_answers() -> None:
    trained = asyncio.run(train("stuff", small_task(), embed_words, embedder="words"))
    report = Report(
        trained.head, 90, 15, trained.cross_validated, None, "pointsman tune train stuff", "heads"
    )
    card = report.text()
    assert card.startswith("# stuff\n")
    assert "    pointsman tune train stuff\n" in card
    assert trained.head.made_from in card
    for label in trained.head.classes:
        assert f"| {label} |" in card
    assert "Hold-out" not in card
