"""What one finished request adds to the metrics, under labels that are bounded by the policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final

from gateway.accounting.account import Account
from gateway.accounting.cost import KINDS
from gateway.accounting.families import Families
from gateway.types import Signals, Tried

OTHER: Final = "_other"
_tokens: Final = attrgetter(*KINDS)


class Names(dict[str | None, str]):
    """The policy's vocabulary, for labels: whatever else there is is `_other`; nothing stays nothing."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        super().__init__({None: "", "": ""} | {name: name for name in known})

    def __missing__(self, name: str | None) -> str:
        return OTHER


def count(account: Account, to: Families, names: Names) -> None:
    """Enters everything that the request tells."""
    route, model = names[account.route], names[account.model]
    _count(account, to, route, model)
    _time(account, to, route, model)
    for attempt in account.tries:
        _try(attempt, to, route, names[attempt.model])
    _pay(account, to, route, names)
    if account.signals is not None:
        _signal(account.signals, to)
    _decide(account, to, route)
    _protect(account, to)
    for search in account.searches:
        _search(names[search.knowledge], search.seconds, search.passages, to)
    if account.tool_uses:
        _call(account, to, route, names)


def _count(account: Account, to: Families, route: str, model: str) -> None:
    signals, label = account.signals, account.label
    task, freshness = ("", "") if signals is None else _understood(signals)
    sensitivity = "" if label is None else label.word
    to.requests.by[route, model, task, freshness, sensitivity, account.outcome, account.error_type].value += 1


def _understood(signals: Signals) -> tuple[str, str]:
    task, freshness = signals.task, signals.freshness
    return (
        "unsure" if task.unsure else str(task.best),
        "unsure" if freshness.unsure else freshness.best.word,
    )


def _time(account: Account, to: Families, route: str, model: str) -> None:
    for stage, seconds in account.timings.items():
        to.overhead.by[stage,].observe(seconds)
    if not model:
        return
    to.duration.by[route, model].observe(account.seconds)
    first = account.first_seconds
    if first is None or not account.stream:
        return
    to.first_token.by[route, model].observe(first)
    tokens = account.usage.total_output
    if tokens > 1:
        to.per_token.by[route, model].observe((account.seconds - first) / (tokens - 1))


def _try(attempt: Tried, to: Families, route: str, model: str) -> None:
    to.upstream.by[model, attempt.outcome].value += 1
    if attempt.again:
        to.retries.by[model,].value += 1
    for kind, tokens in zip(KINDS, _tokens(attempt.usage), strict=True):
        if tokens:
            to.tokens.by[route, model, kind].value += tokens


def _pay(account: Account, to: Families, route: str, names: Names) -> None:
    bill, team = account.bill, names[account.caller.team if account.caller else ""]
    for line in bill.lines:
        to.cost.by[route, names[line.model], team, line.purpose].value += float(line.usd)
    for name in bill.unpriced:
        to.unpriced.by[names[name],].value += 1
    if bill.baseline is not None:
        to.baseline.by[route, team].value += float(bill.baseline)
    if not account.error_type:
        for name in replaced(account.tries):
            to.fallbacks.by[names[name],].value += 1


def replaced(tries: Iterable[Tried]) -> Iterator[str]:
    """The models in whose place another answered; one that was asked again and answered was not replaced."""
    first = None
    for attempt in tries:
        if attempt.outcome != "ok":
            first = first or attempt.model
        elif first is not None:
            if first != attempt.model:
                yield first
            first = None


def _signal(signals: Signals, to: Families) -> None:
    task, freshness, sensitivity = signals.task, signals.freshness, signals.sensitivity
    to.task_confidence.observe(task.probability)
    to.freshness_confidence.observe(freshness.probability)
    to.sensitivity_confidence.observe(sensitivity.probability)
    if task.unsure:
        to.unsure.by["task",].value += 1
    if freshness.unsure:
        to.unsure.by["freshness",].value += 1
    if sensitivity.unsure:
        to.unsure.by["sensitivity",].value += 1


def _decide(account: Account, to: Families, route: str) -> None:
    decision = account.decision
    if decision is None:
        return
    to.decisions.by[route, str(decision.reason)].value += 1
    if decision.blocked_by is not None:
        to.guards.by[decision.blocked_by.name, "block"].value += 1


def _protect(account: Account, to: Families) -> None:
    if account.masked is not None:
        for name in account.masked.guards:
            to.guards.by[name, "mask"].value += 1
        for entity, values in account.masked.entities.items():
            to.masked.by[entity,].value += values
    for refusal in account.refusals:
        to.refusals.by[refusal.kind,].value += 1


def _search(knowledge: str, seconds: float, passages: int, to: Families) -> None:
    to.retrieval.by[knowledge,].observe(seconds)
    to.passages.by[knowledge,].observe(passages)
    if not passages:
        to.empty.by[knowledge,].value += 1


def _call(account: Account, to: Families, route: str, names: Names) -> None:
    for use in account.tool_uses:
        server, tool = names[use.server], names[use.tool]
        to.tool_calls.by[server, tool, use.status].value += 1
        to.tool_seconds.by[server, tool].observe(use.seconds)
    to.steps.by[route,].observe(len(account.tool_uses))
