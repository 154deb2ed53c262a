"""A picture in SVG: text, lines and dots on a white ground, so that it reads on dark pages too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

INK, FAINT, LINE = "#1f2328", "#656d76", "#d0d7de"
_FONT = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Scale:
    """From a value to pixels."""

    least: float
    most: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        part = (self._on(value) - self._on(self.least)) / (self._on(self.most) - self._on(self.least))
        return self.start + part * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten, or round steps."""
        if self.logarithmic:
            powers = range(math.ceil(math.log10(self.least)), math.floor(math.log10(self.most)) + 1)
            return [10.0**power for power in powers]
        step = round_up((self.most - self.least) / 4)
        return [self.least + step * n for n in range(int((self.most - self.least) / step) + 1)]

    def _on(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value


def round_up(value: float) -> float:
    """To the next of 1, 2, 5, 10, 20 …"""
    power: float = 10 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 5, 10) if value <= power * step * 1.0001)


def short(value: float) -> str:
    """A number as a label: 0.35, 12, 1.2k, 20k."""
    if value >= 1000:
        return f"{value / 1000:.3g}k"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


class Drawing:
    """Elements one after the other; `write` makes the file."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._made: list[str] = []

    def text(
        self, x: float, y: float, said: str, size: int = 12, anchor: str = "start", color: str = INK
    ) -> None:
        at = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{color}"'
        self._made.append(f"<text {at}>{escape(said)}</text>")

    def line(self, x1: float, y1: float, x2: float, y2: float, color: str = LINE, width: float = 1) -> None:
        at = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self._made.append(f'<line {at} stroke="{color}" stroke-width="{width}"/>')

    def dot(self, x: float, y: float, color: str, radius: float = 4.5) -> None:
        self._made.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{color}"/>')

    def path(self, points: Sequence[tuple[float, float]], color: str) -> None:
        at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._made.append(f'<polyline points="{at}" fill="none" stroke="{color}" stroke-width="2"/>')

    def write(self, file: Path) -> None:
        width, height = self._size
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="{_FONT}">'
        )
        ground = f'<rect width="{width}" height="{height}" rx="6" fill="#ffffff"/>'
        file.write_text("\n".join((head, ground, *self._made, "</svg>")) + "\n")
