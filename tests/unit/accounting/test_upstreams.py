"""How upstreams are doing, as Prometheus reads it."""

from __future__ import annotations

from gateway.accounting.metrics import Metrics
from gateway.accounting.upstreams import Standing, Upstream


def test_what_is_in_force_at_the_moment_is_told() -> None:
    metrics, now = Metrics("1"), [Upstream("small", 3, (Standing("a:80", 2, 0), Standing("b:80", 0, 7)))]
    metrics.watch_upstreams(lambda: now)
    read = metrics.registry.get_sample_value
    assert read("pointsman_circuit_state", {"model": "small", "deployment": "a:80"}) == 2
    assert read("pointsman_deployment_outstanding", {"model": "small", "deployment": "b:80"}) == 7
    assert read("pointsman_queue_waiting", {"model": "small"}) == 3
    now[:] = [Upstream("strong", 0, (Standing("c:80", 1, 1),))]
    assert read("pointsman_circuit_state", {"model": "small", "deployment": "a:80"}) is None
    assert read("pointsman_circuit_state", {"model": "strong", "deployment": "c:80"}) == 1


def test_nothing_is_told_before_there_is_a_policy() -> None:
    assert b"pointsman_circuit_state{" not in Metrics("1").render()
