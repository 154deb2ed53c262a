"""The benchmark's tables: each subject's medians, and how many times HAProxy's they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from rich.table import Table

from tests.bench.curves import Curve
from tests.bench.measure import CONNECTIONS, RATE, STREAMS
from tests.bench.rounds import Medians, Result
from tests.bench.upstream import EVENTS

BASE: Final = "haproxy"


def compared(results: Mapping[str, Result]) -> Table:
    """Speed; in brackets, how many times HAProxy's."""
    table = Table(
        title=f"Medians; in brackets: times {BASE}'s. ≥: the subject's core was not full",
        caption=f"added: to direct, at {RATE} requests a second; streams: {STREAMS} of {EVENTS} events",
    )
    table.add_column("")
    columns = list(_columns())
    for title, _ in columns:
        table.add_column(title, justify="right")
    base = results[BASE].medians if BASE in results else None
    for name, result in results.items():
        if result.medians:
            table.add_row(name, *(cell(result.medians, base) for _, cell in columns))
    return table


Cell = Callable[[Medians, Medians | None], str]


def _columns() -> Iterator[tuple[str, Cell]]:
    for connections in CONNECTIONS:
        yield f"req/s, {connections} conn.", _rate(connections)
    yield "CPU µs/request", lambda row, base: _times(row.cpu, base.cpu if base else None, ".0f")
    yield "added p50 ms", lambda row, base: _added(row, row.added_p50)
    yield "p99 ms", lambda row, base: _added(row, row.added_p99)
    yield "CPU µs/event", lambda row, base: _times(row.cpu_event, base.cpu_event if base else None, ".1f")
    yield "first event ms", lambda row, base: f"{row.first_p50:.2f}"


def _rate(connections: int) -> Cell:
    def cell(row: Medians, base: Medians | None) -> str:
        least = "≥ " if connections in row.limited else ""
        rate = row.rates[connections]
        return least + _times(rate, base.rates[connections] if base else None, ",.0f")

    return cell


def _added(row: Medians, value: float | None) -> str:
    if not row.keeps_up:
        return f"keeps {row.kept_rate:.0f}/s"
    return "–" if value is None else f"{value:.2f}"


def _times(value: float | None, base: float | None, form: str) -> str:
    if value is None:
        return "–"
    return format(value, form) + (f" ({value / base:.2g}×)" if base and value != base else "")


def memory(results: Mapping[str, Result]) -> Table:
    """Starts and memory."""
    table = Table(title="Start and memory (resident MB)")
    for title in ("", "listens after s", "idle", "loaded", "after requests", "then", "grown in the 2nd half"):
        table.add_column(title, justify="right" if title else "left")
    for name, result in results.items():
        if result.idle is not None:
            table.add_row(name, f"{result.started:.2f}", f"{result.idle:.0f}", *_kept(result))
    return table


def _kept(result: Result) -> tuple[str, str, str, str]:
    loaded = result.medians and result.medians.loaded
    soaked = result.soaked
    return (
        f"{loaded:.0f}" if loaded else "–",
        f"{soaked.requests:,}" if soaked else "–",
        f"{soaked.points[-1][1]:.0f}" if soaked else "–",
        f"{soaked.grown:+.1f}" if soaked else "–",
    )


def curve_table(curves: Sequence[Curve]) -> Table:
    """The gateway's CPU a request along each curve."""
    table = Table(title="pointsman: CPU µs a request", show_header=False)
    for curve in curves:
        table.add_row(curve.name, *(f"{point.at:,}" for point in curve.points), style="dim")
        table.add_row(curve.lacks, *(f"{point.cpu:,.0f}" for point in curve.points))
    return table
