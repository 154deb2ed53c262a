"""Every metric of the gateway, in one registry; labels are bounded by the policy's own vocabulary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import generate_latest

from gateway.accounting.bill import Bill
from gateway.accounting.exchange import Exchange
from gateway.types import Retrieved, Signals, Usage

# Buckets in seconds: OpenTelemetry's GenAI conventions (gen_ai.client.operation.duration and
# gen_ai.server.time_to_first_token, gen_ai.server.time_per_output_token).
DURATION = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
PER_TOKEN = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
OVERHEAD = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
SHARE = tuple(n / 10 for n in range(1, 11))
COUNTS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 32)
MAX_CHILDREN = 20_000
MAX_DEPARTED = 100  # names that left the policy and whose series are kept, since dashboards look back
OTHER = "_other"
NAMED = frozenset({"route", "model", "team", "knowledge", "server", "tool", "guard"})  # labels

M = TypeVar("M", Counter, Histogram)

_USAGE_KINDS = tuple(kind for kind in Usage.__slots__ if kind != "estimated")


class Metrics:
    """Counts exchanges. Not thread-safe but for what prometheus-client guards itself."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._children: dict[tuple[int, tuple[str, ...]], Any] = {}
        self._names: frozenset[str] = frozenset()
        self._departed: dict[str, None] = {}  # oldest first
        self._named: list[tuple[Counter | Histogram, str]] = []  # what counts by a name of the policy
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
        self.confidence = histogram("signal_confidence", "Probability of the best label", SHARE, "axis")
        self.unsure = counter("signal_unsure", "Requests whose label is unsure", "axis")
        self.decisions = counter("route_decisions", "The routing mix", "route reason")
        self.guards = counter("guard_actions", "What guards did", "guard action")
        self.masked = counter("masked", "Values that were masked", "entity")
        self.refusals = counter("clearance_refusals", "Data kept from a destination", "kind")
        self.upstream = counter("upstream_requests", "Calls of models, by outcome", "model outcome")
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
        self.rows = counter("ledger_rows", "Rows written")
        self.rows_lost = counter("ledger_rows_lost", "Rows that the ledger would not take")

    def _counter(self, name: str, help_: str, labels: str = "") -> Counter:
        return self._noted(
            Counter("pointsman_" + name, help_, labels.split(), registry=self.registry), labels
        )

    def _gauge(self, name: str, help_: str, labels: str = "") -> Gauge:
        return Gauge("pointsman_" + name, help_, labels.split(), registry=self.registry)

    def _histogram(self, name: str, help_: str, buckets: Iterable[float], labels: str = "") -> Histogram:
        made = Histogram(
            "pointsman_" + name, help_, labels.split(), registry=self.registry, buckets=tuple(buckets)
        )
        return self._noted(made, labels)

    def _noted(self, metric: M, labels: str) -> M:
        self._named.extend((metric, label) for label in labels.split() if label in NAMED)
        return metric

    def know(self, names: Iterable[str]) -> None:
        """The policy's vocabulary: every other name becomes `_other` as a label."""
        before, self._names = self._names, frozenset(names)
        self._departed |= dict.fromkeys(sorted(before - self._names))
        for name in self._names & self._departed.keys():
            del self._departed[name]

    def forget(self) -> None:
        """Drops the series of names that left the policy: of its state all, of what was counted the oldest.

        Called once nothing runs under a policy that had them, so that they do not come back.
        """
        for name in self._departed:
            self.knowledge_age.remove_by_labels({"knowledge": name})
            for kind in ("knowledge", "tools"):
                self.dependency.remove_by_labels({"name": f"{kind} {name}"})
        oldest = list(self._departed)[:-MAX_DEPARTED]
        for name in oldest:
            del self._departed[name]
            for metric, label in self._named:
                metric.remove_by_labels({label: name})
        if oldest:
            self._children.clear()

    def watch_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Lets the number of a loop's tasks be read whenever metrics are rendered."""
        self.tasks.set_function(lambda: len(asyncio.all_tasks(loop)))

    def _child(self, metric: Any, *labels: str) -> Any:
        """A labelled child, bound once."""
        key = (id(metric), labels)
        child = self._children.get(key)
        if child is None:
            if len(self._children) >= MAX_CHILDREN:
                self._children.clear()
            child = self._children[key] = metric.labels(*labels)
        return child

    def _bounded(self, name: str | None) -> str:
        if not name:
            return ""
        return name if name in self._names else OTHER

    def record(self, exchange: Exchange, bill: Bill) -> None:
        """Everything that one finished request tells."""
        route, model = self._bounded(exchange.route), self._bounded(exchange.model)
        team = self._bounded(exchange.caller.team if exchange.caller else "")
        self._count(exchange, route, model)
        self._time(exchange, route, model)
        self._use(exchange, bill, route, team)
        if exchange.signals is not None:
            self._signal(exchange.signals)
        self._act(exchange, route)

    def _count(self, exchange: Exchange, route: str, model: str) -> None:
        signals = exchange.signals
        self._child(
            self.requests,
            route,
            model,
            ("unsure" if signals.task.unsure else signals.task.best.value) if signals else "",
            ("unsure" if signals.freshness.unsure else signals.freshness.best.word) if signals else "",
            exchange.label.word if exchange.label is not None else "",
            exchange.outcome,
            exchange.error.error_type if exchange.error else "",
        ).inc()

    def _time(self, exchange: Exchange, route: str, model: str) -> None:
        ended = exchange.ended or exchange.started
        for stage, seconds in exchange.timings.items():
            self._child(self.overhead, stage).observe(seconds)
        if not model:
            return
        self._child(self.duration, route, model).observe(ended - exchange.started)
        if exchange.first_content is None or exchange.request is None or not exchange.request.stream:
            return
        self._child(self.first_token, route, model).observe(exchange.first_content - exchange.started)
        tokens = exchange.usage.total_output
        if tokens > 1:
            self._child(self.per_token, route, model).observe((ended - exchange.first_content) / (tokens - 1))

    def _use(self, exchange: Exchange, bill: Bill, route: str, team: str) -> None:
        for attempt in exchange.tries:
            model = self._bounded(attempt.model)
            self._child(self.upstream, model, attempt.outcome).inc()
            for kind in _USAGE_KINDS:
                tokens = getattr(attempt.usage, kind)
                if tokens:
                    self._child(self.tokens, route, model, kind).inc(tokens)
        if exchange.error is None and exchange.tries and exchange.tries[0].outcome != "ok":
            self._child(self.fallbacks, self._bounded(exchange.tries[0].model)).inc()
        for line in bill.lines:
            self._child(self.cost, route, self._bounded(line.model), team, line.purpose).inc(float(line.usd))
        for name in bill.unpriced:
            self._child(self.unpriced, self._bounded(name)).inc()
        if bill.baseline is not None:
            self._child(self.baseline, route, team).inc(float(bill.baseline))

    def _signal(self, signals: Signals) -> None:
        for axis, guess in (
            ("task", signals.task),
            ("freshness", signals.freshness),
            ("sensitivity", signals.sensitivity),
        ):
            self._child(self.confidence, axis).observe(guess.probability)
            if guess.unsure:
                self._child(self.unsure, axis).inc()

    def _act(self, exchange: Exchange, route: str) -> None:
        decision = exchange.decision
        if decision is not None:
            self._child(self.decisions, route, decision.reason.value).inc()
            if decision.blocked_by is not None:
                self._child(self.guards, decision.blocked_by.name, "block").inc()
        if exchange.masked is not None:
            for name in exchange.masked.guards:
                self._child(self.guards, name, "mask").inc()
            for entity, count in exchange.masked.entities.items():
                self._child(self.masked, entity).inc(count)
        for refusal in exchange.refusals:
            self._child(self.refusals, refusal.kind).inc()
        for found in exchange.retrievals:
            self._retrieve(found)
        for use in exchange.tool_uses:
            server, tool = self._bounded(use.server), self._bounded(use.tool)
            self._child(self.tool_calls, server, tool, use.status).inc()
            self._child(self.tool_seconds, server, tool).observe(use.seconds)
        if exchange.tool_uses:
            self._child(self.steps, route).observe(len(exchange.tool_uses))

    def _retrieve(self, found: Retrieved) -> None:
        for base, seconds in zip(found.knowledge, found.seconds, strict=True):
            name = self._bounded(base)
            passages = sum(passage.knowledge == base for passage in found.passages)
            self._child(self.retrieval, name).observe(seconds)
            self._child(self.passages, name).observe(passages)
            if not passages:
                self._child(self.empty, name).inc()

    def render(self) -> bytes:
        """The exposition text; some tens of milliseconds, so not for the event loop."""
        return generate_latest(self.registry)


def watch_age(metrics: Metrics, name: str, age: Callable[[], float]) -> None:
    """Lets the age of a knowledge base be read whenever metrics are rendered."""
    metrics.knowledge_age.labels(name).set_function(age)
