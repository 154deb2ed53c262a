"""What conditions could read of a request of the ledger: its facts as they were, or as a policy sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.accounting.history import CallerRow, DecisionRow, GuessRow, Kept, SignalsRow
from gateway.classify.entities import finding
from gateway.labels import highest
from gateway.policy.evaluate import Facts, Reason, Stay
from gateway.policy.schema import Policy
from gateway.types import Api, Caller, Freshness, Guess, Label, Signals, Task

_LABELS = {label.word: label for label in Label}
_FRESHNESS = {freshness.word: freshness for freshness in Freshness}
_TASKS = {task.value: task for task in Task}
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Recalled:
    """The facts before masking; `floor` is the least label of the request, whatever its content says."""

    facts: Facts
    floor: Label


def recall(request_id: str, kept: Kept, policy: Policy, caller: Caller | None) -> Recalled:
    """The request as it would come under `policy` from `caller`; None: from the caller that the row names.

    Raises:
        KeyError: the row has a word that this version does not know.
    """
    signals, then = _signals(kept.signals), _caller(kept.caller)
    caller = caller or then
    content = highest((signals.sensitivity.best, *(found.label for found in signals.findings)))
    floor = _floor(kept, policy, signals, caller.label, max(content, then.label))
    request = kept.request
    sent = (
        {name: value for name, value in request.headers.items() if value is not None}
        if request.headers
        else _NONE
    )
    facts = Facts(
        signals=signals,
        caller=caller,
        model=request.model or "",
        label=max(content, floor),
        stream=request.stream,
        metadata=request.metadata or _NONE,
        headers=sent,
        sticky=request_id if request.sticky is None else request.sticky,
        stays=_stay(kept.decision),
        embeds=request.api == Api.EMBEDDINGS,
    )
    return Recalled(facts, floor)


def _floor(kept: Kept, policy: Policy, signals: Signals, label: Label, explained: Label) -> Label:
    """The highest of the caller's label, the header's, and what cannot be read.

    The row does not name the header's: it is what neither the content nor the caller of the time explains.
    """
    if signals.unreadable:
        return max(label, policy.unreadable)
    whole = _LABELS[kept.masked.before if kept.masked else kept.request.label]
    return max(label, whole) if whole > explained else label


def _stay(decision: DecisionRow) -> Stay | None:
    """What a tool loop went on with."""
    if decision.route is None or decision.reason != Reason.CONTINUED:
        return None
    return Stay(decision.route, decision.candidates[0] if decision.candidates else "")


def _caller(row: CallerRow) -> Caller:
    return Caller(row.name, row.team, _LABELS[row.label], _LABELS[row.clearance], admin=row.admin)


def _signals(row: SignalsRow) -> Signals:
    task, freshness, sensitivity = row.task, row.freshness, row.sensitivity
    return Signals(
        task=Guess(_TASKS[task.best], *_certainty(task)),
        freshness=Guess(_FRESHNESS[freshness.best], *_certainty(freshness)),
        sensitivity=Guess(_LABELS[sensitivity.best], *_certainty(sensitivity)),
        findings=tuple(
            [finding(name, message, start, end, sure) for name, _, message, start, end, sure in row.findings]
        ),
        language=row.language,
        input_tokens=row.input_tokens,
        unreadable=row.unreadable,
        needs=row.needs,
        knowledge={name: score for name, score in row.knowledge.items() if score is not None},
        difficulty=row.difficulty,
        injection=row.injection,
        refined=row.refined,
    )


def _certainty(guess: GuessRow) -> tuple[float, bool, Mapping[str, float]]:
    return guess.probability, guess.unsure, guess.probabilities
