"""Holds every name that a policy refers to against the names that it defines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.policy.language.document import Reading, shortened
from gateway.policy.mistakes import proposal

_SPOKEN = {
    "chat": "model",
    "embedding": "embedding model",
    "knowledge": "knowledge base",
    "tool": "tool source",
    "target": "model or route",
    "usable": "model, route or alias",
}

_SECTIONS = {
    "chat": {"models"},
    "embedding": {"models"},
    "knowledge": {"knowledge"},
    "tool": {"tools"},
    "target": {"models", "routes"},
    "usable": {"models", "routes", "aliases"},
}
"""Where what is referred to is defined."""


def check_references(found: Reading, teachers: Mapping[str, tuple[str, ...]]) -> None:
    """Every reference has its definition, and no model teaches itself by way of others."""
    told = {kind: _known(kind, found) for kind, where in _SECTIONS.items() if not where & found.unread}
    for kind, name, value in found.references:
        known = told.get(kind)
        if known is not None and name not in known and not (kind == "usable" and _matches(name, known)):
            found.wrong(value, _missing(kind, name, found), proposal(name, known, "there are"))
    told_of: set[str] = set()
    for name in teachers:
        circle = _circle(name, teachers)
        if circle and told_of.isdisjoint(circle):
            told_of.update(circle)
            place = found.defined["model"][name]
            chain = " → ".join((name, *circle))
            found.wrong(place, f"{name} is its own teacher in the end: {chain}", "end the chain of teachers")


def _missing(kind: str, name: str, found: Reading) -> str:
    other = {"chat": "embedding", "embedding": "chat"}.get(kind, "")
    if name in found.defined.get(other, {}):
        return f"{name} is of kind {other}, and {kind} is wanted here"
    return f"there is no {_SPOKEN[kind]} {shortened(name)}"


def _known(kind: str, found: Reading) -> set[str]:
    if kind not in ("target", "usable"):
        return set(found.defined.get(kind, ()))
    targets = {"auto", *found.defined.get("chat", ()), *found.defined.get("embedding", ())}
    targets |= {f"route/{name}" for name in found.defined.get("route", ())}
    if kind == "usable":
        targets |= set(found.defined.get("alias", ()))
    return targets


def _matches(pattern: str, known: Iterable[str]) -> bool:
    """A pattern stands for at least one name."""
    stem = pattern[:-1]
    return pattern.endswith("*") and any(name.startswith(stem) for name in known)


def _circle(name: str, teachers: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The teachers by which a model comes back to itself, itself the last; none where it does not."""
    ahead: list[tuple[str, ...]] = [(teacher,) for teacher in teachers.get(name, ())]
    seen: set[str] = set()
    while ahead:
        way = ahead.pop(0)
        if way[-1] == name:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ahead.extend((*way, teacher) for teacher in teachers.get(way[-1], ()))
    return ()
