"""Decides a request of the ledger anew under another policy: no text, no model, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from gateway.accounting.history import DecisionRow, Kept, Row
from gateway.commands.estimate import estimated_label
from gateway.commands.recall import Recalled, recall
from gateway.errors import GatewayError
from gateway.masks import may_be_masked
from gateway.policy.conditions import Activation, Condition
from gateway.policy.evaluate import Decision, Facts, Guarded, Reason, activate, guard, observed, route
from gateway.policy.schema import Guard, Policy, Route
from gateway.types import Task

_IN_PART = ("request.headers", "request.metadata", "request.model", "knowledge")
"""The variables that a row may keep a part of, or none: of a model's name, the alias that took it."""


class Fate(StrEnum):
    """What a decision comes to.

    `refused`: no model is cleared; `unserved`: none is in service; `rejected`: the caller is not let in, or
    not to the model that it asks for.
    """

    SERVED = "served"
    BLOCKED = "blocked"
    REFUSED = "refused"
    UNSERVED = "unserved"
    REJECTED = "rejected"


_NOBODY = {Fate.REFUSED: "no model is cleared", Fate.UNSERVED: "no model is in service"}


@dataclass(frozen=True, slots=True)
class Served:
    """How a request is served: by which route (or which guard blocks it, or why it is rejected), which model
    first. A model that the caller named has no route."""

    fate: Fate
    by: str | None
    model: str | None = None

    def __str__(self) -> str:
        if self.fate is Fate.BLOCKED:
            return f"blocked by {self.by}"
        if self.fate is Fate.REJECTED:
            return f"rejected: {self.by}"
        return f"{self.by or 'named model'} → {_NOBODY.get(self.fate, self.model)}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The decision rests on something that the row does not keep: which rule asks, and for what."""

    rule: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A row under the policy. `facts` are as guards saw them; None: nothing was decided.

    `estimates` say what of the decision is no more than likely.
    """

    before: Served
    after: Served | Unknown
    facts: Facts | None = None
    decision: Decision | None = None
    estimates: tuple[str, ...] = ()


MASKED = "the label after masking is told from the findings, since the ledger holds no text"
DRAWN = "a canary draws anew, since the row does not say by what it drew"
BASES = "knowledge bases were added or taken away, which may change the task"
_ASKS = frozenset((Task.QUESTION_ANSWERING, Task.KNOWLEDGE_LOOKUP))


class Replayer:
    """Replays rows under one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._callers = {known.caller.name: known.caller for known in policy.callers}
        self._reads = _reads_in_part(policy)

    def replay(self, row: Row) -> Replayed | None:
        """The row's decision then, and now; None where the row does not say enough to be decided.

        A caller is the one that the policy knows by that name; the row's own where it knows none at all.
        """
        kept = row.kept
        if kept is None:
            return None
        before = was_served(kept.decision)
        if self._callers and kept.caller.name not in self._callers:
            return Replayed(before, Served(Fate.REJECTED, "no such caller"))
        try:
            recalled = recall(row.id, kept, self._policy, self._callers.get(kept.caller.name))
        except KeyError:  # a word that this version does not know
            return None
        try:
            return self._decided(kept, before, recalled)
        except GatewayError as error:
            return Replayed(before, Served(Fate.REJECTED, error.code), recalled.facts)

    def _decided(self, kept: Kept, before: Served, recalled: Recalled) -> Replayed:
        facts, missing = recalled.facts, self._missing(kept)
        said = guard(self._policy, facts)
        unknown = missing and self._unknown(_considered_guards(self._policy, said), facts, missing)
        if unknown:
            return Replayed(before, unknown, facts)
        left = facts
        if said.masking:
            label = estimated_label(said.masking, facts.signals.findings, facts.label, recalled.floor)
            left = replace(facts, label=label)
        decision = route(self._policy, left, said)
        unknown = missing and self._unknown(_considered_routes(self._policy, decision), left, missing)
        if unknown:
            return Replayed(before, unknown, facts)
        return Replayed(before, now_served(decision), facts, decision, self._estimates(kept, facts, decision))

    def _estimates(self, kept: Kept, facts: Facts, decision: Decision) -> tuple[str, ...]:
        """What of the decision is no more than likely, and why."""
        task, weighs = facts.signals.task, decision.route is not None and bool(decision.route.weights)
        other_bases = kept.signals.knowledge.keys() != self._policy.knowledge.keys()
        found = {
            MASKED: bool(decision.masking),
            DRAWN: weighs and kept.request.sticky is None,
            BASES: other_bases and (task.unsure or task.best in _ASKS),
        }
        return tuple([why for why, holds in found.items() if holds])

    def _missing(self, kept: Kept) -> frozenset[str]:
        """Of what the policy's conditions read, what the row does not keep."""
        return frozenset([read for read in self._reads if not _is_kept(read, kept)])

    def _unknown(
        self, rules: Iterable[Guard | Route], facts: Facts, missing: frozenset[str]
    ) -> Unknown | None:
        """The first rule whose outcome rests on what is missing."""
        for rule in rules:
            asked = missing & rule.when.reads if rule.when is not None else None
            if asked and rule.when is not None and _without(rule.when, self._policy, facts, asked) is None:
                return Unknown(rule.name, tuple(sorted(asked)))
        return None


