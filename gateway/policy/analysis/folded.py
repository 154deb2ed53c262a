"""The decision table as people read it: equal cells in one row, each different outcome told once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.policy.analysis.matrix import CellWays, Fate, Masking, Matrix, Way
from gateway.policy.analysis.space import FRESHNESSES, TASKS
from gateway.types import Freshness, Label, Task


@dataclass(frozen=True, slots=True)
class Path:
    """A way as it is told: `after` is the label that masking leaves, None where it stays as it came."""

    fate: Fate
    rule: str
    when: str
    models: tuple[str, ...]
    after: Label | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the requests of some cells, but for what `everywhere` tells.

    `later`: a route that is not told here comes before these, and has some of the requests.
    """

    blocks: tuple[Path, ...]
    masks: tuple[Masking, ...]
    routes: tuple[Path, ...]
    later: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        return (*self.blocks, *self.routes)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of these tasks and freshnesses; by label, the place of their outcome (None: no such cell)."""

    tasks: tuple[Task | None, ...]
    freshnesses: tuple[Freshness | None, ...]
    places: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """`everywhere` are the guards, with their conditions, that may block in every cell and surely in none."""

    everywhere: tuple[tuple[str, str], ...]
    outcomes: tuple[Outcome, ...]
    rows: tuple[Row, ...]


def folded(matrix: Matrix, cells: Iterable[CellWays]) -> Folded:
    """The given cells of the matrix in as few rows as there are different ones."""
    common = everywhere(matrix)
    places: dict[Outcome, int] = {}
    by_cell: dict[_Axes, int] = {}
    for cell in cells:
        outcome = outcome_of(cell, common)
        point = cell.point
        by_cell[point.task, point.freshness, point.label] = places.setdefault(outcome, len(places))
    return Folded(common, tuple(places), _rows(by_cell))


def outcome_of(cell: CellWays, told: tuple[tuple[str, str], ...] = ()) -> Outcome:
    """A cell's outcome, without the guards that are told already."""
    own = cell.point.label
    blocks = tuple(_path(way, own) for way in cell.blocks if (way.rule, way.when) not in told)
    return Outcome(blocks, cell.masks, tuple(_path(way, own) for way in cell.routes))


_Axes = tuple[Task | None, Freshness | None, Label]


def _path(way: Way, own: Label) -> Path:
    return Path(way.fate, way.rule, way.when, way.models, None if way.label is own else way.label)


def everywhere(matrix: Matrix) -> tuple[tuple[str, str], ...]:
    """The guards, with what is left of their conditions, that may block in every cell and surely in none."""
    found = [{(way.rule, way.when): None for way in cell.blocks if way.when} for cell in matrix.cells]
    return tuple(pair for pair in found[0] if all(pair in other for other in found)) if found else ()


def _rows(by_cell: Mapping[_Axes, int]) -> tuple[Row, ...]:
    """Freshnesses of a task that are alike are one row, then tasks whose rows are alike."""
    tasks: dict[
        tuple[tuple[tuple[Freshness | None, ...], tuple[int | None, ...]], ...], list[Task | None]
    ] = {}
    for task in TASKS:
        lines: dict[tuple[int | None, ...], list[Freshness | None]] = {}
        for freshness in FRESHNESSES:
            line = tuple(by_cell.get((task, freshness, label)) for label in Label)
            if any(place is not None for place in line):
                lines.setdefault(line, []).append(freshness)
        if lines:
            tasks.setdefault(tuple((tuple(f), line) for line, f in lines.items()), []).append(task)
    return tuple(
        Row(tuple(alike), freshnesses, line)
        for lines_of, alike in tasks.items()
        for freshnesses, line in lines_of
    )
