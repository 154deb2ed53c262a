"""The models of a route in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from gateway.policy.schema import NO_TERMS, Model, Policy, Route


def in_order(policy: Policy, route: Route, sticky: str) -> tuple[Model, ...]:
    """The route's own models, then its fallback, each followed by its teachers; none twice, none disabled.

    The teachers of a model that is out of service stand in for it.
    """
    if route.weights:
        return _on_terms(route, _expanded(policy, (*_own(policy, route, sticky), *route.fallback)))
    order = policy.orders.get(route.name)
    if order is None:
        models = _expanded(policy, (*_own(policy, route, ""), *route.fallback))
        order = policy.orders[route.name] = _on_terms(route, models)
    return order


def usual_order(policy: Policy, route: Route) -> tuple[Model, ...]:
    """As `in_order`, for nobody in particular: the models of a canary by their weight, heaviest first."""
    if not route.weights:
        return in_order(policy, route, "")
    weights = sorted(zip(route.weights, route.models, strict=True), key=lambda pair: -pair[0])
    return _expanded(policy, (*(name for weight, name in weights if weight > 0), *route.fallback))


def of_model(policy: Policy, model: Model) -> tuple[Model, ...]:
    """A model that was named, and its teachers."""
    return _expanded(policy, (model.name,))


def _on_terms(route: Route, models: tuple[Model, ...]) -> tuple[Model, ...]:
    """The models as the route has them asked."""
    return models if route.terms == NO_TERMS else tuple(route.terms.applied(model) for model in models)


def _expanded(policy: Policy, names: Iterable[str]) -> tuple[Model, ...]:
    once = dict.fromkeys(name for start in names for name in _taught(policy, start, ()))
    return tuple(policy.models[name] for name in once if not policy.models[name].disabled)


def _taught(policy: Policy, name: str, seen: tuple[str, ...]) -> Iterator[str]:
    if name in seen:
        return
    yield name
    for teacher in policy.models[name].teachers:
        yield from _taught(policy, teacher, (*seen, name))


def _own(policy: Policy, route: Route, sticky: str) -> tuple[str, ...]:
    usable = tuple(name for name in route.models if not policy.models[name].disabled)
    if route.quality is not None:  # until scores exist, only the list's last is known to be good enough
        return usable[-1:]
    if route.weights:
        weights = dict(zip(route.models, route.weights, strict=True))
        return _drawn(
            {name: weights[name] for name in usable if weights[name] > 0}, f"{route.name}\0{sticky}"
        )
    return route.models


def _drawn(weights: dict[str, float], key: str) -> tuple[str, ...]:
    """The model that the key falls on, then the others, heaviest first."""
    point = int.from_bytes(blake2b(key.encode(), digest_size=7).digest()) / (1 << 56) * sum(weights.values())
    others = sorted(weights, key=lambda name: -weights[name])
    for name, weight in weights.items():
        point -= weight
        if point < 0:
            return (name, *(other for other in others if other != name))
    return tuple(others)
