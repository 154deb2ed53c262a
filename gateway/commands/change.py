"""Why a decision is another one under a new policy: which signal or condition decides."""

from __future__ import annotations

from dataclasses import replace

from gateway.commands.replay import Fate, Replayed, Served
from gateway.policy.analysis.explain import read_values
from gateway.policy.evaluate import Decision, Facts
from gateway.policy.schema import Guard, Policy, Route


def why(policy: Policy, replayed: Replayed) -> str:
    """In a line, what of the new policy makes the difference."""
    before, after, facts, decision = replayed.before, replayed.after, replayed.facts, replayed.decision
    if not isinstance(after, Served) or facts is None or decision is None:
        return str(after) if isinstance(after, Served) else "cannot be told"
    if decision.blocked_by is not None:
        return f"guard {_condition(decision.blocked_by, facts)}"
    if before.fate is Fate.BLOCKED:
        return _no_longer_blocked(policy, before.by or "", facts)
    if before.by != after.by:
        return _another_route(policy, before.by, decision, replace(facts, label=decision.label))
    return _another_model(policy, before, decision)


def _no_longer_blocked(policy: Policy, name: str, facts: Facts) -> str:
    guard = next((guard for guard in policy.guards if guard.name == name and not guard.disabled), None)
    if guard is None:
        return f"the guard {name} is gone"
    return f"the guard {name} masks now" if guard.mask else f"no longer {_condition(guard, facts)}"


def _another_route(policy: Policy, before: str | None, decision: Decision, facts: Facts) -> str:
    if decision.route is None or before is None:
        return "the name that was asked for stands for something else"
    old = policy.route(before)
    if old is not None and not old.disabled and _comes_first(policy, old, decision.route):
        return f"no longer {_condition(old, facts)}"
    if decision.route.when is None:
        return f"the route {before} is gone"
    return _condition(decision.route, facts)


def _comes_first(policy: Policy, one: Route, other: Route) -> bool:
    return policy.routes.index(one) < policy.routes.index(other)


def _another_model(policy: Policy, before: Served, decision: Decision) -> str:
    label = decision.label.word
    model = policy.models.get(before.model or "")
    if decision.unserved:
        return "no model of it is in service"
    if not decision.candidates:
        return f"no model of it is cleared for {label}"
    first = decision.candidates[0].name
    if before.fate is Fate.UNSERVED:
        return f"{first} is in service"
    if before.fate is Fate.REFUSED:
        return f"{first} is cleared for {label}"
    if model is None or model.disabled:
        return f"{before.model} is {'gone' if model is None else 'out of service'}"
    if decision.label > model.clearance:
        return f"{before.model} is not cleared for {label}"
    if decision.masking:
        return f"masking leaves {label}, and {first} is cleared for that"
    return f"the route begins with {first}"


def _condition(rule: Guard | Route, facts: Facts) -> str:
    """`name: condition (what it read)`."""
    if rule.when is None:
        return rule.name
    values = ", ".join(f"{name} = {value}" for name, value in read_values(rule.when, facts))
    return f"{rule.name}: {' '.join(rule.when.text.split())} ({values})"
