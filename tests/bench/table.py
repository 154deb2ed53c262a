"""The benchmark's table: each subject's numbers, and how many times HAProxy's they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """CPU in microseconds, times in milliseconds, memory in megabytes; None: not measured."""

    name: str
    rate: float
    cpu_request: float | None
    cpu_event: float | None
    median: float
    p99: float
    first_median: float
    first_p99: float
    way_median: float
    way_p99: float
    memory: float | None


_COLUMNS: tuple[tuple[str, Callable[[Row], float | None], str], ...] = (
    ("requests/s", lambda row: row.rate, ".0f"),
    ("CPU µs/request", lambda row: row.cpu_request, ".0f"),
    ("CPU µs/event", lambda row: row.cpu_event, ".1f"),
    ("alone p50 ms", lambda row: row.median, ".2f"),
    ("alone p99 ms", lambda row: row.p99, ".2f"),
    ("first token p50 ms", lambda row: row.first_median, ".2f"),
    ("first token p99 ms", lambda row: row.first_p99, ".2f"),
    ("first event's way p50 ms", lambda row: row.way_median, ".2f"),
    ("RSS MB", lambda row: row.memory, ".0f"),
)


def print_table(rows: Sequence[Row]) -> None:
    base = next((row for row in rows if row.name == "HAProxy"), None)
    table = Table(title="one core each; in brackets: times HAProxy's")
    table.add_column("")
    for title, _, _ in _COLUMNS:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(
            row.name,
            *(_cell(read(row), None if base is None else read(base), form) for _, read, form in _COLUMNS),
        )
    Console(width=170).print(table)


def forwarding(rows: Sequence[Row]) -> Iterator[str]:
    """How long each subject keeps a stream's first event: its way, less the way of a direct connection."""
    direct = next(row for row in rows if row.name == "direct")
    for row in rows:
        if row is not direct:
            yield (
                f"{row.name} forwards a stream's first event {row.way_median - direct.way_median:.2f} ms "
                f"after its arrival (p50; p99 {row.way_p99 - direct.way_p99:.2f} ms)."
            )


def _cell(value: float | None, base: float | None, form: str) -> str:
    if value is None:
        return "–"
    ratio = f" ({value / base:.2g}×)" if base and value != base else ""
    return format(value, form) + ratio
