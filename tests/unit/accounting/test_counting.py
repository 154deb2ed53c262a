"""What requests add to the metrics."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.accounting.account import account_of
from gateway.accounting.bill import Bill, Line, bill_of
from gateway.accounting.counting import replaced
from gateway.accounting.exchange import Exchange
from gateway.accounting.metrics import Metrics
from gateway.errors import GatewayError, ProviderUnavailable
from gateway.policy.schema import Policy, Price
from gateway.types import Caller, ChatRequest, Label, Masked, Passage, Refused, Retrieved, Tried, Usage

NOTHING = Bill((), (), None)


def counted(
    *tries: Tried, bill: Bill = NOTHING, error: GatewayError | None = None, **said: object
) -> Metrics:
    metrics = Metrics("1")
    metrics.know(["small", "strong", "support", "book"])
    exchange = Exchange("id", started=1.0, at=0.0, policy=Policy("r", {}, ()), ended=3.0, error=error)
    exchange.caller = Caller("app", team="support")
    exchange.request = ChatRequest("auto", (), {}, stream=True)
    exchange.tries.extend(tries)
    exchange.model = tries[-1].model if tries else None
    exchange.first_content = 2.0
    for name, value in said.items():
        setattr(exchange, name, value)
    metrics.record(account_of(exchange, bill))
    return metrics


def sample(metrics: Metrics, name: str, /, **labels: str) -> float | None:
    return metrics.registry.get_sample_value("pointsman_" + name, labels)


def ok(model: str) -> Tried:
    return Tried(model, "ok", Usage(input=5, output=11), 0.1)


def failed(model: str, again: bool = False) -> Tried:
    return Tried(model, "provider_unavailable", Usage(), 0.1, again=again)


def test_an_error_is_counted_by_whose_fault_it_is() -> None:
    metrics = counted(error=ProviderUnavailable("down"))
    labels = {"route": "", "model": "", "task": "", "freshness": "", "sensitivity": "public"}
    assert (
        sample(metrics, "requests_total", **labels, outcome="error", error_type="provider_unavailable") == 1
    )


def test_cost_and_waste_are_told_apart() -> None:
    lines = (
        Line("strong", "waste", Decimal(10), "policy"),
        Line("small", "answer", Decimal(3), "policy"),
    )
    metrics = counted(failed("strong"), ok("small"), bill=Bill(lines, (), Decimal(30)))
    paid = {"route": "", "team": "support"}
    assert sample(metrics, "cost_usd_total", **paid, model="strong", purpose="waste") == 10
    assert sample(metrics, "cost_usd_total", **paid, model="small", purpose="answer") == 3
    assert sample(metrics, "baseline_cost_usd_total", **paid) == 30


def test_an_unknown_price_is_counted() -> None:
    assert sample(counted(bill=Bill((), ("small",), None)), "unpriced_requests_total", model="small") == 1


def test_each_try_is_counted_with_its_outcome_and_the_later_ones_of_a_model_as_retries() -> None:
    metrics = counted(failed("small"), failed("small", again=True), failed("strong"), ok("strong"))
    assert sample(metrics, "upstream_requests_total", model="small", outcome="provider_unavailable") == 2
    assert sample(metrics, "upstream_requests_total", model="strong", outcome="ok") == 1
    assert sample(metrics, "upstream_retries_total", model="small") == 1
    assert sample(metrics, "upstream_retries_total", model="strong") is None
    assert sample(metrics, "fallbacks_total", model="small") == 1


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ([ok("a")], []),
        ([failed("a"), ok("a")], []),
        ([failed("a"), ok("b")], ["a"]),
        ([failed("a"), failed("b"), ok("c")], ["a"]),
        ([ok("a"), failed("a"), ok("b"), ok("b")], ["a"]),
        ([failed("a"), ok("b"), failed("b"), ok("a")], ["a", "b"]),
        ([failed("a"), failed("b")], []),
    ],
)
def test_a_model_was_replaced_where_another_answered(tries: list[Tried], expected: list[str]) -> None:
    assert list(replaced(tries)) == expected


def test_a_request_that_failed_was_not_saved_by_a_fallback() -> None:
    metrics = counted(failed("small"), ok("strong"), error=ProviderUnavailable("down"))
    assert sample(metrics, "fallbacks_total", model="small") is None


def test_times_are_of_the_model_whose_content_left() -> None:
    metrics = counted(ok("small"), timings={"admit": 0.001})
    served = {"route": "", "model": "small"}
    assert sample(metrics, "request_duration_seconds_sum", **served) == 2.0
    assert sample(metrics, "time_to_first_token_seconds_sum", **served) == 1.0
    assert sample(metrics, "time_per_output_token_seconds_sum", **served) == 0.1
    assert sample(metrics, "overhead_seconds_sum", stage="admit") == 0.001


def test_what_was_protected_and_searched_is_counted() -> None:
    passage = Passage("text", "a.md", "", "book", 0.9)
    metrics = counted(
        masked=Masked(("hide",), {"email": 2}, Label.CONFIDENTIAL, Label.PUBLIC),
        refusals=[Refused("model", "small", Label.RESTRICTED)],
        retrievals=[Retrieved(("book", "other"), (passage, passage), (0.1, 0.2))],
    )
    assert sample(metrics, "guard_actions_total", guard="hide", action="mask") == 1
    assert sample(metrics, "masked_total", entity="email") == 2
    assert sample(metrics, "clearance_refusals_total", kind="model") == 1
    assert sample(metrics, "retrieval_passages_sum", knowledge="book") == 2
    assert sample(metrics, "retrieval_empty_total", knowledge="_other") == 1


def test_price_by_price_what_is_billed_is_what_is_counted() -> None:
    exchange = Exchange("id", 1.0, 0.0, Policy("r", {}, ()), tries=[ok("small")])
    bill = bill_of(exchange, {"small": Price(1.0, 2.0)})
    metrics = counted(ok("small"), bill=bill)
    cost = sample(metrics, "cost_usd_total", route="", team="support", model="small", purpose="answer")
    assert cost == float(bill.total)
