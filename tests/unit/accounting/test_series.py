"""Counters and histograms, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client import Counter as TheirCounter
from prometheus_client import Histogram as TheirHistogram
from prometheus_client.exposition import generate_latest

from gateway.accounting.series import Counter, Histogram

BOUNDS = (0.125, 0.5, 1.0, 2.5)  # exact, so that sums are whatever their order


def said(registry: CollectorRegistry) -> list[str]:
    """The exposition, without when a series began."""
    text = generate_latest(registry).decode()
    return [line for line in text.splitlines() if "_created{" not in line and "_created " not in line]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([*BOUNDS, 0.0, 0.75, 99.0]))))
def test_they_read_as_the_ones_of_prometheus_client_do(seen: Sequence[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counter, histogram = Counter("c", "Counts", ("x",)), Histogram("h", "Spreads", ("x",), BOUNDS)
    ours.register(counter)
    ours.register(histogram)
    their_counter = TheirCounter("c", "Counts", ["x"], registry=theirs)
    their_histogram = TheirHistogram("h", "Spreads", ["x"], registry=theirs, buckets=BOUNDS)
    for label, value in seen:
        counter.by[label,].inc(value)
        histogram.by[label,].observe(value)
        their_counter.labels(label).inc(value)
        their_histogram.labels(label).observe(value)
    assert said(ours) == said(theirs)


def test_one_without_labels_is_there_from_the_start() -> None:
    registry = CollectorRegistry()
    registry.register(Counter("rows", "Rows", ()))
    assert registry.get_sample_value("rows_total") == 0


def test_what_is_settled_early_counts_once() -> None:
    registry, histogram = CollectorRegistry(), Histogram("h", "Spreads", (), BOUNDS)
    registry.register(histogram)
    for value in (0.2, 3.0):
        histogram.labels().observe(value)
        histogram.settle()
    assert [registry.get_sample_value("h_bucket", {"le": le}) for le in ("0.125", "0.5", "+Inf")] == [0, 1, 2]
    assert registry.get_sample_value("h_sum") == pytest.approx(3.2)


def test_series_are_removed_by_some_of_their_labels() -> None:
    counter = Counter("c", "Counts", ("model", "kind"))
    for labels in (("a", "x"), ("a", "y"), ("b", "x")):
        counter.labels(*labels).inc()
    counter.remove_by_labels({"model": "a"})
    assert list(counter.by) == [("b", "x")]
