"""Metrics and the bounds of their labels."""

from __future__ import annotations

from decimal import Decimal

from gateway.accounting.bill import Bill, Line, bill_of
from gateway.accounting.exchange import Exchange
from gateway.accounting.metrics import MAX_DEPARTED, Metrics, watch_age
from gateway.errors import ProviderUnavailable
from gateway.policy.schema import Policy, Price
from gateway.types import Api, Caller, ChatRequest, Sent, ToolUsed, Tried, Usage


def finished(*tries: Tried, baseline: str | None = None) -> Exchange:
    exchange = Exchange("id", started=1.0, at=0.0, policy=Policy("r", {}, (), baseline=baseline), ended=3.0)
    exchange.caller = Caller("app", team="support")
    exchange.request = ChatRequest("auto", (), {}, stream=True)
    exchange.tries.extend(tries)
    exchange.model = tries[-1].model if tries else None
    exchange.first_content = 2.0
    return exchange


def sample(metrics: Metrics, name: str, /, **labels: str) -> float | None:
    return metrics.registry.get_sample_value("pointsman_" + name, labels)


def test_a_name_that_the_policy_does_not_know_is_other() -> None:
    metrics = Metrics("1")
    metrics.know(["small", "support"])
    exchange = finished(Tried("small", "ok", Usage(input=5), 0.1))
    exchange.tool_uses.append(ToolUsed("evil\nserver", "x", "ok", 0.1))
    metrics.record(exchange, Bill((), (), None))
    assert sample(metrics, "tool_calls_total", server="_other", tool="_other", status="ok") == 1
    assert sample(metrics, "tokens_total", route="", model="small", kind="input") == 5


def test_embeddings_are_not_held_against_a_baseline_that_makes_none() -> None:
    exchange = finished(Tried("embed", "ok", Usage(input=1_000_000), 0.1), baseline="strong")
    exchange.request = ChatRequest("embed", (), {}, sent=Sent(Api.EMBEDDINGS, b"", (), {}))
    bill = bill_of(exchange, {"embed": Price(0.02, 0.0), "strong": Price(10.0, 20.0)})
    assert (bill.total, bill.baseline) == (Decimal("0.02"), None)


def test_cost_and_waste_are_told_apart_and_the_baseline_is_counted() -> None:
    prices = {"small": Price(1.0, 2.0), "strong": Price(10.0, 20.0)}
    broken = Tried("strong", "provider_stream_broken", Usage(input=1_000_000), 0.1)
    answer = Tried("small", "ok", Usage(input=1_000_000, output=1_000_000), 0.1)
    exchange = finished(broken, answer, baseline="strong")
    bill = bill_of(exchange, prices)
    assert bill.lines == (
        Line("strong", "waste", Decimal(10), "policy"),
        Line("small", "answer", Decimal(3), "policy"),
    )
    assert bill.baseline == Decimal(30)
    metrics = Metrics("1")
    metrics.know(["small", "strong", "support"])
    metrics.record(exchange, bill)
    assert sample(metrics, "cost_usd_total", route="", model="strong", team="support", purpose="waste") == 10
    assert sample(metrics, "fallbacks_total", model="strong") == 1


def test_an_unknown_price_is_counted_and_never_zero() -> None:
    exchange = finished(Tried("house", "ok", Usage(input=5), 0.1))
    bill = bill_of(exchange, {"house": None})
    assert bill.unpriced == ("house",)
    metrics = Metrics("1")
    metrics.know(["house"])
    metrics.record(exchange, bill)
    assert sample(metrics, "unpriced_requests_total", model="house") == 1


def test_an_error_is_counted_by_whose_fault_it_is() -> None:
    exchange = finished()
    exchange.error = ProviderUnavailable("down")
    metrics = Metrics("1")
    metrics.record(exchange, Bill((), (), None))
    labels = {"route": "", "model": "", "task": "", "freshness": "", "sensitivity": "public"}
    assert (
        sample(metrics, "requests_total", **labels, outcome="error", error_type="provider_unavailable") == 1
    )


def test_a_name_that_leaves_the_policy_is_counted_no_more_and_forgotten_after_many_others() -> None:
    metrics = Metrics("1")
    for number in range(MAX_DEPARTED + 2):
        metrics.know([f"m{number}"])
        metrics.record(finished(Tried(f"m{number}", "ok", Usage(input=5), 0.1)), Bill((), (), None))
        metrics.forget()
    assert [sample(metrics, "upstream_requests_total", model=f"m{n}", outcome="ok") for n in range(3)] == [
        None,
        1.0,
        1.0,
    ]
    metrics.record(finished(Tried("m1", "ok", Usage(), 0.1)), Bill((), (), None))
    assert sample(metrics, "upstream_requests_total", model="_other", outcome="ok") == 1


def test_a_name_that_comes_back_goes_on_from_where_it_was() -> None:
    metrics = Metrics("1")
    for names in (["small"], [], ["small"]):
        metrics.know(names)
        metrics.record(finished(Tried("small", "ok", Usage(), 0.1)), Bill((), (), None))
        metrics.forget()
    assert sample(metrics, "upstream_requests_total", model="small", outcome="ok") == 2


def test_the_state_of_what_left_the_policy_is_told_no_more() -> None:
    metrics = Metrics("1")
    metrics.know(["book", "crm"])
    watch_age(metrics, "book", lambda: 5.0)
    metrics.dependency.labels("knowledge book").set(1)
    metrics.dependency.labels("tools crm").set(0)
    metrics.know(["crm"])
    metrics.forget()
    assert sample(metrics, "knowledge_age_seconds", knowledge="book") is None
    assert sample(metrics, "dependency_up", name="knowledge book") is None
    assert sample(metrics, "dependency_up", name="tools crm") == 0
