"""Reads `guards` and `routes`: who gets what."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.policy import values
from gateway.policy.conditions import Condition, Faulty, checked
from gateway.policy.document import Fields, Reading, Value, Wrong
from gateway.policy.mistakes import Mistake, nearest, proposal
from gateway.policy.schema import Guard, Retrieve, Route, Tools
from gateway.policy.vocabulary import FINDINGS, NOT_MEASURED

_GUARD = ("name", "when", "block", "mask", "lowers_to", "disabled", "accept_residual")
_ROUTE = ("name", "about", "when", "model", "fallback", "retrieve", "tools", "disabled")
_ROUTE_LATER = ("retries", "retry_on", "hold_back", "cache", "evaluate", "judge")


def read_guard(value: Value, found: Reading, knowledge: Sequence[str]) -> Guard | None:
    fields = Fields(value, found, "a guard", _GUARD)
    name = fields.need("name", values.name, "")
    when = fields.need("when", lambda v: _condition(v, found, knowledge), None)
    block = fields.read("block", values.said, None)
    mask = fields.read("mask", lambda v: _entities(v, found), ())
    if len({"block", "mask"} & fields.present.keys()) != 1:
        found.wrong(value, "a guard blocks or masks", "give it 'block:' with a message, or 'mask:'")
    if not name or when is None:
        return None
    found.define("guard", name, fields.present["name"])
    lowers_to = fields.read("lowers_to", values.label, None)
    disabled = fields.read("disabled", values.flag, False)
    accept_residual = fields.read("accept_residual", values.flag, False)
    return Guard(name, when, block, mask, lowers_to, disabled, accept_residual)


def read_routes(value: Value, found: Reading, knowledge: Sequence[str]) -> tuple[Route, ...]:
    entries = found.attempt(value, Value.items, [])
    routes = [(entry, read_route(entry, found, knowledge)) for entry in entries]
    _one_for_the_rest(value, routes, found)
    return tuple(route for _, route in routes if route is not None)


def read_route(value: Value, found: Reading, knowledge: Sequence[str]) -> Route | None:
    fields = Fields(value, found, "a route", _ROUTE, _ROUTE_LATER)
    name = fields.need("name", values.name, "")
    when = fields.read("when", lambda v: _condition(v, found, knowledge), None)
    models, weights, quality = fields.need("model", lambda v: _choice(v, found), ((), (), None))
    fallback = fields.read("fallback", lambda v: _models(v, found), ())
    retrieve = fields.read("retrieve", lambda v: _retrieve(v, found), None)
    tools = fields.read("tools", lambda v: _tools(v, found), None)
    if not name or ("when" in fields.present and when is None):
        return None
    found.define("route", name, fields.present["name"])
    return Route(
        name=name,
        about=fields.read("about", values.text, ""),
        when=when,
        models=models,
        weights=weights,
        quality=quality,
        fallback=fallback,
        retrieve=retrieve,
        tools=tools,
        disabled=fields.read("disabled", values.flag, False),
    )


def _one_for_the_rest(value: Value, routes: list[tuple[Value, Route | None]], found: Reading) -> None:
    """The route without a `when` exists, serves, and comes last."""
    if any(route is None for _, route in routes):
        return
    open_to_all = [(entry, route) for entry, route in routes if route is not None and route.when is None]
    if not open_to_all:
        found.wrong(value, "no route serves the rest", "end with a route without 'when:'")
    for entry, route in open_to_all:
        if entry is not routes[-1][0]:
            found.wrong(entry, f"{route.name} matches everything, so later routes are never reached")
        elif route.disabled:
            found.wrong(entry, f"{route.name} serves the rest and is disabled", "take out 'disabled:'")


def _condition(value: Value, found: Reading, knowledge: Sequence[str]) -> Condition:
    if value.tag == "bool":
        return checked(value.scalar.lower(), knowledge)
    try:
        condition = checked(values.said(value), knowledge)
    except Faulty as faulty:
        for fault in faulty.faults:
            line, column = value.place_within(fault.line, fault.column)
            found.mistakes.append(Mistake(value.file, line, column, fault.message, fault.proposal))
        raise Wrong("") from faulty
    for name in sorted(condition.variables & NOT_MEASURED):
        found.warn(value, f"{name} is not measured yet, so it is unknown in every request")
    return condition


def _entities(value: Value, found: Reading) -> tuple[str, ...]:
    for word in value.items():
        if word.scalar not in FINDINGS:
            found.wrong(word, f"{word.shown} is not a known finding", proposal(word.scalar, FINDINGS))
    return tuple(word.scalar for word in value.items())


def _models(value: Value, found: Reading) -> tuple[str, ...]:
    """One model or a list of them, in order."""
    return _named(value, found, "chat")


def _named(value: Value, found: Reading, kind: str) -> tuple[str, ...]:
    given = values.several(value)
    if not given:
        raise Wrong("the list is empty", "name at least one")
    names = [(found.attempt(one, values.said, ""), one) for one in given]
    found.refer(kind, [(name, one) for name, one in names if name])
    return tuple(dict.fromkeys(name for name, _ in names if name))


Choice = tuple[tuple[str, ...], tuple[float, ...], float | None]


def _choice(value: Value, found: Reading) -> Choice:
    """`NAME`, a list, weights, or `{cheapest_of: […], quality: Q}`."""
    if value.kind != "a mapping":
        return _models(value, found), (), None
    keys = [key.scalar for key, _ in value.pairs()]
    if "cheapest_of" in keys or "quality" in keys or nearest(keys[0] if keys else "", ["cheapest_of"]):
        fields = Fields(value, found, "model", ("cheapest_of", "quality"))
        models = fields.need("cheapest_of", lambda v: _models(v, found), ())
        return models, (), fields.need("quality", values.share, 1.0)
    return _weights(value, found)


def _weights(value: Value, found: Reading) -> Choice:
    pairs = value.pairs()
    found.refer("chat", [(key.scalar, key) for key, _ in pairs])
    weights = tuple(found.attempt(weight, values.number, 1.0) for _, weight in pairs)
    if not sum(weights):
        raise Wrong("the weights add up to nothing", "write {small: 95, tuned: 5}")
    return tuple(key.scalar for key, _ in pairs), weights, None


def _retrieve(value: Value, found: Reading) -> Retrieve:
    fields = Fields(value, found, "retrieve", ("from", "top", "when_empty"))
    return Retrieve(
        sources=fields.need("from", lambda v: _named(v, found, "knowledge"), ()),
        top=fields.read("top", values.positive, 6),
        when_empty=fields.read("when_empty", values.one_of("say_so", "go_on"), "say_so"),
    )


def _tools(value: Value, found: Reading) -> Tools:
    fields = Fields(value, found, "tools", ("from", "steps", "cost", "time", "writes_on_untrusted"))
    return Tools(
        sources=fields.need("from", lambda v: _named(v, found, "tool"), ()),
        steps=fields.read("steps", values.positive, 8),
        cost=fields.read("cost", values.number, None),
        time=fields.read("time", values.duration, 60.0),
        writes_on_untrusted=fields.read("writes_on_untrusted", values.one_of("allow", "deny"), "deny")
        == "allow",
    )
