"""A request is entered whole, or it is said that it was not: rows and counters agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounting.book import Book
from gateway.accounting.exchange import Exchange
from gateway.accounting.history import journal_of, lines
from gateway.accounting.ledger import JournalLedger
from gateway.accounting.metrics import Metrics
from gateway.classify.detect import Detector
from gateway.interfaces import Row
from gateway.labels import Cleared
from gateway.policy.schema import Policy, Price
from gateway.types import Tried, Usage

POLICY = Policy("r", {}, ())
PRICES = {"small": Price(0.15, 0.6, 0.075), "strong": Price(2.5, 10.0), "house": None}
FIND = Detector().find

_counts = st.integers(0, 10**7)
_usages = st.builds(Usage, _counts, _counts, _counts, _counts, _counts, _counts, _counts)
_outcomes = st.sampled_from(["ok", "ok", "provider_timeout", "provider_stream_broken", "hung_up"])
_tries = st.lists(
    st.builds(Tried, st.sampled_from(list(PRICES)), _outcomes, _usages, st.floats(0, 9)), max_size=4
)


@contextmanager
def opened() -> Iterator[tuple[Book, Metrics, Path]]:
    with TemporaryDirectory() as folder:
        ledger, metrics = JournalLedger(Path(folder)), Metrics("1")
        metrics.know(PRICES)
        yield Book(ledger, metrics, FIND), metrics, journal_of(Path(folder))
        ledger.close()


def total(metrics: Metrics, name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "pointsman_" + name and labels.items() <= sample.labels.items()
    )


@given(st.lists(_tries, max_size=5))
def test_what_the_rows_add_up_to_is_what_is_counted(requests: list[list[Tried]]) -> None:
    with opened() as (book, metrics, journal):
        for tries in requests:
            exchange = Exchange("id", 1.0, 0.0, POLICY, tries=tries)
            assert book.enter(exchange, PRICES)
        rows: list[dict[str, Any]] = [json.loads(line) for line in journal.read_bytes().splitlines()]
        assert total(metrics, "ledger_rows_total") == len(rows) == len(requests)
        cost, waste = (sum(Decimal(row[name]) for row in rows) for name in ("cost_usd", "waste_usd"))
        assert total(metrics, "cost_usd_total") == pytest.approx(float(cost))
        assert total(metrics, "cost_usd_total", purpose="waste") == pytest.approx(float(waste))
        tried = [attempt for row in rows for attempt in row["tries"]]
        assert total(metrics, "upstream_requests_total") == len(tried)
        for kind in ("input", "cached_input", "output", "audio_output"):
            assert total(metrics, "tokens_total", kind=kind) == sum(one["usage"][kind] for one in tried)
        assert [line.row is not None for line in lines(journal)] == [True] * len(rows)


@given(_tries)
def test_a_bill_is_exact(tries: list[Tried]) -> None:
    with opened() as (book, _, journal):
        exchange = Exchange("id", 1.0, 0.0, POLICY, tries=tries)
        book.enter(exchange, PRICES)
        (row,) = map(json.loads, journal.read_bytes().splitlines())
        exact = sum((_exact(one, price) for one in tries if (price := PRICES[one.model])), Fraction(0))
        assert Fraction(row["cost_usd"]) == exact
        unpriced = any(one.model == "house" and one.usage != Usage() for one in tries)
        assert (exchange.cost_usd is None) == unpriced
        if exchange.cost_usd is not None:
            assert exchange.cost_usd == Decimal(row["cost_usd"]) - Decimal(row["waste_usd"])


def _exact(tried: Tried, price: Price) -> Fraction:
    used, cached = tried.usage, price.input if price.cached_input is None else price.cached_input
    of_input = (used.input + used.cache_write + used.audio_input) * Fraction(repr(price.input))
    of_output = used.total_output * Fraction(repr(price.output))
    return (of_input + used.cached_input * Fraction(repr(cached)) + of_output) / 1_000_000


class _Full:
    """A ledger without room."""

    def __init__(self) -> None:
        self.full = True

    def write(self, row: Cleared[Row]) -> None:
        if self.full:
            raise OSError(28, "No space left on device")


def test_a_row_that_is_not_taken_is_counted_as_lost_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    ledger, metrics = _Full(), Metrics("1")
    book = Book(ledger, metrics, FIND)
    assert [book.enter(Exchange("id", 1.0, 0.0, POLICY), {}) for _ in range(2)] == [False, False]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "The ledger cannot be written: No space left on device"
    ]
    ledger.full = False
    assert book.enter(Exchange("id", 1.0, 0.0, POLICY), {})
    assert (total(metrics, "ledger_rows_lost_total"), total(metrics, "ledger_rows_total")) == (2, 1)
    assert total(metrics, "requests_total") == 3


def test_the_log_says_of_a_request_what_it_was_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pointsman.requests")
    with opened() as (book, _, _):
        tried = Tried("small", "ok", Usage(input=1_000_000), 0.1)
        book.enter(Exchange("id-1", 1.0, 0.0, POLICY, tries=[tried], ended=1.25), PRICES)
    (record,) = caplog.records
    fields = record.__dict__["fields"]
    assert (record.getMessage(), fields["id"], fields["ms"], fields["cost_usd"]) == (
        "request",
        "id-1",
        250,
        0.15,
    )
    said = "id caller route model label outcome error policy ms overhead_ms cost_usd"
    assert " ".join(fields) == said
