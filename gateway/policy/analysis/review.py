"""What is doubtful in a policy that loads: requests that nobody may serve, rules that never count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.policy.analysis.matrix import Fate, Matrix, matrix_of
from gateway.policy.analysis.space import Box, Point, boxes, freshnesses_said, labels_said, points, tasks_said
from gateway.policy.analysis.supposing import supposing
from gateway.policy.index import Reach, given, possible, reach
from gateway.policy.logic import Given, applies, holds
from gateway.policy.mistakes import Mistake
from gateway.policy.schema import Guard, Policy, Route
from gateway.policy.vocabulary import CLASSES, INTRODUCED, UNPLACED
from gateway.types import Label


class Doubt(StrEnum):
    """Kinds of what is found; `warning` says which are warnings rather than notes."""

    GAP = "gap"  # requests that a route lets in and no model may serve
    GAP_UNMASKED = "gap_unmasked"  # the same, as far as masking does not lower the label
    SHADOWED_ROUTE = "shadowed_route"  # never chosen, whatever the request is
    NAMED_ROUTE = "named_route"  # never chosen, and says so itself
    IDLE_GUARD = "idle_guard"  # never acts, whatever the request is
    RESIDUAL = "accept_residual"
    UNMASKED = "unmasked"  # a guard masks what has no place in a text
    SELDOM_MASKED = "seldom_masked"  # a guard masks what is mostly not found

    @property
    def warning(self) -> bool:
        return self in (Doubt.GAP, Doubt.SHADOWED_ROUTE, Doubt.IDLE_GUARD, Doubt.UNMASKED)


@dataclass(frozen=True, slots=True)
class Found:
    """A doubt, with its place in the folder, what it is and what to do about it."""

    doubt: Doubt
    rule: str
    place: Mistake

    @property
    def warning(self) -> bool:
        return self.doubt.warning

    def __str__(self) -> str:
        return str(self.place)


@dataclass(frozen=True, slots=True)
class Gap:
    """Requests that a route lets in and no model may serve; `when` empty: whatever else they are."""

    route: str
    when: str
    box: Box
    out_of_service: bool  # the route has no model in service at all
    unmasked: bool  # only where a guard that masks does not lower the label

    @property
    def where(self) -> str:
        """The requests but for their labels, in words."""
        when = (self.when,) if self.when else ()
        return ", ".join((tasks_said(self.box.tasks), freshnesses_said(self.box.freshnesses), *when))


def review(policy: Policy, matrix: Matrix | None = None) -> tuple[Found, ...]:
    """Everything doubtful, warnings first, each in the order of the files."""
    table = matrix or matrix_of(policy)
    found = (*_gaps(policy, table), *_routes(policy, table), *_guards(policy, table), *_masks(policy))
    return tuple(sorted(found, key=lambda one: (not one.warning, one.place.file, one.place.line)))


def gaps(policy: Policy, matrix: Matrix) -> tuple[Gap, ...]:
    """The cells that some route lets in and no model may serve, those of one route and condition together."""
    serving = {route.name for route in policy.routes if _in_service(policy, route)}
    cells: dict[tuple[str, str, bool], dict[Point, None]] = {}
    for cell in matrix.cells:
        for way in cell.routes:
            if way.fate is Fate.GAP:
                cells.setdefault((way.rule, way.when, way.unmasked), {})[cell.point] = None
    return tuple(
        Gap(route, when, box, route not in serving, unmasked)
        for (route, when, unmasked), found in cells.items()
        for box in boxes(found)
    )


def _in_service(policy: Policy, route: Route) -> bool:
    return any(not policy.models[name].disabled for name in (*route.models, *route.fallback))


def _gaps(policy: Policy, matrix: Matrix) -> Iterator[Found]:
    """One for each cause: a route has no model in service, or none that is cleared for some labels."""
    found = gaps(policy, matrix)
    for name in dict.fromkeys(gap.route for gap in found if gap.out_of_service):
        said = f"route {name} has no model in service ({_lacking(policy, name)})"
        yield _found(policy, Doubt.GAP, "route", name, said, "bring one into service, or add one that is")
    together: dict[tuple[str, bool, tuple[Label, ...]], list[Gap]] = {}
    for gap in (gap for gap in found if not gap.out_of_service):
        together.setdefault((gap.route, gap.unmasked, gap.box.labels), []).append(gap)
    for (route, unmasked, labels), alike in together.items():
        whose = labels_said(labels)
        requests = f"requests of {whose}" if len(labels) == len(Label) else f"{whose} requests"
        mask = " where masking does not lower their label" if unmasked else ""
        where = "; ".join(gap.where for gap in alike)
        said = f"route {route} takes {requests} ({where}){mask}, and none of its models is cleared"
        hint = "" if unmasked else "add a model that is, or block them by a guard"
        yield _found(policy, Doubt.GAP_UNMASKED if unmasked else Doubt.GAP, "route", route, said, hint)


def _lacking(policy: Policy, route: str) -> str:
    """What each model of a route lacks to be in service."""
    models = [model for one in policy.routes if one.name == route for model in (*one.models, *one.fallback)]
    absent = {name: policy.models[name].absent or "disabled" for name in models}
    return "; ".join(f"{name}: {why}" for name, why in absent.items())


def _routes(policy: Policy, matrix: Matrix) -> Iterator[Found]:
    reached = {way.rule for cell in matrix.cells for way in cell.routes}
    for route in policy.routes:
        if route.disabled or route.name in reached:
            continue
        names = ", ".join(_names_of(policy, route))
        if possible(route.when, Given({})) == {False}:
            said = f"route {route.name} is reached by name alone: {names}"
            yield _found(policy, Doubt.NAMED_ROUTE, "route", route.name, said, "")
        else:
            said = f"route {route.name} is never chosen: {_why_never(policy, route)}; only {names} reaches it"
            hint = "narrow what stands before it"
            hint += "" if route.when is None else ", move it up, or take it out"
            yield _found(policy, Doubt.SHADOWED_ROUTE, "route", route.name, said, hint)


def _names_of(policy: Policy, route: Route) -> tuple[str, ...]:
    """The names that a caller may ask for to get it."""
    target = f"route/{route.name}"
    return (target, *(alias for alias, meant in policy.aliases.items() if meant == target))


def _why_never(policy: Policy, route: Route) -> str:
    """What comes before it in the cells where its condition could be true."""
    before: Counter[str] = Counter()
    for point in points():
        known = given(point.cell)
        if applies(possible(route.when, known), guard=False):
            supposed = known if route.when is None else supposing(route.when, known)
            before[_taker(reach(policy, point.cell), route, supposed)] += 1
    if not before:
        return "its condition is true for no request"
    return f"what it would take goes to {', '.join(name for name, _ in before.most_common(3))}"


def _taker(cell: Reach, route: Route, supposed: Given) -> str:
    """The rule that surely has what a route's condition is true for: one there is, as it is never chosen."""
    blocking = _surely_blocking(cell, supposed)
    if blocking is not None:
        return f"guard {blocking.name}"
    others = (entry.rule for entry in cell.routes if entry.rule is not route)
    taking = (other.name for other in others if holds(possible(other.when, supposed), guard=False))
    return f"route {next(taking, cell.routes[-1].rule.name)}"


