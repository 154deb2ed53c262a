"""What the indexes say changes what a question is."""

from __future__ import annotations

from gateway.classify.knowledge import with_knowledge
from gateway.types import Freshness, Guess, Label, Signals, Task


def signals(task: Task, unsure: bool = False) -> Signals:
    rest = 0.4 / (len(Task) - 1)
    return Signals(
        task=Guess(task, 0.6, unsure, {t.value: 0.6 if t is task else rest for t in Task}),
        freshness=Guess(Freshness.STATIC, 0.9, False, {}),
        sensitivity=Guess(Label.PUBLIC, 0.9, False, {}),
        findings=(),
        language="en",
        input_tokens=5,
        unreadable=False,
        needs=frozenset(),
    )


def test_a_question_that_a_base_answers_is_a_knowledge_lookup() -> None:
    informed = with_knowledge(signals(Task.QUESTION_ANSWERING), {"handbook": 0.8})
    assert informed.task.best is Task.KNOWLEDGE_LOOKUP
    assert not informed.task.unsure
    assert abs(sum(informed.task.probabilities.values()) - 1) < 1e-9


def test_a_question_that_no_base_answers_stays_what_it_was() -> None:
    assert (
        with_knowledge(signals(Task.QUESTION_ANSWERING), {"handbook": 0.2}).task.best
        is Task.QUESTION_ANSWERING
    )


def test_what_is_surely_no_question_stays_what_it_was() -> None:
    informed = with_knowledge(signals(Task.TOOL_ACTION), {"handbook": 0.9})
    assert informed.task.best is Task.TOOL_ACTION
    assert informed.knowledge == {"handbook": 0.9}


def test_an_unsure_request_that_a_base_answers_is_a_lookup() -> None:
    assert (
        with_knowledge(signals(Task.CHIT_CHAT, unsure=True), {"handbook": 0.9}).task.best
        is Task.KNOWLEDGE_LOOKUP
    )
