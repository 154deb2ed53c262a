"""Signals to a decision: pure, no clock, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.policy.schema import Guard, Model, Policy, Route
from gateway.types import Caller, Label, Refused, Signals


class Reason(StrEnum):
    """Why this route: it matched, it was named as `route/NAME`, or a model was named."""

    MATCHED = "matched"
    DEFAULT = "default"
    FORCED = "forced"
    NAMED = "named"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a condition can read. `label` is the request's label, everything considered."""

    signals: Signals
    caller: Caller
    model: str  # as asked for
    label: Label
    stream: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition's outcome in the trace: true, false or unknown (None)."""

    name: str
    outcome: bool | None


@dataclass(frozen=True, slots=True)
class Decision:
    """How a request is served. With `blocked_by`, nothing else counts; without `candidates`, nobody may.

    `candidates` are in the order in which they are tried, each cleared for `label`.
    """

    route: Route | None
    reason: Reason
    label: Label
    candidates: tuple[Model, ...] = ()
    refused: tuple[Refused, ...] = ()
    blocked_by: Guard | None = None
    guards: tuple[Verdict, ...] = ()
    tried: tuple[Verdict, ...] = ()


def decide(policy: Policy, facts: Facts) -> Decision:
    """Guards in order, then the first route that matches, then the gate over its candidates.

    Raises:
        UnknownModel: the model asked for is neither a model, a route, an alias nor `auto`.
        Forbidden: the caller may not use it.
    """
    raise NotImplementedError
