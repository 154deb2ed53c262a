"""One row for every request, as JSON: all that conditions can read, and no content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from gateway.accounting.account import Account
from gateway.accounting.bill import Line
from gateway.accounting.constants import Constants
from gateway.accounting.exchange import Exchange
from gateway.accounting.words import KIND, Words, words_of
from gateway.interfaces import FindText, Row
from gateway.labels import Cleared, clear
from gateway.policy.evaluate import Decision, Verdict
from gateway.policy.schema import Policy
from gateway.types import (
    Axis,
    Caller,
    ChatRequest,
    Guess,
    Label,
    Masked,
    Refused,
    Retrieved,
    Signals,
    ToolUsed,
    Tried,
    Usage,
)

_encode: Final = msgspec.json.Encoder(decimal_format="string").encode
_FINISHES: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_NONE: Final[list[Any]] = []
_NULL: Final = Raw(b"null")
_THOUSANDTHS: Final = tuple(n / 1000 for n in range(1001))
_LEAST: Final = 0.01  # probabilities below it are left out
_KEPT: Final = 1024  # constants of each kind: a few megabytes at the most


class _Row(Struct, gc=False):
    id: str
    at: datetime
    policy: str
    caller: Raw
    request: _Request | None
    signals: _Signals | None
    decision: Raw
    model: str | None
    outcome: str
    error_type: str | None
    finish: str | None
    tries: list[Tried]
    retrievals: list[dict[str, Any]]
    tools: list[ToolUsed]
    masked: dict[str, Any] | None
    refusals: list[dict[str, Any]]
    usage: Usage
    cost_usd: Decimal
    waste_usd: Decimal
    costs: tuple[Line, ...]
    unpriced: tuple[str, ...]
    baseline_cost_usd: Decimal | None
    seconds: float
    first_content_seconds: float | None
    overhead_seconds: dict[str, float]


class _Request(Struct, gc=False):
    api: str
    model: str | None
    stream: bool
    messages: int
    max_tokens: int | None
    metadata: Mapping[str, str] | None
    sticky: str
    headers: Mapping[str, str | None] | None
    label: str
    label_reached: str | None


class _Guess(Struct, gc=False):
    best: str
    probability: float
    unsure: bool
    probabilities: dict[str, float]


class _Signals(Struct, gc=False):
    task: _Guess
    freshness: _Guess
    sensitivity: _Guess
    findings: list[tuple[str, str, int, int, int, float]]
    language: str
    input_tokens: int
    unreadable: bool
    needs: list[str]
    knowledge: dict[str, float | None]
    difficulty: float | None
    injection: float | None
    refined: bool


class Rows:
    """Makes rows; what comes again and again in them (callers, decisions) is encoded once."""

    def __init__(self) -> None:
        self._policy: Policy | None = None
        self._callers = Constants[Caller](_KEPT)
        self._decisions = Constants[Decision](_KEPT)

    def row_of(self, exchange: Exchange, account: Account, find: FindText) -> Cleared[Row]:
        """The row of a finished request, with what the ledger is cleared for.

        What the gateway says itself (names, counts, labels, signals, times) is public. What a caller wrote
        beside its messages is there as far as the gate lets it; no text of a message, a passage or a tool
        is in it.
        """
        policy = exchange.policy
        if policy is not self._policy:
            self._begin(policy)
        words = words_of(exchange, find)
        row = _encode(self._row(exchange, account, words.value))
        return clear(row, words.label, policy.log, KIND)

    def _begin(self, policy: Policy) -> None:
        """What was kept would keep the policy before in memory, with its secrets."""
        self._policy = policy
        self._callers.clear()
        self._decisions.clear()

    def _row(self, exchange: Exchange, account: Account, words: Words) -> _Row:
        request, signals, bill = exchange.request, account.signals, account.bill
        return _Row(
            account.request_id,
            datetime.fromtimestamp(account.at, UTC),
            account.policy,
            self._caller(account.caller),
            None if request is None else _request(request, exchange.sticky, account.label, words),
            None if signals is None else _signals(signals, exchange.policy),
            self._decision(account.decision),
            account.model,
            account.outcome,
            account.error_type or None,
            _finish(exchange.finish),
            account.tries,
            [_retrieved(one) for one in exchange.retrievals] if exchange.retrievals else _NONE,
            account.tool_uses,
            None if account.masked is None else _masked(account.masked),
            [_refused(one) for one in account.refusals] if account.refusals else _NONE,
            account.usage,
            bill.total,
            bill.waste,
            bill.lines,
            bill.unpriced,
            bill.baseline,
            account.seconds,
            account.first_seconds,
            account.timings,
        )

    def _caller(self, caller: Caller | None) -> Raw:
        if caller is None:
            return _NULL
        known = self._callers.get(id(caller))
        return known or self._callers.keep(id(caller), caller, _encode(_caller(caller)))

    def _decision(self, decision: Decision | None) -> Raw:
        if decision is None:
            return _NULL
        key = _key(decision)
        return self._decisions.get(key) or self._decisions.keep(key, decision, _encode(_decision(decision)))


def _key(decision: Decision) -> tuple[object, ...]:
    """Of decisions that say the same; what they are made of is told apart by identity."""
    return (
        id(decision.route),
        id(decision.reason),
        id(decision.label),
        id(decision.blocked_by),
        decision.unserved,
        decision.guards,
        decision.tried,
        *map(id, decision.candidates),
    )


def _caller(caller: Caller) -> dict[str, Any]:
    return {
        "name": caller.name,
        "team": caller.team,
        "label": caller.label.word,
        "clearance": caller.clearance.word,
        "admin": caller.admin,
    }


def _finish(said: str | None) -> str | None:
    """An upstream may say anything here."""
    return said if said is None or said in _FINISHES else "other"


def _request(request: ChatRequest, sticky: str, label: Label | None, words: Words) -> _Request:
    return _Request(
        request.api,
        words.model,
        request.stream,
        len(request.messages),
        request.max_tokens,
        words.metadata,
        sticky,
        words.headers,
        request.label.word,
        None if label is None else label.word,
    )


def _signals(signals: Signals, policy: Policy) -> _Signals:
    """A knowledge base that was not asked is null, as is a header that was not sent."""
    return _Signals(
        _guess(signals.task, signals.task.best),
        _guess(signals.freshness, signals.freshness.best.word),
        _guess(signals.sensitivity, signals.sensitivity.best.word),
        _findings(signals) if signals.findings else _NONE,
        signals.language,
        signals.input_tokens,
        signals.unreadable,
        sorted(signals.needs) if signals.needs else _NONE,
        _scores(signals, policy) if policy.knowledge else {},
        signals.difficulty,
        signals.injection,
        signals.refined,
    )


def _findings(signals: Signals) -> list[tuple[str, str, int, int, int, float]]:
    return [(f.entity, f.kind, f.message, f.start, f.end, round(f.confidence, 3)) for f in signals.findings]


def _scores(signals: Signals, policy: Policy) -> dict[str, float | None]:
    return dict.fromkeys(policy.knowledge) | {name: round(s, 3) for name, s in signals.knowledge.items()}


def _guess(guess: Guess[Axis], best: str) -> _Guess:
    """Its shares are rounded by looking them up, in a third of the time that `round` takes."""
    places = _THOUSANDTHS
    shares = {name: places[int(p * 1000 + 0.5)] for name, p in guess.probabilities.items() if p >= _LEAST}
    return _Guess(best, places[int(guess.probability * 1000 + 0.5)], guess.unsure, shares)


def _retrieved(found: Retrieved) -> dict[str, Any]:
    return {
        "knowledge": found.knowledge,
        "sources": [passage.source for passage in found.passages],
        "scores": [round(passage.score, 3) for passage in found.passages],
        "seconds": found.seconds,
    }


def _refused(refused: Refused) -> dict[str, Any]:
    return {"kind": refused.kind, "destination": refused.destination, "label": refused.label.word}


def _masked(masked: Masked) -> dict[str, Any]:
    return {
        "guards": masked.guards,
        "entities": masked.entities,
        "before": masked.before.word,
        "after": masked.after.word,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "route": decision.route.name if decision.route else None,
        "reason": decision.reason.value,
        "label": decision.label.word,
        "candidates": [model.name for model in decision.candidates],
        "blocked_by": decision.blocked_by.name if decision.blocked_by else None,
        "unserved": decision.unserved,
        "guards": _verdicts(decision.guards),
        "routes": _verdicts(decision.tried),
    }


def _verdicts(verdicts: tuple[Verdict, ...]) -> dict[str, bool | None]:
    return {verdict.name: verdict.outcome for verdict in verdicts}
