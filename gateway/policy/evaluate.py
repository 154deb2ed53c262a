"""Signals to a decision: pure, no clock, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from operator import attrgetter, is_
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from gateway.errors import Forbidden
from gateway.policy.candidates import in_order, of_model
from gateway.policy.conditions import Activation
from gateway.policy.index import reach
from gateway.policy.naming import Asked, resolve, usable
from gateway.policy.schema import Guard, Knowledge, Model, Policy, Route, ToolSource
from gateway.types import Caller, Label, Refused, Signals

Source = TypeVar("Source", Knowledge, ToolSource)


class Reason(StrEnum):
    """Why this route: it matched, was named as `route/NAME` or began this tool loop; or a model was named."""

    MATCHED = "matched"
    DEFAULT = "default"
    FORCED = "forced"
    CONTINUED = "continued"
    NAMED = "named"


class Stay(NamedTuple):
    """What a tool loop goes on with: the route that served its last turn, and the model that asked."""

    route: str
    model: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a condition can read. `label` is the request's label, everything considered.

    `sticky` keeps a conversation with one model of a canary: the caller's conversation id, or a hash.
    `stays` is set in the middle of a tool loop.
    """

    signals: Signals
    caller: Caller
    model: str  # as asked for
    label: Label
    stream: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in small letters
    sticky: str = ""
    stays: Stay | None = None
    embeds: bool = False  # vectors of its texts are asked for, not an answer


class Verdict(NamedTuple):
    """A condition's outcome in the trace: true, false or unknown (None)."""

    name: str
    outcome: bool | None


