"""How the small transformer reads a request, and what its scores change."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.classify.asked import Asked
from gateway.classify.encoded import Mix, loaded, refined, saved, worth_asking, written
from gateway.types import Freshness, Task
from tests.facts import facts

TASK = Mix(("coding", "chit_chat"), 0, ask=0.5, trust=1.0, share=1.0, threshold=0.6)
FRESHNESS = Mix(("static", "live"), 2, ask=0.5, trust=1.0, share=1.0, threshold=0.6)
MIXES = {"task": TASK, "freshness": FRESHNESS}


def test_probabilities_are_multiplied_by_what_the_scores_say() -> None:
    even = TASK.mixed({"coding": 0.5, "chit_chat": 0.5}, [0.0, 0.0, 9.0, 9.0])
    told = TASK.mixed({"coding": 0.8, "chit_chat": 0.2}, [0.0, 3.0])

    assert even == [0.5, 0.5]
    assert sum(told) == pytest.approx(1)
    assert told[1] / told[0] == pytest.approx(20.0855 / 4, rel=1e-4)  # e³ times, where it was a quarter


def test_signals_are_told_anew_on_both_axes_and_say_so() -> None:
    signals = refined(facts(Task.CODING, Freshness.STATIC).signals, [0.0, 30.0, 0.0, 30.0], MIXES)

    assert (signals.task.best, signals.task.unsure) == (Task.CHIT_CHAT, False)
    assert (signals.freshness.best, signals.freshness.unsure) == (Freshness.LIVE, False)
    assert signals.refined


def test_it_is_asked_where_one_axis_is_less_probable_than_its_cut() -> None:
    signals = facts().signals  # 0.9 on both
    sharper = Mix(("static", "live"), 2, ask=0.95, trust=1.0, share=1.0, threshold=0.6)

    assert not worth_asking(signals, MIXES)
    assert worth_asking(signals, {**MIXES, "freshness": sharper})


def test_a_long_question_keeps_both_ends_and_comes_first() -> None:
    text = written(Asked("start " + "x" * 2000 + " end", system="be kind", before="hello", answer="hi"))

    assert text.startswith("start ")
    assert " end [SEP] be kind" in text
    assert "hello" not in text  # such a question leans on nothing
    assert written(Asked("why?", before="hello", answer="hi")) == "why? [SEP] hello [SEP] hi"


def test_mixes_are_read_as_they_were_written(tmp_path: Path) -> None:
    saved(MIXES, tmp_path / "mixes.json")

    assert loaded(tmp_path / "mixes.json") == MIXES
