"""Every metric of the gateway, in one registry: names, labels and buckets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)

from gateway.accounting.series import Counter, Histogram

# Buckets in seconds: OpenTelemetry's GenAI conventions (gen_ai.client.operation.duration and
# gen_ai.server.time_to_first_token, gen_ai.server.time_per_output_token).
DURATION = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
PER_TOKEN = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
OVERHEAD = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
SHARE = tuple(n / 10 for n in range(1, 11))
COUNTS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 32)
NAMED = frozenset({"route", "model", "team", "knowledge", "server", "tool", "guard"})  # labels

M = TypeVar("M", Counter, Histogram)


class Families:
    """`named` are those that count by a name of the policy, each with that label."""

    def __init__(self, version: str, registry: CollectorRegistry) -> None:
        self.registry = registry
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.named: list[tuple[Counter | Histogram, str]] = []
        self.histograms: list[Histogram] = []
        self._define()
        self._gauge("build_info", "The running version", "version").labels(version).set(1)

    def _define(self) -> None:
        counter, gauge, histogram = self._counter, self._gauge, self._histogram
        self.requests = counter(
            "requests",
            "Requests, by how they were served and how they ended",
            "route model task freshness sensitivity outcome error_type",
        )
        self.duration = histogram(
            "request_duration_seconds", "From request to last byte", DURATION, "route model"
        )
        self.first_token = histogram(
            "time_to_first_token_seconds", "From request to first content", FIRST_TOKEN, "route model"
        )
        self.per_token = histogram(
            "time_per_output_token_seconds", "Between output tokens", PER_TOKEN, "route model"
        )
        self.overhead = histogram("overhead_seconds", "What the gateway itself adds", OVERHEAD, "stage")
        self.tokens = counter("tokens", "Tokens by disjoint kind, as billed", "route model kind")
        self.cost = counter("cost_usd", "What was spent", "route model team purpose")
        self.baseline = counter("baseline_cost_usd", "What the baseline model would have cost", "route team")
        self.unpriced = counter("unpriced_requests", "Requests whose price is unknown", "model")
        confidence = histogram("signal_confidence", "Probability of the best label", SHARE, "axis")
        self.task_confidence = confidence.labels("task")
        self.freshness_confidence = confidence.labels("freshness")
        self.sensitivity_confidence = confidence.labels("sensitivity")
        self.unsure = counter("signal_unsure", "Requests whose label is unsure", "axis")
        self.decisions = counter("route_decisions", "The routing mix", "route reason")
        self.guards = counter("guard_actions", "What guards did", "guard action")
        self.masked = counter("masked", "Values that were masked", "entity")
        self.refusals = counter("clearance_refusals", "Data kept from a destination", "kind")
        self.upstream = counter("upstream_requests", "Calls of models, by outcome", "model outcome")
        self.retries = counter(
            "upstream_retries", "Calls of a model that had failed the same request", "model"
        )
        self.fallbacks = counter("fallbacks", "Answers given by a fallback in place of this model", "model")
        self.retrieval = histogram("retrieval_seconds", "Time of a search", OVERHEAD, "knowledge")
        self.passages = histogram("retrieval_passages", "Passages found", COUNTS, "knowledge")
        self.empty = counter("retrieval_empty", "Searches that found nothing", "knowledge")
        self.knowledge_age = gauge("knowledge_age_seconds", "Since the documents were read", "knowledge")
        self.tool_calls = counter("tool_calls", "Calls of tools", "server tool status")
        self.tool_seconds = histogram("tool_call_seconds", "Time of a tool call", DURATION, "server tool")
        self.steps = histogram("agent_steps", "Tool calls that a request took", COUNTS, "route")
        self.policy_info = gauge("policy_info", "The policy in force", "revision")
        self.policy_ok = gauge("policy_last_reload_successful", "1: the folder as it stands is in force")
        self.reloads = counter("policy_reloads", "Reloads of the policy", "result")
        for result in ("loaded", "refused"):  # a counter that starts at 1 shows no increase to Prometheus
            self.reloads.labels(result)
        self.dependency = gauge("dependency_up", "1: it answers", "name")
        self.tasks = gauge("tasks", "Tasks of the event loop")
        self.rows = counter("ledger_rows", "Rows written").labels()
        self.rows_lost = counter("ledger_rows_lost", "Rows that the ledger would not take").labels()

    def _counter(self, name: str, help_: str, labels: str = "") -> Counter:
        return self._registered(Counter("pointsman_" + name, help_, tuple(labels.split())), labels)

    def _gauge(self, name: str, help_: str, labels: str = "") -> Gauge:
        return Gauge("pointsman_" + name, help_, labels.split(), registry=self.registry)

    def _histogram(self, name: str, help_: str, bounds: Iterable[float], labels: str = "") -> Histogram:
        made = Histogram("pointsman_" + name, help_, tuple(labels.split()), bounds)
        self.histograms.append(made)
        return self._registered(made, labels)

    def _registered(self, metric: M, labels: str) -> M:
        self.registry.register(metric)
        self.named.extend((metric, label) for label in labels.split() if label in NAMED)
        return metric
