"""The whole decision table: how a request of each cell of the signals may go, whatever else it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gateway.policy.analysis.space import Point, points
from gateway.policy.analysis.supposing import supposing
from gateway.policy.candidates import usual_order
from gateway.policy.conditions import Condition
from gateway.policy.index import given, in_force, possible
from gateway.policy.logic import Given, applies, holds
from gateway.policy.schema import Guard, Model, Policy, Route
from gateway.policy.vocabulary import AXES, Kind
from gateway.types import Caller, Label

_AXIS_NAMES = frozenset(axis.value for axis in AXES)
_SENSITIVITY = Kind.SENSITIVITY.value


class Fate(StrEnum):
    """What becomes of a request: a model serves it, a guard blocks it, or no model may serve it."""

    SERVED = "served"
    BLOCKED = "blocked"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Way:
    """One way that a request may go; of a cell's ways at a label, the first whose `when` holds is taken.

    `when` is what is left of the rule's condition where the cell is known; empty: it holds. A guard's `when`
    holds unless it is false. `label` is the request's after masking. `models` are those that are cleared
    for it, in the order in which they are tried. `unmasked`: guards may lower the label further, and this is
    the way where they do not.
    """

    fate: Fate
    rule: str  # the guard that blocks, or the route
    when: str
    label: Label
    models: tuple[str, ...] = ()
    unmasked: bool = False


@dataclass(frozen=True, slots=True)
class Masking:
    """A guard that may mask: the label can fall to `lowest`, and stays where the rest still shows it."""

    guard: str
    when: str
    lowest: Label
    accept_residual: bool


@dataclass(frozen=True, slots=True)
class CellWays:
    """All that can become of a request of one cell."""

    point: Point
    blocks: tuple[Way, ...]
    masks: tuple[Masking, ...]
    routes: tuple[Way, ...]  # at each label that masking can leave, the request's own first

    @property
    def ways(self) -> tuple[Way, ...]:
        return (*self.blocks, *self.routes)

    @property
    def outcome(self) -> tuple[tuple[Way, ...], tuple[Masking, ...]]:
        """What is to be compared: two cells of the same outcome treat requests alike."""
        return self.ways, self.masks

    @property
    def certain(self) -> bool:
        """Whether nothing but the cell decides."""
        return len(self.ways) == 1


@dataclass(frozen=True, slots=True)
class Matrix:
    """Of a policy; for one caller, or for anyone."""

    revision: str
    cells: tuple[CellWays, ...]
    caller: str | None = None


@dataclass(slots=True)
class _Models:
    """The models of each route by label, worked out once."""

    policy: Policy
    known: dict[str, tuple[Model, ...]] = field(default_factory=dict)

    def cleared(self, route: Route, label: Label) -> tuple[str, ...]:
        if route.name not in self.known:
            self.known[route.name] = usual_order(self.policy, route)
        return tuple(model.name for model in self.known[route.name] if label <= model.clearance)


@dataclass(frozen=True, slots=True)
class _Came:
    """A request's cell before masking, which is what guards see, with those that may act there."""

    point: Point
    known: Given
    blocking: Sequence[Guard]
    lowering: Sequence[Guard]
    lowest: Label  # that these can leave

    def blocked(self, supposed: Given) -> bool:
        """Whether a guard surely blocks whatever a route's condition is true for."""
        known = self._supposed(supposed)
        return any(holds(possible(guard.when, known), guard=True) for guard in self.blocking)

    def lowered(self, supposed: Given) -> bool:
        """Whether a guard may still lower the label there."""
        known = self._supposed(supposed)
        return any(applies(possible(guard.when, known), guard=True) for guard in self.lowering)

    def _supposed(self, supposed: Given) -> Given:
        """What was supposed of the label after masking says nothing of a higher one before."""
        if supposed.values[_SENSITIVITY] == self.known.values[_SENSITIVITY]:
            return supposed
        assumed = {text: outcome for text, outcome in supposed.assumed.items() if _SENSITIVITY not in text}
        return Given({**supposed.values, **self.known.values}, self.known.unknown, assumed)