def _guards(policy: Policy, matrix: Matrix) -> Iterator[Found]:
    acting = {way.rule for cell in matrix.cells for way in cell.blocks}
    acting |= {mask.guard for cell in matrix.cells for mask in cell.masks}
    for guard in policy.guards:
        if guard.disabled:
            continue
        if guard.name not in acting:
            said = f"guard {guard.name} never acts: {_why_idle(policy, guard)}"
            hint = "mind its condition and its place, or take it out"
            yield _found(policy, Doubt.IDLE_GUARD, "guard", guard.name, said, hint)
        elif guard.accept_residual and guard.lowers_to is not None:
            said = (
                f"guard {guard.name} lowers to {guard.lowers_to.word} what is left of a text after masking,"
                " also where the label was given to the whole of it (accept_residual)"
            )
            yield _found(policy, Doubt.RESIDUAL, "guard", guard.name, said, "")


def _masks(policy: Policy) -> Iterator[Found]:
    """What a guard is to replace and is not found, or not always."""
    for guard in (guard for guard in policy.guards if guard.mask and not guard.disabled):
        entities = {entity for name in guard.mask for entity in CLASSES.get(name, (name,))}
        if unplaced := sorted(entities & UNPLACED):
            said = (
                f"guard {guard.name} masks {', '.join(unplaced)}: that is said of a whole message,"
                " and nothing in it is replaced"
            )
            hint = "block such requests, or leave them to models that are cleared"
            yield _found(policy, Doubt.UNMASKED, "guard", guard.name, said, hint)
        if seldom := sorted(entities & INTRODUCED):
            said = (
                f"guard {guard.name} masks {', '.join(seldom)}: it is found only where words introduce it,"
                ' such as "my name is", and else goes to the model'
            )
            yield _found(policy, Doubt.SELDOM_MASKED, "guard", guard.name, said, "")


def _why_idle(policy: Policy, guard: Guard) -> str:
    before: dict[str, None] = {}
    for point in points():
        known = given(point.cell)
        blocking = _surely_blocking(reach(policy, point.cell), known)
        if blocking is not None and applies(possible(guard.when, known), guard=True):
            before[blocking.name] = None
    if not before:
        return "its condition is false for every request"
    return f"whatever it would act on is blocked before, by {', '.join(before)}"


def _surely_blocking(cell: Reach, known: Given) -> Guard | None:
    guards = (entry.rule for entry in cell.guards if entry.rule.block is not None)
    return next((guard for guard in guards if holds(possible(guard.when, known), guard=True)), None)


def _found(policy: Policy, doubt: Doubt, kind: str, name: str, said: str, hint: str) -> Found:
    file, line, column = policy.places.get((kind, name), ("", 1, 1))
    return Found(doubt, name, Mistake(file, line, column, said, hint))
