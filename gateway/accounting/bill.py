"""What a request cost, and what the baseline model would have cost for it: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from gateway.accounting.cost import cost
from gateway.accounting.exchange import Exchange
from gateway.policy.schema import Price
from gateway.types import Api, Usage

_NOTHING: Final = Usage()


@dataclass(frozen=True, slots=True)
class Line:
    """One model's share: `purpose` is answer, or waste for a try whose content never left."""

    model: str
    purpose: str
    usd: Decimal
    price: str  # where the price comes from


@dataclass(frozen=True, slots=True)
class Bill:
    lines: tuple[Line, ...]
    unpriced: tuple[str, ...]  # models that were used and whose price is unknown
    baseline: Decimal | None  # None: the policy names no baseline, it has no price, or it makes no embeddings

    @property
    def total(self) -> Decimal:
        return sum((line.usd for line in self.lines), Decimal(0))


def bill_of(exchange: Exchange, prices: Mapping[str, Price | None]) -> Bill:
    """The bill of an exchange, under `prices` by model name."""
    lines, unpriced = [], []
    for attempt in exchange.tries:
        if attempt.usage == _NOTHING:
            continue
        price = prices.get(attempt.model)
        if price is None:
            unpriced.append(attempt.model)
        else:
            purpose = "answer" if attempt.outcome == "ok" else "waste"
            lines.append(Line(attempt.model, purpose, cost(attempt.usage, price), price.source))
    return Bill(tuple(lines), tuple(unpriced), _baseline(exchange, prices))


def _baseline(exchange: Exchange, prices: Mapping[str, Price | None]) -> Decimal | None:
    """The answer's own tokens at the baseline's price: an estimate, since answers differ in length."""
    name, request = exchange.policy.baseline, exchange.request
    price = prices.get(name) if name else None
    if price is None or exchange.error or (request is not None and request.api is Api.EMBEDDINGS):
        return None
    return cost(exchange.usage, price)
