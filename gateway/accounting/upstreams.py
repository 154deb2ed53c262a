"""How the upstreams in force are doing, read whenever metrics are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Standing(NamedTuple):
    """Of one deployment of a model: `circuit` is 0 closed, 1 half open, 2 open."""

    deployment: str
    circuit: int
    outstanding: int


class Upstream(NamedTuple):
    """A model's deployments, and how many requests wait for a place at one of them."""

    model: str
    waiting: int
    deployments: tuple[Standing, ...]


Read = Callable[[], Iterable[Upstream]]
"""Called by whichever thread reads the metrics."""


class Upstreams(Collector):
    def __init__(self) -> None:
        self.read: Read = tuple

    def collect(self) -> Iterator[Metric]:
        at = ("model", "deployment")
        circuit = _gauge("circuit_state", "0: closed, 1: half open, 2: open, so that it is not asked", at)
        outstanding = _gauge("deployment_outstanding", "Requests that a deployment is answering", at)
        waiting = _gauge("queue_waiting", "Requests that wait until a deployment has room", at[:1])
        for model in self.read():
            waiting.add_metric((model.model,), model.waiting)
            for one in model.deployments:
                circuit.add_metric((model.model, one.deployment), one.circuit)
                outstanding.add_metric((model.model, one.deployment), one.outstanding)
        yield from (circuit, outstanding, waiting)


def _gauge(name: str, help_: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily("pointsman_" + name, help_, labels=labels)
