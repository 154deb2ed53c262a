"""One row for every request in an append-only journal: all that conditions can read, and no content."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.accounting.bill import Bill
from gateway.accounting.exchange import Exchange
from gateway.accounting.history import journal_of
from gateway.accounting.words import KIND, Words, words_of
from gateway.interfaces import FindText, Row
from gateway.labels import Cleared, clear
from gateway.policy.evaluate import Decision, Verdict
from gateway.policy.schema import Policy
from gateway.types import Axis, Guess, Masked, Signals

_encoder = msgspec.json.Encoder(decimal_format="string")
_FINISHES = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


def row_of(exchange: Exchange, bill: Bill, find: FindText) -> Cleared[Row]:
    """The row of a finished request, with what the ledger is cleared for.

    What the gateway says itself (names, counts, labels, signals, times) is public. What a caller wrote beside
    its messages is there as far as the gate lets it; no text of a message, a passage or a tool is in it.
    """
    words = words_of(exchange, find)
    row: Row = _row(exchange, bill, words.value)
    return clear(row, words.label, exchange.policy.log, KIND)


def _row(exchange: Exchange, bill: Bill, words: Words) -> dict[str, Any]:
    return {
        "id": exchange.request_id,
        "at": datetime.fromtimestamp(exchange.at, UTC),
        "policy": exchange.policy.revision,
        "caller": _caller(exchange),
        "request": _request(exchange, words),
        "signals": None if exchange.signals is None else _signals(exchange.signals, exchange.policy),
        "decision": None if exchange.decision is None else _decision(exchange.decision),
        "model": exchange.model,
        "outcome": exchange.outcome,
        "error_type": exchange.error.error_type if exchange.error else None,
        "finish": _finish(exchange.finish),
        "tries": exchange.tries,
        "retrievals": [
            {
                "knowledge": r.knowledge,
                "sources": [p.source for p in r.passages],
                "scores": [round(p.score, 3) for p in r.passages],
                "seconds": r.seconds,
            }
            for r in exchange.retrievals
        ],
        "tools": exchange.tool_uses,
        "masked": None if exchange.masked is None else _masked(exchange.masked),
        "refusals": [
            {"kind": r.kind, "destination": r.destination, "label": r.label.word} for r in exchange.refusals
        ],
        "usage": exchange.usage,
        "cost_usd": bill.total,
        "costs": bill.lines,
        "unpriced": bill.unpriced,
        "baseline_cost_usd": bill.baseline,
        "seconds": (exchange.ended or exchange.started) - exchange.started,
        "first_content_seconds": (
            None if exchange.first_content is None else exchange.first_content - exchange.started
        ),
        "overhead_seconds": exchange.timings,
    }


def _caller(exchange: Exchange) -> dict[str, Any] | None:
    caller = exchange.caller
    if caller is None:
        return None
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


def _request(exchange: Exchange, words: Words) -> dict[str, Any] | None:
    request = exchange.request
    if request is None:
        return None
    return {
        "api": request.api,
        "model": words.model,
        "stream": request.stream,
        "messages": len(request.messages),
        "max_tokens": request.max_tokens,
        "metadata": words.metadata,
        "sticky": exchange.sticky,
        "headers": words.headers,
        "label": request.label.word,
        "label_reached": exchange.label.word if exchange.label is not None else None,
    }


def _signals(signals: Signals, policy: Policy) -> dict[str, Any]:
    """A knowledge base that was not asked is null, as is a header that was not sent."""
    return {
        "task": _guess(signals.task, signals.task.best.value),
        "freshness": _guess(signals.freshness, signals.freshness.best.word),
        "sensitivity": _guess(signals.sensitivity, signals.sensitivity.best.word),
        "findings": [
            [f.entity, f.kind, f.message, f.start, f.end, round(f.confidence, 3)] for f in signals.findings
        ],
        "language": signals.language,
        "input_tokens": signals.input_tokens,
        "unreadable": signals.unreadable,
        "needs": sorted(signals.needs),
        "knowledge": dict.fromkeys(policy.knowledge)
        | {name: round(score, 3) for name, score in signals.knowledge.items()},
    }


def _masked(masked: Masked) -> dict[str, Any]:
    return {
        "guards": masked.guards,
        "entities": masked.entities,
        "before": masked.before.word,
        "after": masked.after.word,
    }


def _guess(guess: Guess[Axis], best: str) -> dict[str, Any]:
    probabilities = {name: round(p, 3) for name, p in guess.probabilities.items() if p >= 0.01}
    return {
        "best": best,
        "probability": round(guess.probability, 3),
        "unsure": guess.unsure,
        "probabilities": probabilities,
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


class JournalLedger:
    """Appends rows to `journal.jsonl` below a folder; a row is with the kernel when `write` returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = journal_of(folder)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._torn = _is_torn(path)

    def write(self, row: Cleared[Row]) -> None:
        """Raises OSError where the disk will not take it; what it took of the row is a torn line then."""
        data = b"\n" * self._torn + _encoder.encode(row.value) + b"\n"
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        finally:
            if written:
                self._torn = data[written - 1 : written] != b"\n"

    def close(self) -> None:
        os.close(self._fd)


def _is_torn(path: Path) -> bool:
    """Whether the last line has no end: a crash in mid-write."""
    with path.open("rb") as journal:
        size = journal.seek(0, os.SEEK_END)
        if not size:
            return False
        journal.seek(-1, os.SEEK_END)
        return journal.read(1) != b"\n"


def folder_of(data_dir: Path) -> Path:
    """Where the ledger is, below the gateway's data folder."""
    return data_dir / "ledger"


def find_rows(folder: Path, request_id: str) -> Iterator[dict[str, Any]]:
    """The rows of a request, oldest first. A torn line (a crash or a full disk) is passed over."""
    needle = request_id.encode()
    with journal_of(folder).open("rb") as lines:
        for line in lines:
            if needle not in line:
                continue
            try:
                row = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                continue
            if row.get("id") == request_id:
                yield row
