"""What a request cost, and what the baseline model would have cost for it: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Final

from msgspec import Struct

from gateway.accounting.cost import KINDS, cost
from gateway.accounting.exchange import Exchange
from gateway.policy.schema import Price
from gateway.types import Api

ANSWER: Final = "answer"
WASTE: Final = "waste"
_tokens: Final = attrgetter(*KINDS)
_ZERO: Final = Decimal(0)


class Line(Struct, frozen=True):
    """One model's share: `purpose` is answer, or waste for a try whose content never left."""

    model: str
    purpose: str
    usd: Decimal
    price: str  # where the price comes from


class Bill(Struct, frozen=True):
    lines: tuple[Line, ...]
    unpriced: tuple[str, ...]  # models that were used and whose price is unknown
    baseline: Decimal | None  # None: the policy names no baseline, it has no price, or it makes no embeddings

    @property
    def total(self) -> Decimal:
        return _sum(self.lines)

    @property
    def waste(self) -> Decimal:
        """What failed tries cost, which is part of the total."""
        return _sum([line for line in self.lines if line.purpose == WASTE])

    @property
    def answer(self) -> Decimal:
        """What the caller's answer cost."""
        return _sum([line for line in self.lines if line.purpose == ANSWER])


def _sum(lines: Sequence[Line]) -> Decimal:
    """Most requests have one line."""
    if not lines:
        return _ZERO
    return lines[0].usd if len(lines) == 1 else sum((line.usd for line in lines), _ZERO)


def bill_of(exchange: Exchange, prices: Mapping[str, Price | None]) -> Bill:
    """The bill of an exchange, under `prices` by model name."""
    lines, unpriced = [], []
    for attempt in exchange.tries:
        usage = attempt.usage
        if not any(_tokens(usage)):
            continue
        price = prices.get(attempt.model)
        if price is None:
            unpriced.append(attempt.model)
        else:
            purpose = ANSWER if attempt.outcome == "ok" else WASTE
            lines.append(Line(attempt.model, purpose, cost(usage, price), price.source))
    return Bill(tuple(lines), tuple(unpriced), _baseline(exchange, prices))


def _baseline(exchange: Exchange, prices: Mapping[str, Price | None]) -> Decimal | None:
    """The answer's own tokens at the baseline's price: an estimate, since answers differ in length."""
    name, request = exchange.policy.baseline, exchange.request
    price = prices.get(name) if name else None
    if price is None or exchange.error or (request is not None and request.api is Api.EMBEDDINGS):
        return None
    return cost(exchange.usage, price)
