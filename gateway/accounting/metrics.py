"""Counts what requests did, by the policy's own vocabulary, and says it to Prometheus."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest

from gateway.accounting.account import Account
from gateway.accounting.counting import Names, count
from gateway.accounting.families import Families
from gateway.accounting.upstreams import Read, Upstreams

MAX_DEPARTED = 100  # names that left the policy and whose series are kept, since dashboards look back
BATCH = 64  # requests that are counted together, in half the time that each takes by itself
SORTED = 16  # batches until what histograms have noted is sorted


_log = logging.getLogger("pointsman.metrics")


class _Registry(CollectorRegistry):
    """Has what is outstanding counted before anybody reads."""

    def __init__(self, count: Callable[[], None]) -> None:
        super().__init__()
        self._count = count

    def collect(self) -> Iterator[Metric]:
        self._count()
        yield from super().collect()


class Metrics(Families):
    """One thread records, any may read: whatever was recorded is counted then."""

    def __init__(self, version: str) -> None:
        super().__init__(version, _Registry(self._count))
        self._upstreams = Upstreams()
        self.registry.register(self._upstreams)
        self._names = Names()
        self._known: frozenset[str] = frozenset()
        self._departed: dict[str, None] = {}  # oldest first
        self._recorded: list[Account] = []
        self._batches = 0
        self._counting = Lock()

    def record(self, account: Account) -> None:
        """Takes in all that one finished request tells."""
        self._recorded.append(account)
        if len(self._recorded) >= BATCH:
            self._count()
            self._batches += 1
            if self._batches % SORTED == 0:
                for histogram in self.histograms:
                    histogram.settle()

    def _count(self) -> None:
        with self._counting:
            accounts = self._recorded[:]
            del self._recorded[: len(accounts)]
            for account in accounts:
                try:
                    count(account, self, self._names)
                except Exception:  # the others are counted none the less
                    _log.exception("A request could not be counted")

    def know(self, names: Iterable[str]) -> None:
        """The policy's vocabulary: every other name becomes `_other` as a label."""
        self._count()
        before, self._known = self._known, frozenset(names)
        self._names = Names(self._known)
        self._departed |= dict.fromkeys(sorted(before - self._known))
        for name in self._known & self._departed.keys():
            del self._departed[name]

    def forget(self) -> None:
        """Drops the series of names that left the policy: of its state all, of what was counted the oldest.

        Called once nothing runs under a policy that had them, so that they do not come back.
        """
        self._count()
        for name in self._departed:
            self.knowledge_age.remove_by_labels({"knowledge": name})
            for kind in ("knowledge", "tools"):
                self.dependency.remove_by_labels({"name": f"{kind} {name}"})
        oldest = list(self._departed)[:-MAX_DEPARTED]
        for name in oldest:
            del self._departed[name]
            for metric, label in self.named:
                metric.remove_by_labels({label: name})

    def watch_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Lets the number of a loop's tasks be read whenever metrics are rendered."""
        self.tasks.set_function(lambda: len(asyncio.all_tasks(loop)))

    def watch_upstreams(self, read: Read) -> None:
        """Lets circuits, loads and queues of the models in force be read whenever metrics are rendered."""
        self._upstreams.read = read

    def render(self) -> bytes:
        """The exposition text; some tens of milliseconds, so not for the event loop."""
        return generate_latest(self.registry)


def watch_age(metrics: Metrics, name: str, age: Callable[[], float]) -> None:
    """Lets the age of a knowledge base be read whenever metrics are rendered."""
    metrics.knowledge_age.labels(name).set_function(age)
