"""What a decision has to look at: which guards can act, and which routes can match, in a cell of signals."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.policy.conditions import Activation, Cell, Condition
from gateway.policy.keys import Key, Scale, floor_of, key_of
from gateway.policy.logic import Given, Outcome, Possible, applies, holds
from gateway.policy.schema import Guard, Policy, Route
from gateway.policy.vocabulary import AXES

Rule = TypeVar("Rule", Guard, Route)
_TRUE: Possible = frozenset((True,))


@dataclass(frozen=True, slots=True)
class Entry(Generic[Rule]):
    """A rule that a cell leaves open, with what is to be evaluated; `when` None: the outcome is settled."""

    rule: Rule
    when: Condition | None
    outcome: Outcome = None

    def evaluate(self, activation: Activation) -> Outcome:
        return self.outcome if self.when is None else self.when.evaluate(activation)


@dataclass(frozen=True, slots=True)
class Reach:
    """What can still act or match in one cell, in order; each list ends at the first that surely does.

    Of `routes`, those at `always` are looked at in any case; the others only where a value that they need
    is there: `keyed` holds their places by variable (and entry) and by that value, `ranked` by a scale and
    by how high a number they need, the least first.
    """

    guards: tuple[Entry[Guard], ...]
    routes: tuple[Entry[Route], ...]
    always: tuple[int, ...]
    keyed: Mapping[Key, Mapping[str, tuple[int, ...]]]
    ranked: Mapping[Scale, tuple[tuple[float, ...], tuple[int, ...]]]

    def open_routes(self, activation: Activation) -> Iterable[Entry[Route]]:
        """The routes that can match this request, in order."""
        if not self.keyed and not self.ranked:
            return self.routes
        values = activation.known()
        places = list(self.always)
        for key, by_word in self.keyed.items():
            for word in key.words(values):
                places += by_word.get(word, ())
        for scale, (floors, ranked) in self.ranked.items():
            height = scale.height(values)
            if height is not None:
                places += ranked[: bisect_right(floors, height)]
        return [self.routes[place] for place in sorted(set(places))]


def reach(policy: Policy, cell: Cell) -> Reach:
    """The cell's part of the index; worked out when the cell is first asked for."""
    found = policy.reaches.get(cell)
    if found is None:
        found = policy.reaches[cell] = _reach(policy, given(cell))
    return found


def given(cell: Cell) -> Given:
    """What a cell says of the variables: an axis that is unsure is surely unknown."""
    named = dict(zip((axis.value for axis in AXES), cell, strict=True))
    values: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    return Given(values, frozenset(named.keys() - values.keys()))


def possible(when: Condition | None, known: Given) -> Possible:
    """What a condition can come to; no condition is always true.

    Raises:
        TypeError: it was not checked.
    """
    if when is None:
        return _TRUE
    if when.logic is None:
        raise TypeError(f"the condition {when.text!r} was not checked")
    return when.logic.possible(known)


def in_force(rules: Sequence[Rule], known: Given) -> Iterator[tuple[Rule, Possible]]:
    """The rules in service that can apply, with what their conditions can come to.

    Ends with the first that surely applies and lets no later one matter: a route, or a guard that blocks.
    """
    for rule in rules:
        outcomes = possible(rule.when, known)
        guard = isinstance(rule, Guard)
        if rule.disabled or not applies(outcomes, guard):
            continue
        yield rule, outcomes
        if holds(outcomes, guard) and not (isinstance(rule, Guard) and rule.block is None):
            return


def _reach(policy: Policy, known: Given) -> Reach:
    guards = tuple(_entry(*pair) for pair in in_force(policy.guards, known))
    routes = tuple(_entry(*pair) for pair in in_force(policy.routes, known))
    keyed: dict[Key, dict[str, tuple[int, ...]]] = {}
    ranked: dict[Scale, list[tuple[float, int]]] = {}
    always: list[int] = []
    for place, entry in enumerate(routes):
        logic = None if entry.when is None else entry.when.logic
        if logic is not None and (needed := key_of(logic, known)):
            by_word = keyed.setdefault(needed[0], {})
            for word in needed[1]:
                by_word[word] = (*by_word.get(word, ()), place)
        elif logic is not None and (floor := floor_of(logic, known)):
            ranked.setdefault(floor[0], []).append((floor[1], place))
        else:
            always.append(place)
    return Reach(
        guards, routes, tuple(always), keyed, {scale: _ranks(found) for scale, found in ranked.items()}
    )


def _ranks(found: list[tuple[float, int]]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    floors, places = zip(*sorted(found), strict=True)
    return floors, places


def _entry(rule: Rule, outcomes: Possible) -> Entry[Rule]:
    if len(outcomes) == 1:
        return Entry(rule, None, next(iter(outcomes)))
    return Entry(rule, rule.when)
