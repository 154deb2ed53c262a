"""What a finished exchange comes to: looked up once, for the ledger, the metrics and the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from gateway.accounting.bill import Bill
from gateway.accounting.exchange import Exchange
from gateway.policy.evaluate import Decision
from gateway.types import Caller, Label, Masked, Refused, Retrieved, Signals, ToolUsed, Tried, Usage

_NO_SEARCHES: Final[Sequence[Search]] = ()


class Search(NamedTuple):
    """Of one knowledge base, and how many of its passages went into the prompt."""

    knowledge: str
    seconds: float
    passages: int


class Account(Struct, frozen=True, eq=False, gc=False):
    """It is kept for a while, and so holds no content.

    `at` is when the request came, in seconds since the epoch. `policy` is the revision that it was served
    under. `error_type` is empty where there was no error. `seconds` are those from the request to its end,
    `first_seconds` those to the first content; `timings` are the gateway's own, by stage.
    """

    request_id: str
    at: float
    policy: str
    bill: Bill
    caller: Caller | None
    route: str
    model: str | None
    label: Label | None
    outcome: str
    error_type: str
    usage: Usage
    seconds: float
    first_seconds: float | None
    stream: bool
    signals: Signals | None
    decision: Decision | None
    timings: dict[str, float]
    tries: list[Tried]
    searches: Sequence[Search]
    tool_uses: list[ToolUsed]
    refusals: list[Refused]
    masked: Masked | None


def account_of(exchange: Exchange, bill: Bill) -> Account:
    """The account of an exchange that has this bill."""
    error, request, started = exchange.error, exchange.request, exchange.started
    first = exchange.first_content
    return Account(
        exchange.request_id,
        exchange.at,
        exchange.policy.revision,
        bill,
        exchange.caller,
        exchange.route,
        exchange.model,
        exchange.label,
        exchange.outcome,
        "" if error is None else error.error_type,
        exchange.usage,
        (exchange.ended or started) - started,
        None if first is None else first - started,
        request is not None and request.stream,
        exchange.signals,
        exchange.decision,
        exchange.timings,
        exchange.tries,
        _searches(exchange.retrievals) if exchange.retrievals else _NO_SEARCHES,
        exchange.tool_uses,
        exchange.refusals,
        exchange.masked,
    )


def _searches(retrievals: Sequence[Retrieved]) -> list[Search]:
    return [
        Search(base, seconds, sum(passage.knowledge == base for passage in found.passages))
        for found in retrievals
        for base, seconds in zip(found.knowledge, found.seconds, strict=True)
    ]
