"""Closes an exchange: its bill, its ledger row, its metrics and its line in the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from time import perf_counter

from gateway.accounting.account import Account, account_of
from gateway.accounting.bill import bill_of
from gateway.accounting.exchange import Exchange
from gateway.accounting.metrics import Metrics
from gateway.accounting.row import Rows
from gateway.interfaces import FindText, Ledger
from gateway.log import Entry, enter
from gateway.policy.schema import Price

_log = logging.getLogger("pointsman.requests")


class _Line(Entry, frozen=True):
    """What the log says of a request: no content, no key."""

    id: str
    caller: str | None
    route: str
    model: str | None
    label: str | None
    outcome: str
    error: str | None
    policy: str
    ms: float
    overhead_ms: float
    cost_usd: float


class Book:
    """Where finished requests are entered; `find` looks at what callers wrote beside their messages."""

    def __init__(self, ledger: Ledger, metrics: Metrics, find: FindText) -> None:
        self._ledger, self._metrics, self._find = ledger, metrics, find
        self._rows = Rows()
        self.failing = False  # the ledger did not take the last row

    def enter(self, exchange: Exchange, prices: Mapping[str, Price | None]) -> bool:
        """Enters an exchange, and its cost in the exchange; False where the ledger would not take the row."""
        started = perf_counter()
        account = account_of(exchange, bill_of(exchange, prices))
        exchange.cost_usd = None if account.bill.unpriced else account.bill.answer
        self._write(exchange, account)
        exchange.spend("account", perf_counter() - started)
        self._metrics.record(account)
        if _log.isEnabledFor(logging.INFO):
            enter(partial(_line, account))
        return not self.failing

    def _write(self, exchange: Exchange, account: Account) -> None:
        try:
            self._ledger.write(self._rows.row_of(exchange, account, self._find))
            self._metrics.rows.inc()
            self.failing = False
        except OSError as error:
            self._metrics.rows_lost.inc()
            if not self.failing:
                _log.error("The ledger cannot be written: %s", error.strerror)
            self.failing = True


def _line(account: Account) -> _Line:
    caller, label = account.caller, account.label
    return _Line(
        datetime.fromtimestamp(account.at + account.seconds, UTC),
        "info",
        _log.name,
        "request",
        account.request_id,
        caller.name if caller else None,
        account.route,
        account.model,
        None if label is None else label.word,
        account.outcome,
        account.error_type or None,
        account.policy,
        _milliseconds(account.seconds),
        _milliseconds(sum(account.timings.values())),
        float(account.bill.total),
    )


def _milliseconds(seconds: float) -> float:
    """To two places."""
    return int(seconds * 100_000 + 0.5) / 100
