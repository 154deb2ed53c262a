"""Counters and histograms for the hot path: to count is an addition, what was observed is sorted later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from time import time
from typing import Generic, TypeVar

import numpy as np
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

S = TypeVar("S")
Labels = tuple[str, ...]


class Series(dict[Labels, S]):
    """The series of a metric by the values of its labels; one that is not there yet begins empty."""

    def __init__(self, begin: Callable[[], S]) -> None:
        super().__init__()
        self._begin = begin

    def __missing__(self, labels: Labels) -> S:
        return self.setdefault(labels, self._begin())


class Family(Collector, Generic[S]):
    """A metric with labels. One thread counts; any may read."""

    def __init__(self, name: str, help_: str, labels: Labels, begin: Callable[[], S]) -> None:
        self._name, self._help, self._labels = name, help_, labels
        self.by = Series(begin)
        if not labels:
            self.by[()]  # without labels there is one from the start

    def labels(self, *values: str) -> S:
        """The series of these values, which is there from now on."""
        return self.by[values]

    def remove_by_labels(self, labels: Mapping[str, str]) -> None:
        """Drops the series that have all of these values."""
        wanted = [(self._labels.index(name), value) for name, value in labels.items()]
        for values in list(self.by):
            if all(values[at] == value for at, value in wanted):
                self.by.pop(values, None)


class Count:
    """A number that only grows."""

    __slots__ = ("begun", "value")

    def __init__(self) -> None:
        self.value: float = 0
        self.begun = time()

    def inc(self, by: float = 1) -> None:
        self.value += by


class Counter(Family[Count]):
    def __init__(self, name: str, help_: str, labels: Labels) -> None:
        super().__init__(name, help_, labels, Count)

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self._name, self._help, labels=self._labels)
        for values, count in self.by.copy().items():
            family.add_metric(values, count.value, created=count.begun)
        yield family


class Observed:
    """Values by bucket, their sum, and those that were noted since and are in neither yet."""

    __slots__ = ("_bounds", "_noted", "begun", "counts", "observe", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._noted: list[float] = []
        self.observe = self._noted.append
        self.counts = np.zeros(len(bounds) + 1, np.int64)
        self.total = 0.0
        self.begun = time()

    def settle(self) -> None:
        """Puts what was noted in its buckets; what comes in meanwhile stays noted."""
        if not self._noted:
            return
        values = np.array(self._noted, np.float64)
        del self._noted[: values.size]
        at = np.searchsorted(self._bounds, values)  # a value on a bound is below it
        self.counts += np.bincount(at, minlength=len(self.counts))
        self.total += float(values.sum())


class Histogram(Family[Observed]):
    """`settle` is to be called now and then: what is observed is kept until then."""

    def __init__(self, name: str, help_: str, labels: Labels, bounds: Iterable[float]) -> None:
        self._bounds = tuple(bounds)
        self._said = [*map(floatToGoString, self._bounds), "+Inf"]
        self._settling = Lock()
        super().__init__(name, help_, labels, lambda: Observed(self._bounds))

    def settle(self) -> None:
        with self._settling:
            for observed in self.by.copy().values():
                observed.settle()

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._help, labels=self._labels)
        with self._settling:
            for values, observed in self.by.copy().items():
                observed.settle()
                below = np.cumsum(observed.counts).tolist()
                family.add_metric(values, [*zip(self._said, below, strict=True)], observed.total)
                labels = dict(zip(self._labels, values, strict=True))
                family.add_sample(f"{self._name}_created", labels, observed.begun)
        yield family
