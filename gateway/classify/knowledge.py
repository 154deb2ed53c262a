"""Whether the organisation's documents can answer: words alone cannot tell, so the index is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.types import Guess, Signals, Task

ANSWERS = 0.5
"""The score of the best passage from which on a question counts as one that the documents answer."""

_ASKS = frozenset({Task.QUESTION_ANSWERING, Task.KNOWLEDGE_LOOKUP})
_NEVER = frozenset({Task.CODING, Task.TRANSLATION, Task.REWRITING, Task.CATEGORIZATION, Task.TOOL_ACTION})


def worth_asking(signals: Signals) -> bool:
    """Whether the index can change what is known: not for what is surely no question."""
    return signals.task.unsure or signals.task.best not in _NEVER


def with_knowledge(signals: Signals, scores: Mapping[str, float]) -> Signals:
    """The signals, knowing each base's best score: a question that a base answers is a `knowledge_lookup`."""
    informed = replace(signals, knowledge=dict(scores))
    best = max(scores.values(), default=0.0)
    if best < ANSWERS or not (signals.task.unsure or signals.task.best in _ASKS):
        return informed
    probabilities = {task.value: 0.0 for task in Task} | {
        name: p * (1 - best) for name, p in signals.task.probabilities.items()
    }
    probabilities[Task.KNOWLEDGE_LOOKUP.value] += best
    guess = Guess(Task.KNOWLEDGE_LOOKUP, probabilities[Task.KNOWLEDGE_LOOKUP.value], False, probabilities)
    return replace(informed, task=guess)
