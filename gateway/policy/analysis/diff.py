"""What changes between two policies: the cells of the table, and the names behind it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.policy.analysis.changes import Change, changes
from gateway.policy.analysis.folded import Outcome, Path, everywhere, outcome_of
from gateway.policy.analysis.matrix import Fate, Masking, Matrix, matrix_of
from gateway.policy.analysis.space import Box, Point, boxes
from gateway.policy.schema import Policy


@dataclass(frozen=True, slots=True)
class CellChange:
    """Cells whose requests go another way than before.

    Where a rule only has another condition, or other models, that is a change of its own, told once for all
    its cells: `before` and `after` then hold nothing else.
    """

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
        for change in _apart(*pair):
            found.setdefault(change, []).append(was.point)
    cells = tuple(CellChange(boxes(where), *pair) for pair, where in found.items())
    return Difference(old.revision, new.revision, gone, came, cells, changes(old, new))


def _apart(before: Outcome, after: Outcome) -> Iterator[tuple[Outcome, Outcome]]:
    """The rules that go on with another condition or other models, each by itself, then all other changes."""
    blocks = _changed(before.blocks, after.blocks, lambda path: path.rule)
    masks = _changed(before.masks, after.masks, lambda mask: mask.guard)
    routes = _changed(before.routes, after.routes, lambda path: (path.rule, path.after))
    for was, now in blocks.items():
        yield Outcome((was,), (), ()), Outcome((now,), (), ())
    for mask, other in masks.items():
        yield Outcome((), (mask,), ()), Outcome((), (other,), ())
    for was, now in routes.items():
        later = _is_later(was, before) or _is_later(now, after)
        yield Outcome((), (), (was,), later), Outcome((), (), (now,), later)
    rest = replace(
        before,
        blocks=tuple(blocks.get(path, path) for path in before.blocks),
        masks=tuple(masks.get(mask, mask) for mask in before.masks),
        routes=tuple(routes.get(path, path) for path in before.routes),
    )
    if rest != after:
        yield rest, after


def _is_later(path: Path, outcome: Outcome) -> bool:
    """Whether another route comes before it at its label."""
    return next(one for one in outcome.routes if one.after is path.after) != path


T = TypeVar("T", Path, Masking)


def _changed(before: tuple[T, ...], after: tuple[T, ...], name: Callable[[T], Hashable]) -> dict[T, T]:
    """Those of the same name on both sides that differ."""
    now = {name(one): one for one in after}
    return {one: now[name(one)] for one in before if name(one) in now and now[name(one)] != one}


def _only(here: Matrix, there: Matrix) -> tuple[tuple[str, str], ...]:
    """The guards that may block in every cell here, and in none there."""
    known = {way.rule for cell in there.cells for way in cell.blocks}
    return tuple(pair for pair in everywhere(here) if pair[0] not in known)


def _blocked(outcome: Outcome) -> set[tuple[str, str]]:
    return {(path.rule, path.when) for path in outcome.blocks}


def _has_gap(outcome: Outcome) -> bool:
    return any(path.fate is Fate.GAP for path in outcome.routes)
