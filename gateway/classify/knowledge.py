"""Whether the organisation's documents can answer: words alone cannot tell, so the index is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.interfaces import Parts
from gateway.labels import NotCleared, clear
from gateway.policy.schema import Knowledge
from gateway.types import Caller, ChatRequest, Guess, Refused, Signals, Task

ANSWERS = 0.4
"""The score of the best passage from which on a question counts as one that the documents answer."""

_ASKS = frozenset({Task.QUESTION_ANSWERING, Task.KNOWLEDGE_LOOKUP})
_NEVER = frozenset({Task.CODING, Task.TRANSLATION, Task.REWRITING, Task.CATEGORIZATION})
_QUERY_CHARACTERS = 1_000  # of a request, what an index is asked with


async def consult(
    signals: Signals, request: ChatRequest, caller: Caller, bases: Iterable[Knowledge], parts: Parts
) -> tuple[Signals, list[Refused]]:
    """The signals, informed by every base that this caller's request may ask; and those that it may not."""
    query = request.question.strip()[:_QUERY_CHARACTERS]
    scores: dict[str, float] = {}
    refused: list[Refused] = []
    if not query or not worth_asking(signals):
        return signals, refused
    for base in bases:
        if base.disabled:
            continue
        if base.label > caller.clearance:
            refused.append(Refused("caller", base.name, base.label))
            continue
        try:
            cleared = clear(query, request.label, base, "retriever")
        except NotCleared as no:
            refused.append(Refused(no.kind, no.destination, no.label))
            continue
        scores[base.name] = await parts.knowledge(base.name).relevance(cleared)
    return with_knowledge(signals, scores) if scores else signals, refused


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
