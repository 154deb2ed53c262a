"""Why a request is served as it is: a decision taken apart, as values; no model is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from gateway.policy.candidates import in_order, of_model
from gateway.policy.conditions import Condition
from gateway.policy.evaluate import Decision, Facts, Trace, Verdict, decide, observed, trace
from gateway.policy.naming import resolve
from gateway.policy.schema import Guard, Model, Policy, Price, Route
from gateway.policy.vocabulary import VARIABLES, Kind
from gateway.types import Finding, Freshness, Guess, Label, Masked, Refused, Task

Pricing = Callable[[Model], Price | None]
_SPOKEN = {True: "true", False: "false", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Signal:
    """One axis: the best label, whether it is unsure, and every label's probability, highest first."""

    axis: str
    label: str
    unsure: bool
    probabilities: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding: where it is, never what it says; see `types.Finding`."""

    entity: str
    kind: str
    label: str
    message: int
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Step:
    """A guard or a route that was looked at: its condition, outcome, and what the condition read."""

    name: str
    when: str | None
    outcome: str  # true, false, unknown
    reads: tuple[tuple[str, str], ...]
    action: str  # what follows from the outcome


@dataclass(frozen=True, slots=True)
class Masking:
    """What guards masked: how many values of each entity, and the label before and after."""

    guards: tuple[str, ...]
    entities: Mapping[str, int]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Destination:
    """A model or a source of the route, and the gate's verdict on it."""

    kind: str  # model, knowledge, tool
    name: str
    clearance: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What the first model is estimated to cost: prices are USD for a million tokens, the rest is USD.

    `source` says where the price comes from; without one it is unknown. `output_tokens` is the most that the
    request allows; without it, the answer's length and cost are unknown.
    """

    model: str
    source: str | None
    input_tokens: int
    input_price: float | None
    input_usd: float | None
    output_tokens: int | None
    output_price: float | None
    output_usd: float | None
    more: str  # what may come on top


@dataclass(frozen=True, slots=True)
class Explanation:
    """`came_as` is the label that guards saw, `label` the one that counts from then on."""

    revision: str
    asked_for: str
    caller: str
    signals: tuple[Signal, ...]
    language: str
    difficulty: float | None
    injection: float | None
    refined: bool
    input_tokens: int
    needs: tuple[str, ...]
    unreadable: bool
    knowledge: Mapping[str, float]
    findings: tuple[Evidence, ...]
    came_as: str
    guards: tuple[Step, ...]
    masking: Masking | None
    label: str
    routes: tuple[Step, ...]
    destinations: tuple[Destination, ...]
    route: str | None
    reason: str
    model: str | None  # the first that is asked
    unserved: bool  # no model that could answer is in service
    blocked_by: str | None
    message: str
    cost: Cost | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def explain(
    policy: Policy,
    facts: Facts,
    masked: Masked | None = None,
    *,
    max_tokens: int | None = None,
    price: Pricing = lambda model: model.price,
) -> Explanation:
    """Why `facts`, as guards see them, are served as they are; `masked` is what masking made of the request.

    `max_tokens` is the most that the request lets a model write, `price` says what a model costs.

    Raises:
        UnknownModel, Forbidden: as `decide` does.
    """
    after = masked.after if masked else None
    decision, seen = decide(policy, facts, after), trace(policy, facts, after)
    final = replace(facts, label=decision.label)
    first = decision.candidates[0] if decision.candidates else None
    signals = facts.signals
    return Explanation(
        revision=policy.revision,
        asked_for=facts.model,
        caller=facts.caller.name,
        signals=_signals(facts),
        language=signals.language,
        difficulty=signals.difficulty,
        injection=signals.injection,
        refined=signals.refined,
        input_tokens=signals.input_tokens,
        needs=tuple(sorted(signals.needs)),
        unreadable=signals.unreadable,
        knowledge=dict(signals.knowledge),
        findings=tuple(map(_evidence, signals.findings)),
        came_as=facts.label.word,
        guards=_guard_steps(policy, facts, seen),
        masking=_masking(masked) if masked and decision.masking else None,
        label=decision.label.word,
        routes=_route_steps(policy, final, seen),
        destinations=() if decision.blocked_by else _destinations(policy, final, decision),
        route=decision.route.name if decision.route else None,
        reason=decision.reason.value,
        model=first.name if first else None,
        unserved=decision.unserved,
        blocked_by=decision.blocked_by.name if decision.blocked_by else None,
        message=(decision.blocked_by.block or "") if decision.blocked_by else "",
        cost=None
        if first is None
        else _cost(first, price(first), decision, signals.input_tokens, max_tokens),
    )


def _evidence(finding: Finding) -> Evidence:
    f = finding
    return Evidence(f.entity, f.kind, f.label.word, f.message, f.start, f.end, round(f.confidence, 3))


def _masking(masked: Masked) -> Masking:
    return Masking(masked.guards, dict(masked.entities), masked.before.word, masked.after.word)


def _signals(facts: Facts) -> tuple[Signal, ...]:
    signals = facts.signals
    axes: tuple[tuple[str, Guess[Task] | Guess[Freshness] | Guess[Label]], ...] = (
        ("task", signals.task),
        ("freshness", signals.freshness),
        ("sensitivity", signals.sensitivity),
    )
    return tuple(
        Signal(
            axis,
            guess.best.value if isinstance(guess.best, Task) else guess.best.word,
            guess.unsure,
            tuple(sorted(guess.probabilities.items(), key=lambda pair: -pair[1])),
        )
        for axis, guess in axes
    )


def _guard_steps(policy: Policy, facts: Facts, seen: Trace) -> tuple[Step, ...]:
    guards = {guard.name: guard for guard in policy.guards}
    return tuple(_step(guards[verdict.name], verdict, facts) for verdict in seen.guards)


def _route_steps(policy: Policy, facts: Facts, seen: Trace) -> tuple[Step, ...]:
    routes = {route.name: route for route in policy.routes}
    return tuple(_step(routes[verdict.name], verdict, facts) for verdict in seen.routes)


def _step(rule: Guard | Route, verdict: Verdict, facts: Facts) -> Step:
    if isinstance(rule, Guard):
        acts = "blocks" if rule.block is not None else f"masks {', '.join(rule.mask)}"
        action = "passes" if verdict.outcome is False else acts
    else:
        action = "serves" if verdict.outcome is True else "goes on"
    when = rule.when.text if rule.when else None
    reads = read_values(rule.when, facts) if rule.when else ()
    return Step(rule.name, when, _SPOKEN[verdict.outcome], reads, action)


def read_values(condition: Condition, facts: Facts) -> tuple[tuple[str, str], ...]:
    """Each name that the condition reads with its value in these facts, in the policy's words."""
    values = observed(facts, condition.variables)
    return tuple((name, _spoken(name, values)) for name in sorted(condition.reads))


