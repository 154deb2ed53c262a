"""Holds what became of a request against what a case expects of it: pure, no model is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.policy.evaluate import Decision, Facts
from gateway.policy.language.cases import UNSURE, Expected
from gateway.policy.vocabulary import CLASSES
from gateway.types import Freshness, Guess, Label, Task

Came = str | bool | tuple[str, ...] | None

_CLASS_OF = {entity: name for name, entities in CLASSES.items() for entity in entities}
_AT_LEAST = frozenset({"findings", "masked"})
_IN_ORDER = frozenset({"candidates"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: `facts` with the final label, and the entities that were masked.

    With `error` (its code and what it says), nothing was decided.
    """

    facts: Facts | None = None
    decision: Decision | None = None
    masked: tuple[str, ...] = ()
    error: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Miss:
    """A key of `expect` that did not come true, in the policy's words."""

    key: str
    expected: str
    came: str


def misses(expect: Mapping[str, Expected], outcome: Outcome) -> tuple[Miss, ...]:
    """What did not come true; an error that nobody expected is one miss, whatever was expected."""
    if outcome.error is not None and "error" not in expect:
        return (Miss("error", "none", ": ".join(outcome.error)),)
    return tuple(
        Miss(key, _spoken(expected), _told(key, came, outcome))
        for key, expected in expect.items()
        if not _true(key, expected, came := CAME[key](outcome))
    )


def _true(key: str, expected: Expected, came: Came) -> bool:
    if isinstance(expected, Label):
        return came == expected.word
    if not isinstance(expected, tuple):
        return came == expected
    there = came if isinstance(came, tuple) else ()
    if key in _IN_ORDER:
        return there == expected
    at_least = key in _AT_LEAST and bool(expected)
    return set(expected) <= set(there) if at_least else set(expected) == set(there)


def _told(key: str, came: Came, outcome: Outcome) -> str:
    """What came, with the reason why it is nothing where something else stands in its place."""
    decision = outcome.decision
    if came in (None, ()) and key not in _AT_LEAST and decision is not None:
        if decision.blocked_by is not None:
            return f"none (blocked by {decision.blocked_by.name})"
        if decision.unserved and key == "model":
            return "none (no model that could answer is in service)"
        if not decision.candidates and key == "model":
            return f"none (no model is cleared for {decision.label.word})"
    return _spoken(came)


def _spoken(value: Expected | Came) -> str:
    if isinstance(value, Label):
        return value.word
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return value or "none"


# What came, by the keys of `expect`


def _axis(guess: Guess[Task] | Guess[Freshness]) -> str:
    if guess.unsure:
        return UNSURE
    return guess.best.value if isinstance(guess.best, Task) else guess.best.word


def _of_facts(read: Callable[[Facts], Came]) -> Callable[[Outcome], Came]:
    return lambda outcome: None if outcome.facts is None else read(outcome.facts)


def _of_decision(read: Callable[[Decision], Came]) -> Callable[[Outcome], Came]:
    return lambda outcome: None if outcome.decision is None else read(outcome.decision)


def _refused(decision: Decision) -> bool:
    return decision.blocked_by is None and not decision.candidates and not decision.unserved


def _with_classes(entities: Iterable[str]) -> tuple[str, ...]:
    """The entities and their classes, as `findings` has both."""
    return tuple(sorted({name for entity in entities for name in (entity, _CLASS_OF.get(entity, entity))}))


CAME: Mapping[str, Callable[[Outcome], Came]] = MappingProxyType(
    {
        "task": _of_facts(lambda f: _axis(f.signals.task)),
        "freshness": _of_facts(lambda f: _axis(f.signals.freshness)),
        "sensitivity": _of_facts(lambda f: f.label.word),
        "findings": _of_facts(lambda f: tuple(sorted(f.signals.found))),
        "language": _of_facts(lambda f: f.signals.language or "und"),
        "route": _of_decision(lambda d: d.route.name if d.route else None),
        "reason": _of_decision(lambda d: None if d.blocked_by else d.reason.value),
        "model": _of_decision(lambda d: d.candidates[0].name if d.candidates else None),
        "candidates": _of_decision(lambda d: tuple(model.name for model in d.candidates)),
        "blocked_by": _of_decision(lambda d: d.blocked_by.name if d.blocked_by else None),
        "masked": lambda outcome: _with_classes(outcome.masked),
        "refused": _of_decision(_refused),
        "retrieve": _of_decision(lambda d: tuple(base.name for base in d.knowledge)),
        "tools": _of_decision(lambda d: tuple(source.name for source in d.tools)),
        "error": lambda outcome: outcome.error[0] if outcome.error else None,
    }
)
"""How each key of `expect` is read off an outcome."""
