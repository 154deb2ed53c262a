"""Why a request is served as it is: a decision taken apart, as values and as text; no model is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gateway.policy.candidates import in_order, of_model
from gateway.policy.conditions import Condition
from gateway.policy.evaluate import Decision, Facts, Trace, Verdict, decide, observed, trace
from gateway.policy.naming import resolve
from gateway.policy.schema import Guard, Model, Policy, Route
from gateway.policy.vocabulary import VARIABLES, Kind
from gateway.types import Freshness, Guess, Label, Refused, Task

_SPOKEN = {True: "true", False: "false", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Signal:
    """One axis: the best label, whether it is unsure, and every label's probability, highest first."""

    axis: str
    label: str
    unsure: bool
    probabilities: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A guard or a route that was looked at: its condition, outcome, and what the condition read."""

    name: str
    when: str | None
    outcome: str  # true, false, unknown
    reads: tuple[tuple[str, str], ...]
    action: str  # what follows from the outcome


@dataclass(frozen=True, slots=True)
class Destination:
    """A model or a source of the route, and the gate's verdict on it."""

    kind: str  # model, knowledge, tool
    name: str
    clearance: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Explanation:
    revision: str
    asked_for: str
    caller: str
    label: str
    signals: tuple[Signal, ...]
    findings: tuple[tuple[str, int, int, int, float], ...]  # entity, message, start, end, confidence
    guards: tuple[Step, ...]
    routes: tuple[Step, ...]
    destinations: tuple[Destination, ...]
    route: str | None
    reason: str
    model: str | None  # the first that is asked
    blocked_by: str | None
    message: str
    input_cost: float | None  # USD for the request's tokens, where the policy prices the model

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def explain(policy: Policy, facts: Facts) -> Explanation:
    """
    Raises:
        UnknownModel, Forbidden: as `decide` does.
    """
    decision, seen = decide(policy, facts), trace(policy, facts)
    first = decision.candidates[0] if decision.candidates else None
    return Explanation(
        revision=policy.revision,
        asked_for=facts.model,
        caller=facts.caller.name,
        label=facts.label.word,
        signals=_signals(facts),
        findings=tuple((f.entity, f.message, f.start, f.end, f.confidence) for f in facts.signals.findings),
        guards=_guard_steps(policy, facts, seen),
        routes=_route_steps(policy, facts, seen),
        destinations=() if decision.blocked_by else _destinations(policy, facts, decision),
        route=decision.route.name if decision.route else None,
        reason=decision.reason.value,
        model=first.name if first else None,
        blocked_by=decision.blocked_by.name if decision.blocked_by else None,
        message=(decision.blocked_by.block or "") if decision.blocked_by else "",
        input_cost=_input_cost(first, facts.signals.input_tokens),
    )


def render(explanation: Explanation) -> str:
    """The explanation as plain text, a section after another."""
    e = explanation
    sections = [
        f"asked for {e.asked_for} by {e.caller}, under policy {e.revision}",
        _section("signals", [*map(_signal_line, e.signals), f"{'label':<12} {e.label}"]),
        _section("findings", [f"{n} in message {m}, {a} to {b} ({c:.2f})" for n, m, a, b, c in e.findings]),
        _section("guards", [line for step in e.guards for line in _step_lines(step)]),
        _section("routes", [line for step in e.routes for line in _step_lines(step)]),
        _section("gate", [f"{d.kind:<9} {d.name:<18} {d.clearance:<13} {d.verdict}" for d in e.destinations]),
        _outcome(e),
    ]
    return "\n".join(section for section in sections if section)


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
        verdict = "out of service"
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
            verdict = "out of service" if source.disabled else _why(refused.get(name))
            yield Destination(kind, name, source.clearance.word, verdict)


def _why(refusal: Refused | None) -> str:
    if refusal is None:
        return "may be asked"
    if refusal.kind == "caller":
        return f"not asked: its label {refusal.label.word} is above the caller's clearance"
    if refusal.kind == "model":
        return f"not asked: no model would be cleared for {refusal.label.word}"
    return f"not asked: not cleared for {refusal.label.word}"


def _input_cost(model: Model | None, tokens: int) -> float | None:
    return None if model is None or model.price is None else model.price.input * tokens / 1e6


def _section(title: str, lines: list[str]) -> str:
    return f"{title}\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def _signal_line(signal: Signal) -> str:
    shown = "  ".join(f"{label} {p:.2f}" for label, p in signal.probabilities[:3])
    return (
        f"{signal.axis:<12} {signal.label}{' (unsure: unknown to rules)' if signal.unsure else ''}   {shown}"
    )


def _step_lines(step: Step) -> list[str]:
    head = f"{step.name}: {step.outcome}, {step.action}"
    if step.when is None:
        return [f"{head}  (no condition)"]
    read = ", ".join(f"{name} = {value}" for name, value in step.reads)
    return [head, f"    when {' '.join(step.when.split())}", *([f"    with {read}"] if read else [])]


def _outcome(e: Explanation) -> str:
    if e.blocked_by is not None:
        return f"outcome: blocked by {e.blocked_by}: {e.message}"
    served = f"route {e.route}" if e.route else "the model that was named"
    if e.model is None:
        return f"outcome: {served} ({e.reason}), and no model may serve it: policy_no_cleared_model"
    cost = f", about ${e.input_cost:.6f} for its input" if e.input_cost is not None else ""
    return f"outcome: {served} ({e.reason}), served by {e.model}{cost}"
