"""The model that a caller names: routing, a route, a model of the catalogue, or an alias of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import UnknownModel
from gateway.policy.mistakes import nearest
from gateway.policy.schema import Model, Policy, Route
from gateway.types import Caller

AUTO = "auto"
ROUTE = "route/"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a name stands for: a route, a model, or neither, which is routing."""

    name: str  # as the caller wrote it
    target: str  # after aliases: auto, route/NAME or a model's name
    route: Route | None = None
    model: Model | None = None


_ROUTING = Asked(AUTO, AUTO)


def resolve(policy: Policy, name: str, caller: Caller) -> Asked:
    """What the name stands for; an error proposes only what the caller may use.

    Raises:
        UnknownModel: nothing.
    """
    asked = _known(policy, name, name) or _known(policy, name, _alias(policy, name))
    if asked is None:
        raise UnknownModel(_unknown(policy, name, caller), param="model")
    return asked


def usable(asked: Asked, caller: Caller) -> bool:
    """Whether the caller may use the name it wrote, or what that stands for."""
    return may_use(caller, asked.name) or may_use(caller, asked.target)


def may_use(caller: Caller, name: str) -> bool:
    return any(matches(pattern, name) for pattern in caller.may_use)


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern, in which only a last `*` is special."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _known(policy: Policy, name: str, target: str | None) -> Asked | None:
    if target == AUTO:
        return _ROUTING if name == AUTO else Asked(name, AUTO)
    if target is None:
        return None
    if target.startswith(ROUTE):
        route = policy.route(target.removeprefix(ROUTE))
        return None if route is None or route.disabled else Asked(name, target, route=route)
    model = policy.models.get(target)
    if model is None or model.kind != "chat":
        return None
    return Asked(name, target, model=model) if policy.honour_model else Asked(name, AUTO)


def _alias(policy: Policy, name: str) -> str | None:
    """The alias itself, else the longest pattern that fits."""
    if name in policy.aliases:
        return policy.aliases[name]
    patterns = [pattern for pattern in policy.aliases if pattern.endswith("*") and matches(pattern, name)]
    return policy.aliases[max(patterns, key=len)] if patterns else None


def _unknown(policy: Policy, name: str, caller: Caller) -> str:
    shown = name if len(name) <= 80 else name[:80] + "…"
    if name in policy.models:
        return f"{shown!r} makes embeddings and does not answer; ask for 'auto', or see GET /v1/models"
    names = {AUTO, *policy.models, *policy.aliases, *(ROUTE + route.name for route in policy.routes)}
    close = nearest(name[:80], (known for known in names if may_use(caller, known)))
    hint = f"did you mean {close!r}?" if close else "ask for 'auto', or see GET /v1/models"
    return f"there is no model {shown!r}; {hint}"
