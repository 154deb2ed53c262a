"""Closes an exchange: its bill, its ledger row, its metrics and its line in the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import perf_counter

from gateway.accounting.bill import Bill, bill_of
from gateway.accounting.exchange import Exchange
from gateway.accounting.ledger import row_of
from gateway.accounting.metrics import Metrics
from gateway.interfaces import FindText, Ledger
from gateway.policy.schema import Price

_log = logging.getLogger("pointsman.requests")


class Book:
    """Where finished requests are entered; `find` looks at what callers wrote beside their messages."""

    def __init__(self, ledger: Ledger, metrics: Metrics, find: FindText) -> None:
        self._ledger, self._metrics, self._find = ledger, metrics, find
        self.failing = False  # the ledger did not take the last row

    def enter(self, exchange: Exchange, prices: Mapping[str, Price | None]) -> bool:
        """Enters an exchange, and its cost in the exchange; False where the ledger would not take the row."""
        started = perf_counter()
        bill = bill_of(exchange, prices)
        exchange.cost_usd = None if bill.unpriced else bill.total
        self._write(exchange, bill)
        exchange.spend("account", perf_counter() - started)
        self._metrics.record(exchange, bill)
        if _log.isEnabledFor(logging.INFO):
            _log.handle(_record(exchange, bill))
        return not self.failing

    def _write(self, exchange: Exchange, bill: Bill) -> None:
        try:
            self._ledger.write(row_of(exchange, bill, self._find))
            self._metrics.rows.inc()
            self.failing = False
        except OSError as error:
            self._metrics.rows_lost.inc()
            if not self.failing:
                _log.error("The ledger cannot be written: %s", error.strerror)
            self.failing = True


def _record(exchange: Exchange, bill: Bill) -> logging.LogRecord:
    """What `_log.info` would make, without looking for the line of code that says it."""
    record = logging.LogRecord(_log.name, logging.INFO, "", 0, "request", None, None)
    record.fields = _line(exchange, bill)
    return record


def _line(exchange: Exchange, bill: Bill) -> dict[str, object]:
    """What the log says of a request: no content, no key."""
    return {
        "id": exchange.request_id,
        "caller": exchange.caller.name if exchange.caller else None,
        "route": exchange.route,
        "model": exchange.model,
        "label": exchange.label.word if exchange.label is not None else None,
        "outcome": exchange.outcome,
        "error": exchange.error.error_type if exchange.error else None,
        "policy": exchange.policy.revision,
        "ms": round(((exchange.ended or exchange.started) - exchange.started) * 1000, 2),
        "overhead_ms": round(exchange.overhead * 1000, 2),
        "cost_usd": float(bill.total),
    }
