"""What a request cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.accounting.bill import Bill, Line, bill_of
from gateway.accounting.exchange import Exchange
from gateway.errors import ProviderUnavailable
from gateway.policy.schema import Policy, Price
from gateway.types import Api, ChatRequest, Sent, Tried, Usage

PRICES = {"small": Price(1.0, 2.0), "strong": Price(10.0, 20.0)}
MILLION = Usage(input=1_000_000)


def billed(*tries: Tried, baseline: str | None = None) -> Bill:
    return bill_of(Exchange("id", 1.0, 0.0, Policy("r", {}, (), baseline=baseline), tries=[*tries]), PRICES)


def test_answer_and_waste_are_told_apart_and_the_baseline_is_of_the_answer() -> None:
    broken = Tried("strong", "provider_stream_broken", MILLION, 0.1)
    answer = Tried("small", "ok", Usage(input=1_000_000, output=1_000_000), 0.1)
    bill = billed(broken, answer, baseline="strong")
    assert bill.lines == (
        Line("strong", "waste", Decimal(10), "policy"),
        Line("small", "answer", Decimal(3), "policy"),
    )
    assert (bill.total, bill.waste, bill.answer, bill.baseline) == tuple(map(Decimal, (13, 10, 3, 30)))


@pytest.mark.parametrize("outcome", ["provider_timeout", "provider_unavailable", "hung_up"])
def test_what_a_try_used_that_did_not_answer_is_waste(outcome: str) -> None:
    bill = billed(Tried("small", outcome, MILLION, 0.1))
    assert (bill.total, bill.waste, bill.answer) == (Decimal(1), Decimal(1), Decimal(0))


def test_a_try_that_used_nothing_is_on_no_bill() -> None:
    assert billed(Tried("small", "provider_unavailable", Usage(), 0.1)) == Bill((), (), None)


def test_an_unknown_price_is_told_and_never_zero() -> None:
    assert billed(Tried("house", "ok", Usage(input=5), 0.1)) == Bill((), ("house",), None)


def test_embeddings_are_not_held_against_a_baseline_that_makes_none() -> None:
    exchange = Exchange("id", 1.0, 0.0, Policy("r", {}, (), baseline="strong"))
    exchange.request = ChatRequest("small", (), {}, sent=Sent(Api.EMBEDDINGS, b"", (), {}))
    exchange.tries.append(Tried("small", "ok", MILLION, 0.1))
    assert bill_of(exchange, PRICES).baseline is None


def test_a_request_that_failed_has_no_baseline() -> None:
    exchange = Exchange("id", 1.0, 0.0, Policy("r", {}, (), baseline="strong"))
    exchange.error = ProviderUnavailable("down")
    assert bill_of(exchange, PRICES).baseline is None
