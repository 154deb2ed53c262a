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
    for name in teachers:
        if name in _lessons(name, teachers):
            place = found.defined["model"][name]
            found.wrong(place, f"{name} is its own teacher in the end", "end the chain of teachers")


def _missing(kind: str, name: str, found: Reading) -> str:
    other = {"chat": "embedding", "embedding": "chat"}.get(kind, "")
    if name in found.defined.get(other, {}):
        return f"{name} is of kind {other}, and {kind} is wanted here"
    return f"there is no {_SPOKEN[kind]} {shortened(name)}"


def _known(kind: str, found: Reading) -> set[str]:
    if kind not in ("target", "usable"):
        return set(found.defined.get(kind, ()))
    targets = {"auto", *found.defined.get("chat", ())}
    targets |= {f"route/{name}" for name in found.defined.get("route", ())}
    if kind == "usable":
        targets |= {*found.defined.get("alias", ()), *found.defined.get("embedding", ())}
    return targets


def _matches(pattern: str, known: Iterable[str]) -> bool:
    """A pattern stands for at least one name."""
    stem = pattern[:-1]
    return pattern.endswith("*") and any(name.startswith(stem) for name in known)


def _lessons(name: str, teachers: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen: set[str] = set()
    ahead = list(teachers.get(name, ()))
    while ahead:
        teacher = ahead.pop()
        if teacher not in seen:
            seen.add(teacher)
            ahead.extend(teachers.get(teacher, ()))
    return seen
