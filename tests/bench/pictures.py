"""The two pictures of a run: the subjects beside each other, and the gateway's curves."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.bench.curves import Curve
from tests.bench.drawing import FAINT, Drawing, Scale, round_up, short
from tests.bench.measure import RATE
from tests.bench.report import Report
from tests.bench.rounds import Medians

OURS, OTHERS = "#0969da", "#8c959f"
_PANELS: Final[tuple[tuple[str, Callable[[Medians], float | None]], ...]] = (
    ("requests/s, 16 connections", lambda row: row.rates[16]),
    ("CPU µs a request", lambda row: row.cpu),
    (f"added ms, p50 at {RATE}/s", lambda row: row.added_p50),
    ("CPU µs an event", lambda row: row.cpu_event),
)
_WIDTH, _NAMES, _ROW, _HEAD = 940, 120, 22, 64


def draw(report: Report, folder: Path) -> list[Path]:
    """bench.svg and curves.svg, as far as there is something to draw."""
    made = []
    rows = {name: result.medians for name, result in report.subjects.items() if result.medians}
    if len(rows) > 1:
        made.append(folder / "bench.svg")
        _subjects(rows, _footer(report, report.settings.rounds)).write(made[-1])
    if report.curves:
        made.append(folder / "curves.svg")
        rounds = max(len(point.rounds) for curve in report.curves for point in curve.points)
        _curves(report.curves, _footer(report, rounds)).write(made[-1])
    return made


def _footer(report: Report, rounds: int) -> str:
    where = report.machine.split(",")[0]
    return f"One core each, medians of {rounds} rounds in turns. {where}, {report.date[:10]}."


def _subjects(rows: Mapping[str, Medians], footer: str) -> Drawing:
    """A panel a measure; each on a logarithmic axis, because they are far apart."""
    across = (_WIDTH - _NAMES - 20) / len(_PANELS)
    height = _HEAD + _ROW * len(rows) + 58
    drawing = Drawing(_WIDTH, height)
    for number, name in enumerate(rows):
        drawing.text(_NAMES, _HEAD + _ROW * number + 4, name, anchor="end", color=_ink(name))
    for number, (title, read) in enumerate(_PANELS):
        left = _NAMES + 20 + across * number
        values = {name: value for name, row in rows.items() if (value := read(row)) and value > 0}
        drawing.text(left, 24, title, 12)
        if values:
            _dots(drawing, list(rows), values, Scale(*_span(values), left + 4, left + across - 58, True))
    drawing.text(20, height - 14, footer + " Logarithmic axes.", 11, color=FAINT)
    return drawing


def _dots(drawing: Drawing, names: Sequence[str], values: Mapping[str, float], scale: Scale) -> None:
    bottom = _HEAD + _ROW * (len(names) - 1) + 14
    for tick in scale.ticks():
        drawing.line(scale.at(tick), _HEAD - 14, scale.at(tick), bottom)
        drawing.text(scale.at(tick), bottom + 14, short(tick), 10, "middle", FAINT)
    for number, name in enumerate(names):
        if name in values:
            x, y = scale.at(values[name]), _HEAD + _ROW * number
            drawing.dot(x, y, OURS if name.startswith("pointsman") else OTHERS)
            drawing.text(x + 9, y + 4, short(values[name]), 11, color=_ink(name))


def _span(values: Mapping[str, float]) -> tuple[float, float]:
    least, most = min(values.values()), max(values.values())
    return least / 1.3, max(most * 1.3, least * 2)


def _ink(name: str) -> str:
    return OURS if name.startswith("pointsman") else FAINT


def _curves(curves: Sequence[Curve], footer: str) -> Drawing:
    """All on one height, which begins at zero."""
    most = round_up(max(point.cpu for curve in curves for point in curve.points) * 1.05)
    across = (_WIDTH - 60) / len(curves)
    drawing = Drawing(_WIDTH, 316)
    up = Scale(0, most, 230, 50)
    drawing.text(20, 24, "CPU µs a request against the number of …", 12)
    for tick in up.ticks():
        drawing.line(52, up.at(tick), _WIDTH - 20, up.at(tick))
        drawing.text(46, up.at(tick) + 4, short(tick), 10, "end", FAINT)
    for number, curve in enumerate(curves):
        left = 60 + across * number
        _curve(drawing, curve, left, left + across - 34, up)
    drawing.text(20, 304, footer, 11, color=FAINT)
    return drawing


def _curve(drawing: Drawing, curve: Curve, left: float, right: float, up: Scale) -> None:
    places = [point.at for point in curve.points]
    along = Scale(max(1, places[0]) if curve.logarithmic else 0, places[-1], left, right, curve.logarithmic)
    points = [(along.at(point.at), up.at(point.cpu)) for point in curve.points]
    drawing.path(points, OURS)
    for point, (x, y) in zip(curve.points, points, strict=True):
        drawing.dot(x, y, OURS, 3.5)
        drawing.text(x, 246, short(point.at), 10, "middle", FAINT)
    for line, said in enumerate(textwrap.wrap(curve.name, 24)):
        drawing.text((left + right) / 2, 262 + 13 * line, said, 11, "middle")