def _spoken(name: str, values: Mapping[str, object]) -> str:
    variable = name if name in VARIABLES else next(v for v in VARIABLES if name.startswith(v + "."))
    value: object = values.get(variable)
    if variable != name and isinstance(value, Mapping):
        value = value.get(name.removeprefix(variable + "."))
    if value is None:
        return "unknown"
    kind = VARIABLES[variable]
    if isinstance(value, int) and kind is Kind.FRESHNESS:
        return Freshness(value).word
    if isinstance(value, int) and kind is Kind.SENSITIVITY:
        return Label(value).word
    if isinstance(value, float):
        return f"{value:.2f}"
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, list) else str(value)


def _destinations(policy: Policy, facts: Facts, decision: Decision) -> tuple[Destination, ...]:
    order = [model.name for model in decision.candidates]
    models = (_model_verdict(m, order, facts.label) for m in _considered(policy, facts, decision))
    return (*models, *_source_verdicts(policy, decision))


def _considered(policy: Policy, facts: Facts, decision: Decision) -> Iterable[Model]:
    """The models of the decision in order, then those of the route that are out of service."""
    if decision.route is None:
        model = resolve(policy, facts.model, facts.caller).model
        return of_model(policy, model) if model is not None else ()
    in_service = in_order(policy, decision.route, f"{facts.caller.name}\0{facts.sticky}")
    named = (*decision.route.models, *decision.route.fallback)
    return (*in_service, *(policy.models[n] for n in dict.fromkeys(named) if policy.models[n].disabled))


def _model_verdict(model: Model, order: list[str], label: Label) -> Destination:
    if model.disabled:
        verdict = f"out of service: {model.absent or 'the policy disables it'}"
    elif model.name in order:
        verdict = (
            "asked first" if order[0] == model.name else f"asked as number {order.index(model.name) + 1}"
        )
    else:
        verdict = f"refused: not cleared for {label.word}"
    return Destination("model", model.name, model.clearance.word, verdict)


def _source_verdicts(policy: Policy, decision: Decision) -> Iterable[Destination]:
    refused = {refusal.destination: refusal for refusal in decision.refused}
    route = decision.route
    bases = route.retrieve.sources if route and route.retrieve else ()
    servers = route.tools.sources if route and route.tools else ()
    for kind, names, known in (
        ("knowledge", bases, policy.knowledge),
        ("tool", servers, policy.tools),
    ):
        for name in names:
            source = known[name]
            verdict = (
                "out of service: the policy disables it"
                if source.disabled
                else _why(refused.get(name), decision.unserved)
            )
            yield Destination(kind, name, source.clearance.word, verdict)


def _why(refusal: Refused | None, unserved: bool) -> str:
    if refusal is None:
        return "may be asked"
    if refusal.kind == "caller":
        return f"not asked: its label {refusal.label.word} is above the caller's clearance"
    if refusal.kind == "model" and unserved:
        return "not asked: no model is in service"
    if refusal.kind == "model":
        return f"not asked: no model would be cleared for {refusal.label.word}"
    return f"not asked: not cleared for {refusal.label.word}"


def _cost(model: Model, price: Price | None, decision: Decision, tokens: int, max_tokens: int | None) -> Cost:
    source = price.source if price else None
    most = _usd(price.output, max_tokens) if price and max_tokens is not None else None
    return Cost(
        model=model.name,
        source=source,
        input_tokens=tokens,
        input_price=price.input if price else None,
        input_usd=_usd(price.input, tokens) if price else None,
        output_tokens=max_tokens,
        output_price=price.output if price else None,
        output_usd=most,
        more=_more(decision),
    )


def _usd(price: float, tokens: int) -> float:
    """Exact in decimals, as a bill is."""
    return float(Decimal(repr(price)) * tokens / 1_000_000)


def _more(decision: Decision) -> str:
    """What may come on top of the request's own tokens."""
    parts = ("passages",) * bool(decision.knowledge) + ("tool calls and their results",) * bool(
        decision.tools
    )
    return " and ".join(parts)
