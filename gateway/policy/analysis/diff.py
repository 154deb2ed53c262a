"""What changes between two policies: the cells of the table, and the names behind it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.policy.analysis.changes import Change, changes
from gateway.policy.analysis.folded import Outcome, everywhere, outcome_of
from gateway.policy.analysis.matrix import Fate, Matrix, matrix_of
from gateway.policy.analysis.space import Box, Point, boxes
from gateway.policy.schema import Policy


@dataclass(frozen=True, slots=True)
class CellChange:
    """Cells whose requests go another way than before."""

    boxes: tuple[Box, ...]
    before: Outcome
    after: Outcome

    @property
    def cells(self) -> int:
        return sum(map(len, self.boxes))

    @property
    def blocks_less(self) -> bool:
        """Whether a guard that blocked no longer does, or on another condition."""
        return not _blocked(self.after) >= _blocked(self.before)

    @property
    def opens_a_gap(self) -> bool:
        """Whether requests that were served or blocked now find no model that may serve them."""
        return _has_gap(self.after) and not _has_gap(self.before)


@dataclass(frozen=True, slots=True)
class Difference:
    """From one policy to another. `gone` and `new` are guards, with their conditions, of every cell."""

    before: str  # revisions
    after: str
    gone: tuple[tuple[str, str], ...]
    new: tuple[tuple[str, str], ...]
    cells: tuple[CellChange, ...]
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.gone or self.new or self.cells or self.changes)


def diff(old: Policy, new: Policy) -> Difference:
    """What the new policy does that the old one does not, and the other way round."""
    before, after = matrix_of(old), matrix_of(new)
    gone, came = _only(before, after), _only(after, before)
    always = tuple(pair for pair in everywhere(before) if pair in everywhere(after))
    found: dict[tuple[Outcome, Outcome], list[Point]] = {}
    for was, now in zip(before.cells, after.cells, strict=True):
        pair = outcome_of(was, (*always, *gone)), outcome_of(now, (*always, *came))
        if pair[0] != pair[1]:
            found.setdefault(pair, []).append(was.point)
    cells = tuple(CellChange(boxes(where), *pair) for pair, where in found.items())
    return Difference(old.revision, new.revision, gone, came, cells, changes(old, new))


def _only(here: Matrix, there: Matrix) -> tuple[tuple[str, str], ...]:
    """The guards that may block in every cell here, and in none there."""
    known = {way.rule for cell in there.cells for way in cell.blocks}
    return tuple(pair for pair in everywhere(here) if pair[0] not in known)


def _blocked(outcome: Outcome) -> set[tuple[str, str]]:
    return {(path.rule, path.when) for path in outcome.blocks}


def _has_gap(outcome: Outcome) -> bool:
    return any(path.fate is Fate.GAP for path in outcome.routes)