@dataclass(frozen=True, slots=True)
class Decision:
    """How a request is served. With `blocked_by`, nothing else counts; without `candidates`, nobody may:
    none is cleared, or with `unserved`, none is in service.

    `candidates` are in the order in which they are tried, each cleared for `label`, which is the label
    after masking by `masking`. `knowledge` and `tools` are the route's sources that may be asked for this
    caller at this label. `guards` and `tried` hold the verdicts on those that the index of the policy
    left open, which is what was looked at; `trace` says what every condition makes of the facts.
    """

    route: Route | None
    reason: Reason
    label: Label
    candidates: tuple[Model, ...] = ()
    refused: tuple[Refused, ...] = ()
    blocked_by: Guard | None = None
    guards: tuple[Verdict, ...] = ()
    tried: tuple[Verdict, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()
    tools: tuple[ToolSource, ...] = ()
    masking: tuple[Guard, ...] = ()
    unserved: bool = False


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the guards said of the signals as they came: the first that blocks, else all that mask."""

    asked: Asked
    verdicts: tuple[Verdict, ...]
    blocked_by: Guard | None
    masking: tuple[Guard, ...]
    facts: Facts = field(compare=False, repr=False)
    activation: Activation = field(compare=False, repr=False)

    def activated(self, policy: Policy, facts: Facts) -> Activation:
        """What was read for the guards, as long as the conditions would read the same of these facts."""
        same = all(map(is_, _read(facts), _read(self.facts)))
        return self.activation if same else activate(policy, facts)


_read = attrgetter("label", "signals", "caller", "model", "stream", "metadata", "headers")
"""The fields of `Facts` that conditions read."""


def decide(policy: Policy, facts: Facts, masked: Label | None = None) -> Decision:
    """Guards in order, then the first route that matches, then the gate over its candidates.

    `masked` is the label that is assumed of the request once guards have masked it; None: it stays.

    Raises:
        UnknownModel: the model asked for is neither a model, a route, an alias nor `auto`.
        InvalidRequest: vectors are asked for, and no one model for them.
        Forbidden: the caller may not use it.
    """
    said = guard(policy, facts)
    if said.masking and masked is not None:
        facts = replace(facts, label=masked)
    return route(policy, facts, said)


def guard(policy: Policy, facts: Facts) -> Guarded:
    """The first half of `decide`: what the guards say; whoever masks does so between the halves.

    Raises:
        UnknownModel, InvalidRequest, Forbidden: as `decide` does.
    """
    asked = resolve(policy, facts.model, facts.caller, facts.embeds)
    if not usable(asked, facts.caller):
        raise Forbidden(f"this key may not use the model {facts.model!r}", param="model")
    activation = activate(policy, facts)
    entries = reach(policy, activation.cell).guards
    verdicts = tuple([Verdict(entry.rule.name, entry.evaluate(activation)) for entry in entries])
    acting = [e.rule for e, (_, outcome) in zip(entries, verdicts, strict=True) if outcome is not False]
    blocked_by = next((g for g in acting if g.block is not None or _spoils(g, facts)), None)
    masking = () if blocked_by or facts.embeds else tuple([g for g in acting if g.mask])
    return Guarded(asked, verdicts, blocked_by, masking, facts, activation)


def _spoils(guard: Guard, facts: Facts) -> bool:
    """Whether it would mask what vectors are asked of: those of placeholders stand for nothing."""
    return facts.embeds and not facts.signals.found.isdisjoint(guard.mask)


def route(policy: Policy, facts: Facts, said: Guarded) -> Decision:
    """The second half of `decide`; `facts.label` is the label after masking."""
    if said.blocked_by is not None:
        return Decision(None, Reason.DEFAULT, facts.label, blocked_by=said.blocked_by, guards=said.verdicts)
    return _gated(policy, facts, said, _routed(policy, facts, said))


class Trace(NamedTuple):
    """Every guard in service with its outcome, and every route in service up to the first that is true."""

    guards: tuple[Verdict, ...]
    routes: tuple[Verdict, ...]


def trace(policy: Policy, facts: Facts, masked: Label | None = None) -> Trace:
    """What each condition says of these facts, whether or not the decision needed to ask it.

    `masked` is as `decide` takes it. No route is tried where a guard blocks, a model or a route is named, or
    a tool loop goes on.

    Raises:
        UnknownModel, Forbidden: as `decide` does.
    """
    said = guard(policy, facts)
    guards = _outcomes(policy.guards, activate(policy, facts))
    named = said.asked.model is not None or said.asked.route is not None
    if said.blocked_by is not None or named or _begun(policy, facts) is not None:
        return Trace(guards, ())
    if said.masking and masked is not None:
        facts = replace(facts, label=masked)
    routes = _outcomes(policy.routes, activate(policy, facts))
    last = next((at for at, verdict in enumerate(routes) if verdict.outcome is True), len(routes))
    return Trace(guards, routes[: last + 1])


def _outcomes(rules: Iterable[Guard | Route], activation: Activation) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(rule.name, True if rule.when is None else rule.when.evaluate(activation))
        for rule in rules
        if not rule.disabled
    )


def activate(policy: Policy, facts: Facts) -> Activation:
    """What the conditions of this policy may read of these facts."""
    task, freshness = facts.signals.task, facts.signals.freshness
    cell = (
        None if task.unsure else task.best.value,
        None if freshness.unsure else int(freshness.best),
        int(facts.label),
    )
    filled = _FILLED[bool(facts.signals.findings), bool(facts.signals.knowledge)]
    reads = VALUES if policy.reads is None else policy.reads
    return Activation(cell, partial(observed, facts, reads), filled)


_FILLED = {
    (found, known): frozenset(("findings",) * found + ("knowledge",) * known)
    for found in (False, True)
    for known in (False, True)
}


def observed(facts: Facts, names: Iterable[str]) -> dict[str, object]:
    """The named variables' values; what is unknown is left out."""
    return {name: value for name in names if (value := VALUES[name](facts)) is not None}


VALUES: Mapping[str, Callable[[Facts], object]] = MappingProxyType(
    {
        "task": lambda f: None if f.signals.task.unsure else f.signals.task.best.value,
        "freshness": lambda f: None if f.signals.freshness.unsure else int(f.signals.freshness.best),
        "sensitivity": lambda f: int(f.label),
        "findings": lambda f: sorted(f.signals.found),
        "language": lambda f: None if f.signals.language in ("", "und") else f.signals.language,
        "input_tokens": lambda f: f.signals.input_tokens,
        "difficulty": lambda f: f.signals.difficulty,
        "injection": lambda f: f.signals.injection,
        "needs": lambda f: sorted(f.signals.needs),
        "knowledge": lambda f: {name: float(score) for name, score in f.signals.knowledge.items()},
        "caller.name": lambda f: f.caller.name,
        "caller.team": lambda f: f.caller.team or None,
        "caller.label": lambda f: int(f.caller.label),
        "caller.clearance": lambda f: int(f.caller.clearance),
        "caller.admin": lambda f: f.caller.admin,
        "request.model": lambda f: f.model,
        "request.stream": lambda f: f.stream,
        "request.needs": lambda f: sorted(f.signals.needs),
        "request.metadata": lambda f: dict(f.metadata),
        "request.headers": lambda f: dict(f.headers),
    }
)
"""How each declared variable is read off the facts; None is unknown."""


Routed = tuple[Route | None, Reason, tuple[Verdict, ...]]


def _routed(policy: Policy, facts: Facts, said: Guarded) -> Routed:
    if said.asked.model is not None:
        return None, Reason.NAMED, ()
    if said.asked.route is not None:
        return said.asked.route, Reason.FORCED, ()
    begun = _begun(policy, facts)
    if begun is not None:
        return begun, Reason.CONTINUED, ()
    activation = said.activated(policy, facts)
    tried: list[Verdict] = []
    for entry in reach(policy, activation.cell).open_routes(activation):
        route, outcome = entry.rule, entry.evaluate(activation)
        tried.append(Verdict(route.name, outcome))
        if outcome is True:
            reason = Reason.DEFAULT if route.when is None else Reason.MATCHED
            return route, reason, tuple(tried)
    return None, Reason.DEFAULT, tuple(tried)


def _begun(policy: Policy, facts: Facts) -> Route | None:
    """The route of the tool loop that the request goes on with, as long as it is in service."""
    route = policy.route(facts.stays.route) if facts.stays else None
    return None if route is None or route.disabled else route


def _gated(policy: Policy, facts: Facts, said: Guarded, routed: Routed) -> Decision:
    """The decision with its candidates and sources, each held against its clearance."""
    (route, reason, tried), label = routed, facts.label
    models = _models(policy, facts, said.asked, route)
    candidates = tuple([model for model in models if label <= model.clearance])
    refused = [Refused("model", model.name, label) for model in models if label > model.clearance]
    knowledge, no_knowledge = allowed_sources(_bases(policy, route), "retriever", facts, candidates)
    tools, no_tools = allowed_sources(_servers(policy, route), "tool", facts, candidates)
    return Decision(
        route=route,
        reason=reason,
        label=label,
        candidates=candidates,
        refused=(*refused, *no_knowledge, *no_tools),
        guards=said.verdicts,
        tried=tried,
        knowledge=knowledge,
        tools=tools,
        masking=said.masking,
        unserved=not models,
    )


def _models(policy: Policy, facts: Facts, asked: Asked, route: Route | None) -> tuple[Model, ...]:
    if asked.model is not None:
        if not facts.embeds:
            return of_model(policy, asked.model)
        return () if asked.model.disabled else (asked.model,)
    if route is None:
        return ()
    models = in_order(policy, route, f"{facts.caller.name}\0{facts.sticky}")
    if facts.stays is None or facts.stays.route != route.name:
        return models
    first = facts.stays.model
    return tuple(sorted(models, key=lambda model: model.name != first))


def _bases(policy: Policy, route: Route | None) -> tuple[Knowledge, ...]:
    if route is None or route.retrieve is None:
        return ()
    return tuple(policy.knowledge[name] for name in route.retrieve.sources)


def _servers(policy: Policy, route: Route | None) -> tuple[ToolSource, ...]:
    if route is None or route.tools is None:
        return ()
    return tuple(policy.tools[name] for name in route.tools.sources)


def allowed_sources(
    sources: Iterable[Source], kind: str, facts: Facts, candidates: tuple[Model, ...]
) -> tuple[tuple[Source, ...], tuple[Refused, ...]]:
    """The sources that may be asked, and the others with the reason in `kind`.

    `caller`: its label is above what may be added for the caller. `kind` itself (retriever, tool): the
    request is above the source's clearance. `model`: what it adds would leave no candidate.
    """
    asked: list[Source] = []
    refused: list[Refused] = []
    for source in sources:
        if source.disabled:
            continue
        raised = max(facts.label, source.label)
        if source.label > facts.caller.clearance:
            refused.append(Refused("caller", source.name, source.label))
        elif facts.label > source.clearance:
            refused.append(Refused(kind, source.name, facts.label))
        elif not any(raised <= model.clearance for model in candidates):
            refused.append(Refused("model", source.name, raised))
        else:
            asked.append(source)
    return tuple(asked), tuple(refused)