def was_served(decision: DecisionRow) -> Served:
    """What was decided when the request came."""
    if decision.blocked_by is not None:
        return _served(Fate.BLOCKED, decision.blocked_by, None)
    if not decision.candidates:
        return _served(_unanswered(decision), decision.route, None)
    return _served(Fate.SERVED, decision.route, decision.candidates[0])


def now_served(decision: Decision) -> Served:
    """The same of a decision."""
    if decision.blocked_by is not None:
        return _served(Fate.BLOCKED, decision.blocked_by.name, None)
    route = decision.route.name if decision.route else None
    if not decision.candidates:
        return _served(_unanswered(decision), route, None)
    return _served(Fate.SERVED, route, decision.candidates[0].name)


def _unanswered(decision: Decision | DecisionRow) -> Fate:
    return Fate.UNSERVED if decision.unserved else Fate.REFUSED


_served = lru_cache(maxsize=4096)(Served)  # there are few, and many rows


def _reads_in_part(policy: Policy) -> tuple[str, ...]:
    """What the policy's conditions read that a row may not keep."""
    rules: tuple[Guard | Route, ...] = (*policy.guards, *policy.routes)
    reads = {read for rule in rules if rule.when is not None for read in rule.when.reads}
    return tuple(sorted(read for read in reads if read.startswith(_IN_PART)))


def _is_kept(read: str, kept: Kept) -> bool:
    """Whether the row says what the model's name, a map or this entry of it was."""
    if read == "request.model":
        return not (kept.request.model or "").endswith("*")
    if read.startswith("request.metadata"):
        return _is_metadata_kept(read.removeprefix("request.metadata").removeprefix("."), kept)
    variable = "request.headers" if read.startswith("request.headers") else "knowledge"
    known: Mapping[str, object] | None
    known = kept.request.headers if variable == "request.headers" else kept.signals.knowledge
    entry = read.removeprefix(variable).removeprefix(".")
    return known is not None and (not entry or entry in known)


def _is_metadata_kept(entry: str, kept: Kept) -> bool:
    """Whether the row has it as it came, which is how conditions read it: without placeholders."""
    metadata = kept.request.metadata
    if metadata is None or kept.masked is None:
        return metadata is not None
    if entry and entry in metadata:
        return not may_be_masked(metadata[entry])
    said = metadata if entry else (*metadata, *metadata.values())  # a name may have been masked as well
    return not any(map(may_be_masked, said))


def _considered_guards(policy: Policy, said: Guarded) -> list[Guard]:
    """The guards in service, up to the one that blocks."""
    guards = [guard for guard in policy.guards if not guard.disabled]
    return guards if said.blocked_by is None else guards[: guards.index(said.blocked_by) + 1]


def _considered_routes(policy: Policy, decision: Decision) -> list[Route]:
    """The routes in service, up to the one that serves."""
    if decision.blocked_by is not None or decision.reason in (Reason.FORCED, Reason.NAMED, Reason.CONTINUED):
        return []
    routes = [route for route in policy.routes if not route.disabled]
    return routes if decision.route is None else routes[: routes.index(decision.route) + 1]


def _without(condition: Condition, policy: Policy, facts: Facts, missing: frozenset[str]) -> bool | None:
    """The condition's outcome where what is missing is unknown: then it holds whatever that was."""
    absent = {name for name in condition.variables if any(read.startswith(name) for read in missing)}
    names = condition.variables - absent
    cell = activate(policy, facts).cell
    return condition.evaluate(Activation(cell, lambda: observed(facts, names)))
