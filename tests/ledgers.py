"""Ledger rows as the gateway writes them, made of facts and the policy that decides them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.accounting.account import account_of
from gateway.accounting.bill import bill_of
from gateway.accounting.cost import prices_of
from gateway.accounting.exchange import Exchange
from gateway.accounting.ledger import JournalLedger, folder_of
from gateway.accounting.row import Rows
from gateway.classify.detect import Detector
from gateway.labels import clear
from gateway.policy.evaluate import Facts, decide
from gateway.policy.schema import Log, Policy
from gateway.types import Api, ChatRequest, Label, Masked, Message, Sent, Serving, Tried, Usage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
USED = Usage(input=1000, output=200)
_DETECTOR = Detector()


def row(
    policy: Policy,
    facts: Facts,
    request_id: str = "r1",
    *,
    at: datetime = NOW,
    usage: Usage = USED,
    masked: Label | None = None,
    scores: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """The row of a request that the first candidate of its decision answered."""
    decision = decide(policy, facts, masked)
    exchange = Exchange(request_id, 0.0, at.timestamp(), policy)
    exchange.caller, exchange.signals, exchange.decision = facts.caller, facts.signals, decision
    exchange.headers, exchange.sticky = dict(facts.headers), facts.sticky
    messages, fields = (Message("user", "", b""),), dict[str, bytes]()
    sent = Sent(Api.EMBEDDINGS if facts.embeds else Api.CHAT, b"", messages, fields)
    exchange.request = ChatRequest(
        facts.model, messages, fields, metadata=facts.metadata, label=decision.label, sent=sent
    )
    if decision.masking:
        names = tuple(guard.name for guard in decision.masking)
        exchange.note(Masked(names, {}, facts.label, decision.label))
    if decision.candidates:
        exchange.note(Tried(decision.candidates[0].name, "ok", usage, 1.0))
        exchange.note(Serving(decision.candidates[0].name, decision.label))
    bill = bill_of(exchange, prices_of(policy.models.values(), {}))
    made = Rows().row_of(exchange, account_of(exchange, bill), _DETECTOR.find).value
    return {**msgspec.json.decode(made), "scores": dict(scores or {})}


def write(data_dir: Path, *rows: Mapping[str, Any]) -> Path:
    """Appends the rows to the ledger below `data_dir`, which is returned."""
    append(data_dir, rows)
    return data_dir


def append(data_dir: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    ledger = JournalLedger(folder_of(data_dir))
    for made in rows:
        ledger.write(clear(msgspec.json.encode(made), Label.PUBLIC, Log(), "ledger"))
    ledger.close()
