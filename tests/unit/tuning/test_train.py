from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from gateway.tuning.examples import BadExamples, Example
from gateway.tuning.train import judge, train
from tests.heads import embed_words, small_task


def test_the_same_examples_give_the_same_head() -> None:
    first, second = (asyncio.run(train("x", small_task(), embed_words, embedder="words")) for _ in "12")
    assert (first.head.topic.embedding == second.head.topic.embedding).all()
    assert first.head.thresholds == second.head.thresholds


def test_cross_validated_answers_reach_the_target_and_strangers_are_handed_on() -> None:
    found = asyncio.run(train("x", small_task(), embed_words, embedder="words", target=0.9)).cross_validated
    assert found.accuracy >= 0.9
    assert found.coverage > 0.8
    assert found.strangers.answered <= 1


def test_a_head_can_be_fitted_without_strangers_and_with_two_labels() -> None:
    rows = [row for row in small_task(strangers=False) if row.label != "cloth"]
    head = asyncio.run(train("x", rows, embed_words, embedder="words")).head
    assert head.stranger is None
    assert head.classes == ("fruit", "metal")


def test_labels_that_cannot_be_told_apart_are_an_error_and_no_head() -> None:
    rows = [Example(f"thing number {n}", "ab"[n * n % 7 % 2]) for n in range(80)]
    with pytest.raises(BadExamples, match="labels further apart"):
        asyncio.run(train("x", rows, embed_words, embedder="words", target=1.0))


def test_progress_is_told_to_its_end() -> None:
    told: list[tuple[str, int, int]] = []
    asyncio.run(
        train("x", small_task(), embed_words, embedder="words", progress=lambda *step: told.append(step))
    )
    assert {what for what, done, total in told if done == total} == {
        "reading examples",
        "reading instructions",
        "fitting labels",
        "fitting strangers",
    }


def test_a_head_is_judged_on_rows_that_it_has_not_seen() -> None:
    head = asyncio.run(train("x", small_task(), embed_words, embedder="words")).head
    rows = [Example("is that copper", "metal"), Example("Spell plum", None), Example("Tag this:", "fruit")]
    found = asyncio.run(judge(head, rows, embed_words))
    assert (found.right, found.answered, found.rows) == (1, 1, 3)


def test_serving_a_head_never_imports_scikit_learn() -> None:
    code = "import sys, gateway.tuning.head, gateway.tuning.command; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
