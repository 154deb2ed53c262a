"""What a panel of the dashboard is, and how its Prometheus queries are written: pure."""

from __future__ import annotations

from dataclasses import dataclass

RATE = "[$__rate_interval]"
RANGE = "[$__range]"
SERVED = 'route=~"$route", model=~"$model"'
ROUTED = 'route=~"$route"'
MODEL = 'model=~"$model"'
SPENT = 'route=~"$route", model=~"$model", team=~"$team"'
BASELINE = 'route=~"$route", team=~"$team"'
NOT_FAILED = "ok|hung_up|model_abstained"  # outcomes of a model's call that are not the model's failure
FAULT = '"fault", "$1", "error_type", "([a-z]+)_.*"'  # error_type begins with whose fault it is
THIS = "and on (instance, job) pointsman_build_info"  # process metrics of gateways only


@dataclass(frozen=True, slots=True)
class Query:
    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """`kind` is lines, stack, stat or state (a stat that is green at 1); `span` is of 24 columns."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = "lines"
    span: int = 8


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


def one(expr: str, legend: str) -> tuple[Query, ...]:
    return (Query(expr, legend),)


def rate(metric: str, where: str, by: str = "") -> str:
    """Events a second of a counter, summed up to the labels `by`."""
    inner = f"(rate(pointsman_{metric}{{{where}}}{RATE}))" if where else f"(rate(pointsman_{metric}{RATE}))"
    return f"sum by ({by}) {inner}" if by else f"sum{inner}"


def quantile(q: float, metric: str, where: str, by: str = "") -> str:
    """A quantile of a histogram, for each value of the labels `by`."""
    return f"histogram_quantile({q}, {rate(metric + '_bucket', where, f'le, {by}' if by else 'le')})"


def quantiles(metric: str, where: str) -> tuple[Query, ...]:
    return tuple(Query(quantile(q, metric, where), f"p{q * 100:.0f}") for q in (0.5, 0.95, 0.99))


def mean(metric: str, where: str, by: str) -> str:
    """The mean of a histogram's observations, for each value of the label `by`."""
    return f"{rate(metric + '_sum', where, by)} / {rate(metric + '_count', where, by)}"


def share(part: str, whole: str, by: str) -> str:
    return f"{part} / ignoring ({by}) group_left {whole}"


def by_fault(by_error: str) -> str:
    return f"sum by (fault) (label_replace({by_error}, {FAULT}))"
