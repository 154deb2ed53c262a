"""Reads `routes`: who gets what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.policy.language import values
from gateway.policy.language.definitions import Fields, Key, Shape, section
from gateway.policy.language.deployments import RETRY_ON
from gateway.policy.language.document import Reading, Value, Wrong
from gateway.policy.language.guards import CONDITION, READABLE
from gateway.policy.language.shapes import (
    DURATION,
    FLAG,
    NAME,
    NUMBER,
    POSITIVE,
    SHARE,
    TEXT,
    WHOLE,
    named,
    one_of,
    one_or_more,
    pairs_read,
    reference,
)
from gateway.policy.mistakes import nearest
from gateway.policy.schema import HoldBack, Retrieve, Route, Terms, Tools
from gateway.policy.vocabulary import EVALUATORS, FALLEN_OVER

MODELS = one_or_more(reference("chat"))


class RetrieveFields(Fields, what="retrieve"):
    """Passages that come in through the prompt."""

    from_ = Key(
        one_or_more(reference("knowledge")), "The knowledge bases that are searched.", (), required=True
    )
    top = Key(POSITIVE, "How many passages at most.", 6)
    when_empty = Key(
        one_of("say_so", "go_on"),
        "Where nothing is found: say_so tells the model that it has no passages, go_on asks it as if "
        "nothing had been searched.",
        "say_so",
    )


class ToolLoopFields(Fields, what="tools"):
    """Tools that the model may call."""

    from_ = Key(one_or_more(reference("tool")), "The tool sources that may be called.", (), required=True)
    steps = Key(POSITIVE, "How often the model may be asked for one request.", 8)
    cost = Key(NUMBER, "USD that one request may cost.", None)
    time = Key(DURATION, "How long all of it may take.", 60.0)
    writes_on_untrusted = Key(
        one_of("allow", "deny"),
        "Whether a tool that writes may be called on account of untrusted text.",
        "deny",
    )


class CheapestFields(Fields, what="model"):
    """The cheapest that is good enough."""

    cheapest_of = Key(
        MODELS, "The models to choose from; until scores exist, the last answers.", (), required=True
    )
    quality = Key(SHARE, "The score that is good enough, 0 to 1.", 1.0, required=True)


class HoldBackFields(Fields, what="hold_back", rules={"minProperties": 1}):
    """How much of a stream is kept back so that an early break can still fall over."""

    tokens = Key(POSITIVE, "Until so many tokens are there.", None)
    time = Key(DURATION, "For so long at most.", None)

    def __init__(self, value: Value, found: Reading) -> None:
        super().__init__(value, found)
        if not self.present and not value.scalar:
            found.wrong(value, "nothing says how much", "write {tokens: 20, time: 1s}")


def _hold_back(value: Value, found: Reading) -> HoldBack:
    if value.scalar:
        values.one_of("all")(value)
        return HoldBack()
    fields = HoldBackFields(value, found)
    return HoldBack(fields.tokens, fields.time)


HOLD_BACK: Shape[HoldBack] = Shape(_hold_back, {"anyOf": [{"enum": ["all"]}, HoldBackFields.schema()]})


class RouteTimeoutsFields(Fields, what="timeouts", rules={"minProperties": 1}):
    """How long each part may take on this route; what is not named is as the model says."""

    connect = Key(DURATION, "To connect.", None)
    first_token = Key(DURATION, "From the request to the first token.", None)
    idle = Key(DURATION, "Between two events of a stream.", None)
    total = Key(DURATION, "For all of it together: retries, fallbacks and tools.", None)


class CacheFields(Fields, what="cache"):
    """Answers that may be given again."""

    kind = Key(one_of("exact", "semantic"), "Which requests count as the same.", "exact")
    ttl = Key(
        DURATION, "How long an answer is kept; without it, as the freshness of the request allows.", None
    )


class JudgeFields(Fields, what="judge"):
    """A model that scores answers."""

    model = Key(reference("chat"), "The model that judges.", "", required=True)
    share = Key(SHARE, "The share of answers that is judged.", 1.0)


Choice = tuple[tuple[str, ...], tuple[float, ...], float | None]


def _choice(value: Value, found: Reading) -> Choice:
    """`NAME`, a list, weights, or `{cheapest_of: […], quality: Q}`."""
    if value.kind != "a mapping":
        return MODELS.read(value, found), (), None
    keys = [key.scalar for key, _ in value.pairs()]
    if "cheapest_of" in keys or "quality" in keys or nearest(keys[0] if keys else "", ["cheapest_of"]):
        fields = CheapestFields(value, found)
        return fields.cheapest_of, (), fields.quality
    return _weights(value, found)


def _weights(value: Value, found: Reading) -> Choice:
    found.refer("chat", [(key.scalar, key) for key, _ in value.pairs()])
    weights = dict(pairs_read(value, found, NUMBER))
    if not sum(weights.values()):
        raise Wrong("the weights add up to nothing", "write {small: 95, tuned: 5}")
    return tuple(weights), tuple(weights.values()), None


CHOICE = Shape(
    _choice,
    {
        "anyOf": [
            *MODELS.schema["anyOf"],
            {
                "title": "weights, or cheapest_of",
                "type": "object",
                "minProperties": 1,
                "properties": CheapestFields.schema()["properties"],
                "propertyNames": named("chat"),
                "additionalProperties": NUMBER.schema,
                "dependencies": {"cheapest_of": ["quality"], "quality": ["cheapest_of"]},
                "if": {"required": ["cheapest_of"]},
                "then": {"maxProperties": 2},
            },
        ]
    },
)
CACHE: Shape[Any] = Shape(
    lambda value, found: values.flag(value) if value.scalar else CacheFields(value, found),
    {"anyOf": [{"type": "boolean"}, CacheFields.schema()]},
)


def _retrieve(fields: RetrieveFields) -> Retrieve:
    return Retrieve(tuple(dict.fromkeys(fields.from_)), fields.top, fields.when_empty)


def _tools(fields: ToolLoopFields) -> Tools:
    return Tools(
        sources=tuple(dict.fromkeys(fields.from_)),
        steps=fields.steps,
        cost=fields.cost,
        time=fields.time,
        writes_on_untrusted=fields.writes_on_untrusted == "allow",
    )


class RouteFields(Fields, what="a route"):
    """How a request is served."""

    name = Key(
        NAME,
        "What replies, logs and the ledger call it; callers may ask for `route/NAME`.",
        "",
        required=True,
    )
    about = Key(TEXT, "Why the route is there, for whoever reads the policy.", "")
    when = Key(
        CONDITION,
        "A CEL condition; the route serves only if it is true, so not where a signal is unsure. The last "
        f"route has none. It may read {READABLE}.",
        None,
    )
    model = Key(
        CHOICE,
        "Who answers: a model; a list, in order; weights, as `{small: 95, tuned: 5}`; or "
        "`{cheapest_of: […], quality: 0.85}`.",
        ((), (), None),
        required=True,
    )
    fallback = Key(MODELS, "Who is asked when none of `model` could answer.", ())
    retrieve = Key(section(RetrieveFields, _retrieve), "Passages that come in through the prompt.", None)
    tools = Key(section(ToolLoopFields, _tools), "Tools that the model may call.", None)
    disabled = Key(FLAG, "true: out of service, and still checked.", False)
    timeouts = Key(
        section(RouteTimeoutsFields, lambda fields: fields),
        "How long each part may take, in place of what the models say. What takes longer is a failure of the "
        "deployment, and counts for its circuit, whatever other routes allow.",
        None,
    )
    retries = Key(WHOLE, "As a model's `retries`, for this route.", None)
    retry_on = Key(RETRY_ON, "As a model's `retry_on`, for this route.", ())
    fallback_on = Key(
        one_or_more(one_of(*FALLEN_OVER)),
        "The failures after which the next model is asked. Without it, all of these; what the provider "
        "refused as the caller's mistake, or for its content, is never asked again.",
        (),
    )
    hold_back = Key(
        HOLD_BACK,
        "How much of a stream is kept back, so that a break in it can still fall over: "
        "`{tokens: N, time: T}`, whichever is first, or `all`, the whole answer. The caller sees "
        "nothing meanwhile.",
        None,
    )
    cache = Key(CACHE, "Answers that may be given again.", None, later=True)
    evaluate = Key(one_or_more(one_of(*EVALUATORS)), "What scores the answers.", (), later=True)
    judge = Key(section(JudgeFields, lambda _: None), "A model that scores answers.", None, later=True)


def read_routes(value: Value, found: Reading) -> tuple[Route, ...]:
    entries = found.attempt(value, Value.items, [])
    if not entries:
        return ()
    routes = [(entry, read_route(entry, found)) for entry in entries]
    _one_for_the_rest(value, routes, found)
    return tuple(route for _, route in routes if route is not None)


def read_route(value: Value, found: Reading) -> Route | None:
    fields = RouteFields(value, found)
    models, weights, quality = fields.model
    _warn_of_repeats(fields, found)
    if fields.name:
        found.define("route", fields.name, fields.present["name"])
    if not fields.name or ("when" in fields.present and fields.when is None):
        return None
    return Route(
        name=fields.name,
        about=fields.about,
        when=fields.when,
        models=models if weights else tuple(dict.fromkeys(models)),
        weights=weights,
        quality=quality,
        fallback=tuple(dict.fromkeys(fields.fallback)),
        retrieve=fields.retrieve,
        tools=fields.tools,
        disabled=fields.disabled,
        terms=_terms(fields),
        hold_back=fields.hold_back,
        fallback_on=frozenset(FALLEN_OVER[word] for word in fields.fallback_on) or None,
    )


def _terms(fields: RouteFields) -> Terms:
    said = fields.timeouts
    limits = (said.connect, said.first_token, said.idle, said.total) if said else (None,) * 4
    return Terms(*limits, fields.retries, frozenset(fields.retry_on) or None)


def _warn_of_repeats(fields: RouteFields, found: Reading) -> None:
    """A model that is named twice is asked once. What is drawn or chosen may well be the fallback, too."""
    model = fields.present.get("model")
    in_order = model if model is not None and model.kind != "a mapping" else None
    _repeated(fields.present.get("fallback"), _repeated(in_order, (), found), found)


def _repeated(value: Value | None, asked: Iterable[str], found: Reading) -> set[str]:
    seen = set(asked)
    for one in found.attempt(value, values.several, []) if value is not None else ():
        if one.scalar in seen:
            found.warn(one, f"{one.shown} is named already and is asked once", "take it out")
        seen.add(one.scalar)
    return seen


def _one_for_the_rest(value: Value, routes: list[tuple[Value, Route | None]], found: Reading) -> None:
    """The route without a `when` exists, serves, and comes last."""
    if any(route is None for _, route in routes):
        return
    open_to_all = [(entry, route) for entry, route in routes if route is not None and route.when is None]
    if not open_to_all:
        last = RouteFields.when.name
        when = next(key for key, _ in routes[-1][0].pairs() if key.scalar == last)
        found.wrong(when, "no route serves the rest", "end with a route without 'when:'")
    for entry, route in open_to_all:
        if entry is not routes[-1][0]:
            found.wrong(entry, f"{route.name} matches everything, so later routes are never reached")
        elif route.disabled:
            found.wrong(entry, f"{route.name} serves the rest and is disabled", "take out 'disabled:'")
