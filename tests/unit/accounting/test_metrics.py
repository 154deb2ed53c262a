"""Metrics and the bounds of their labels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from gateway.accounting.account import Account, Search, account_of
from gateway.accounting.bill import Bill
from gateway.accounting.exchange import Exchange
from gateway.accounting.metrics import BATCH, MAX_DEPARTED, SORTED, Metrics, watch_age
from gateway.policy.schema import Policy
from gateway.types import Caller, ChatRequest, Message, Passage, Retrieved, ToolUsed, Tried, Usage


def finished(*tries: Tried, tools: tuple[ToolUsed, ...] = ()) -> Account:
    exchange = Exchange("id", started=1.0, at=0.0, policy=Policy("r", {}, ()), ended=3.0)
    exchange.caller = Caller("app", team="support")
    exchange.request = ChatRequest("auto", (), {}, stream=True)
    exchange.tries.extend(tries)
    exchange.tool_uses.extend(tools)
    exchange.model = tries[-1].model if tries else None
    exchange.first_content = 2.0
    return account_of(exchange, Bill((), (), None))


def sample(metrics: Metrics, name: str, /, **labels: str) -> float | None:
    return metrics.registry.get_sample_value("pointsman_" + name, labels)


def test_a_name_that_the_policy_does_not_know_is_other() -> None:
    metrics = Metrics("1")
    metrics.know(["small", "support"])
    tool = ToolUsed("evil\nserver", "x", "ok", 0.1)
    metrics.record(finished(Tried("small", "ok", Usage(input=5), 0.1), tools=(tool,)))
    assert sample(metrics, "tool_calls_total", server="_other", tool="_other", status="ok") == 1
    assert sample(metrics, "tokens_total", route="", model="small", kind="input") == 5


def test_whatever_was_recorded_is_there_when_metrics_are_read() -> None:
    metrics = Metrics("1")
    metrics.know(["small"])
    for number in range(1, 2 * BATCH):
        metrics.record(finished(Tried("small", "ok", Usage(input=2), 0.1)))
        assert sample(metrics, "upstream_requests_total", model="small", outcome="ok") == number
        assert sample(metrics, "request_duration_seconds_count", route="", model="small") == number


def test_nothing_is_lost_while_others_read() -> None:
    metrics, done = Metrics("1"), Event()
    metrics.know(["small"])
    with ThreadPoolExecutor(2) as readers:
        for _ in range(2):
            readers.submit(lambda: [metrics.render() for _ in iter(done.is_set, True)])
        for _ in range(SORTED * BATCH + 7):
            metrics.record(finished(Tried("small", "ok", Usage(input=1), 0.1)))
        done.set()
    assert sample(metrics, "upstream_requests_total", model="small", outcome="ok") == SORTED * BATCH + 7
    assert sample(metrics, "request_duration_seconds_count", route="", model="small") == SORTED * BATCH + 7
    assert sample(metrics, "request_duration_seconds_sum", route="", model="small") == 2 * (
        SORTED * BATCH + 7
    )


def test_a_request_is_counted_by_the_names_of_its_time() -> None:
    metrics = Metrics("1")
    metrics.know(["small"])
    metrics.record(finished(Tried("small", "ok", Usage(), 0.1)))
    metrics.know([])
    assert sample(metrics, "upstream_requests_total", model="small", outcome="ok") == 1


def test_what_is_kept_to_be_counted_holds_no_content() -> None:
    request = ChatRequest("auto", (Message("user", "what Anna said", b"raw words of Anna"),), {})
    found = Retrieved(("book",), (Passage("what the book says", "a.md", "", "book", 0.5),), (0.1,))
    exchange = Exchange("id", 1.0, 0.0, Policy("r", {}, ()), request=request, retrievals=[found])
    account = account_of(exchange, Bill((), (), None))
    assert account.searches == [Search("book", 0.1, 1)]
    assert "Anna" not in repr(account)
    assert "book says" not in repr(account)


def test_a_name_that_leaves_the_policy_is_counted_no_more_and_forgotten_after_many_others() -> None:
    metrics = Metrics("1")
    for number in range(MAX_DEPARTED + 2):
        metrics.know([f"m{number}"])
        metrics.record(finished(Tried(f"m{number}", "ok", Usage(input=5), 0.1)))
        metrics.forget()
    assert [sample(metrics, "upstream_requests_total", model=f"m{n}", outcome="ok") for n in range(3)] == [
        None,
        1.0,
        1.0,
    ]
    metrics.record(finished(Tried("m1", "ok", Usage(), 0.1)))
    assert sample(metrics, "upstream_requests_total", model="_other", outcome="ok") == 1


def test_a_name_that_comes_back_goes_on_from_where_it_was() -> None:
    metrics = Metrics("1")
    for names in (["small"], [], ["small"]):
        metrics.know(names)
        metrics.record(finished(Tried("small", "ok", Usage(), 0.1)))
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