def matrix_of(policy: Policy, caller: Caller | None = None) -> Matrix:
    """The table. With a caller, what it is counts as known, and labels below its own do not occur."""
    models = _Models(policy)
    cells = tuple(
        _cell(policy, point, caller, models)
        for point in points()
        if caller is None or point.label >= caller.label
    )
    return Matrix(policy.revision, cells, caller.name if caller else None)


def ways_at(policy: Policy, point: Point, caller: Caller | None = None) -> CellWays:
    """One cell of the table."""
    return _cell(policy, point, caller, _Models(policy))


def known_at(point: Point, caller: Caller | None) -> Given:
    """What is known of a request of this cell, and of this caller."""
    known = given(point.cell)
    if caller is None:
        return known
    values = {
        "caller.name": caller.name,
        "caller.team": caller.team or None,
        "caller.label": int(caller.label),
        "caller.clearance": int(caller.clearance),
        "caller.admin": caller.admin,
    }
    return Given(
        {**known.values, **{name: value for name, value in values.items() if value is not None}},
        known.unknown | {name for name, value in values.items() if value is None},
    )


def _cell(policy: Policy, point: Point, caller: Caller | None, models: _Models) -> CellWays:
    known = known_at(point, caller)
    acting = [guard for guard, _ in in_force(policy.guards, known)]
    blocking = [guard for guard in acting if guard.block is not None]
    blocks = tuple(
        Way(Fate.BLOCKED, guard.name, residue(guard.when, known, True), point.label) for guard in blocking
    )
    if blocks and not blocks[-1].when:
        return CellWays(point, blocks, (), ())
    masks = tuple(_masking(guard, known, point.label) for guard in acting if guard.block is None)
    lowering = [guard for guard in acting if guard.lowers_to is not None and guard.lowers_to < point.label]
    came = _Came(point, known, blocking, lowering, _lowest(point.label, masks))
    routes = tuple(
        way
        for label in reversed(Label)
        if came.lowest <= label <= point.label
        for way in _routes(policy, came, label, known_at(replace(point, label=label), caller), models)
    )
    return CellWays(point, blocks, masks, routes)


def _masking(guard: Guard, known: Given, label: Label) -> Masking:
    lowest = label if guard.lowers_to is None else min(label, guard.lowers_to)
    return Masking(guard.name, residue(guard.when, known, True), lowest, guard.accept_residual)


def _lowest(label: Label, masks: tuple[Masking, ...]) -> Label:
    """The lowest label that masking can leave: of the guards that surely lower, the highest counts."""
    lowering = [mask for mask in masks if mask.lowest < label]
    sure = [mask.lowest for mask in lowering if not mask.when]
    return max(sure) if sure else min((mask.lowest for mask in lowering), default=label)


def _routes(policy: Policy, came: _Came, label: Label, known: Given, models: _Models) -> Iterator[Way]:
    """The routes that can be chosen at a label, but those whose every request an earlier rule has."""
    before: list[Route] = []
    for route, _ in in_force(policy.routes, known):
        supposed = known if route.when is None else supposing(route.when, known)
        lowered = came.lowered(supposed)
        if (
            came.blocked(supposed)
            or (label < came.point.label and not lowered)
            or _taken(supposed, route, before)
        ):
            continue
        before.append(route)
        cleared = models.cleared(route, label)
        fate = Fate.SERVED if cleared else Fate.GAP
        unmasked = lowered and label > came.lowest
        yield Way(fate, route.name, residue(route.when, known, False), label, cleared, unmasked)


def _taken(supposed: Given, rule: Route, before: Iterable[Route]) -> bool:
    """Whether one of the routes before surely takes whatever this one's condition is true for."""
    return any(
        holds(possible(other.when, supposed), guard=False)
        for other in before
        if rule.when is not None and other.when is not None
        if other.when.variables <= rule.when.variables | _AXIS_NAMES
    )


def residue(when: Condition | None, known: Given, guard: bool) -> str:
    """What is left of a condition; nothing where it surely holds."""
    return "" if when is None or when.logic is None else when.logic.residue(known, guard)
