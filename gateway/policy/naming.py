"""The model that a caller names: routing, a route, a model of the catalogue, or an alias of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import InvalidRequest, UnknownModel
from gateway.policy.mistakes import nearest
from gateway.policy.schema import Model, Policy, Route
from gateway.types import Caller

AUTO = "auto"
ROUTE = "route/"
_MOST_NAMED = 8  # models in one error


@dataclass(frozen=True, slots=True)
class Asked:
    """What a name stands for: a route, a model, or neither, which is routing."""

    name: str  # as the caller wrote it
    target: str  # after aliases: auto, route/NAME or a model's name
    route: Route | None = None
    model: Model | None = None


_ROUTING = Asked(AUTO, AUTO)


def resolve(policy: Policy, name: str, caller: Caller, embeds: bool = False) -> Asked:
    """What the name stands for; an error proposes only what the caller may use.

    `embeds`: vectors are asked for, and only a model that makes them can be named.

    Raises:
        UnknownModel: nothing, or what has the other kind.
        InvalidRequest: routing, where vectors are asked for.
    """
    if embeds:
        return _embedding(policy, name, caller)
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


def _embedding(policy: Policy, name: str, caller: Caller) -> Asked:
    """Vectors of different models do not compare, so nothing chooses among them."""
    target = _stands_for(policy, name)
    model = policy.models.get(target)
    if model is not None and model.kind == "embedding":
        return Asked(name, target, model=model)
    hint = _embedders(policy, caller)
    if target == AUTO or target.startswith(ROUTE):
        why = "is routed, which embeddings are not: vectors of different models do not compare"
        raise InvalidRequest(f"{shown(name)} {why}; {hint}", param="model")
    does = "answers and does not make embeddings" if model is not None else "is no model here"
    raise UnknownModel(f"{shown(name)} {does}; {hint}", param="model")


def makes_embeddings(policy: Policy, name: str) -> bool:
    """Whether the name stands for a model that makes embeddings."""
    model = policy.models.get(_stands_for(policy, name))
    return model is not None and model.kind == "embedding"


def _stands_for(policy: Policy, name: str) -> str:
    """The name itself where it is one of the policy, else what an alias makes of it; empty: nothing."""
    own = name == AUTO or name.startswith(ROUTE) or name in policy.models
    return name if own else _alias(policy, name) or ""


def _embedders(policy: Policy, caller: Caller) -> str:
    """The models for embeddings that a caller may ask for."""
    names = [model.name for model in policy.embedding_models if may_use(caller, model.name)]
    names += [
        alias
        for alias in policy.aliases
        if not alias.endswith("*") and makes_embeddings(policy, alias) and may_use(caller, alias)
    ]
    if not names:
        return "there is no model for embeddings here that this key may use"
    return f"name a model for embeddings: {', '.join(names[:_MOST_NAMED])}"


def _alias(policy: Policy, name: str) -> str | None:
    """The alias itself, else the longest pattern that fits."""
    if name in policy.aliases:
        return policy.aliases[name]
    patterns = [pattern for pattern in policy.aliases if pattern.endswith("*") and matches(pattern, name)]
    return policy.aliases[max(patterns, key=len)] if patterns else None


def _unknown(policy: Policy, name: str, caller: Caller) -> str:
    if makes_embeddings(policy, name):
        return f"{shown(name)} makes embeddings and does not answer; ask for 'auto', or see GET /v1/models"
    names = {AUTO, *policy.models, *policy.aliases, *(ROUTE + route.name for route in policy.routes)}
    close = nearest(name[:80], (known for known in names if may_use(caller, known)))
    hint = f"did you mean {close!r}?" if close else "ask for 'auto', or see GET /v1/models"
    return f"there is no model {shown(name)}; {hint}"


def shown(name: str) -> str:
    """A name as an error repeats it."""
    return repr(name if len(name) <= 80 else name[:80] + "…")
