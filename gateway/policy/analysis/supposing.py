"""What more is known of a request where a condition is taken to be true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.policy.conditions import Condition
from gateway.policy.keys import key_of
from gateway.policy.logic import Given, Leaf, Logic, Not
from gateway.policy.vocabulary import VARIABLES, Kind


def supposing(when: Condition, known: Given) -> Given:
    """What is known, and that the condition is true: a text that it names is that variable's value."""
    if when.logic is None:
        return known
    values, assumed = dict(known.values), dict(known.assumed)
    for leaf, outcome in _needed(when.logic, True, known):
        needed = key_of(leaf, known) if outcome else None
        if needed and len(needed[1]) == 1 and VARIABLES[needed[0].variable] is Kind.TEXT:
            values[needed[0].variable] = next(iter(needed[1]))
        else:
            assumed[leaf.text] = outcome
    return replace(known, values=values, assumed=assumed)


def _needed(logic: Logic, outcome: bool, known: Given) -> Iterator[tuple[Leaf, bool]]:
    """The parts that must come to something for the whole to come to `outcome`, and to what."""
    if isinstance(logic, Leaf):
        if len(logic.possible(known)) > 1:
            yield logic, outcome
        return
    if isinstance(logic, Not):
        yield from _needed(logic.part, not outcome, known)
        return
    parts = logic.parts
    if logic.every is not outcome:  # one of them is enough: it is known which where only one can
        parts = tuple(part for part in parts if outcome in part.possible(known))
        parts = parts if len(parts) == 1 else ()
    for part in parts:
        yield from _needed(part, outcome, known)
