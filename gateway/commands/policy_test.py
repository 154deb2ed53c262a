"""Runs a policy's own tests: each case understood, guarded, masked and routed, and no model called."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import Any

from gateway.api.wire import chat_request
from gateway.commands.understand import Decided, Indexing, Understanding, caller_named, understanding
from gateway.errors import GatewayError
from gateway.policy.analysis.explain import read_values
from gateway.policy.analysis.verdicts import CAME, Came, Miss, Outcome, misses
from gateway.policy.conditions import Condition
from gateway.policy.evaluate import Decision, Facts, Verdict, trace
from gateway.policy.language.cases import Case, read_cases
from gateway.policy.language.load import CASES, files_of_cases, load
from gateway.policy.language.secrets import secrets_from
from gateway.policy.schema import Policy
from gateway.settings import Settings, make_data_dir

_SPOKEN = {True: "true", False: "false", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Result:
    """How one case went: what did not come true, all that came, and, where it failed, why.

    `reached` names the route that served and the guards that acted, as in "route act".
    """

    case: Case
    misses: tuple[Miss, ...]
    came: Mapping[str, Came]
    why: tuple[str, ...]
    seconds: float
    reached: frozenset[str] = frozenset()

    def as_dict(self) -> dict[str, Any]:
        return {
            "file": self.case.file,
            "line": self.case.line,
            "name": self.case.name,
            "passed": not self.misses,
            "misses": [{"key": m.key, "expected": m.expected, "came": m.came} for m in self.misses],
            "came": {key: list(came) if isinstance(came, tuple) else came for key, came in self.came.items()},
            "why": list(self.why),
            "seconds": round(self.seconds, 6),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All results in the order of the files; `left_out` counts the cases that were not wanted.

    `unreached` names the routes and guards in service that no case reached, where all cases ran.
    """

    folder: Path
    revision: str
    results: tuple[Result, ...]
    left_out: int = 0
    unreached: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.misses)

    @property
    def seconds(self) -> float:
        return sum(result.seconds for result in self.results)

    def as_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "revision": self.revision,
            "passed": len(self.results) - len(self.failed),
            "failed": len(self.failed),
            "left_out": self.left_out,
            "unreached": list(self.unreached),
            "cases": [result.as_dict() for result in self.results],
        }


def run(settings: Settings, wanted: str = "", indexing: Indexing = lambda name: None) -> Report:
    """The cases of a folder whose name or place holds `wanted`, in whatever case of letters.

    Nothing around the folder counts, so that a case gives the same everywhere: secrets are assumed, and every
    model is in service that the policy does not disable. The indexes are the tests' own, kept below the data
    directory from run to run.

    Raises:
        PolicyMistakes: in the policy or in its cases.
        ValueError: there is no such case, or documents cannot be read or searched.
    """
    folder = settings.policies
    data_dir = settings.data_dir
    settings = replace(settings, data_dir=data_dir / "policy-test" / _mark(folder))
    policy = load(folder, secrets=secrets_from({}, settings.secrets), assume_secrets=True)
    cases = read_cases(files_of_cases(folder), policy, chat_request)
    if not cases:
        raise ValueError(f"there are no cases in {folder}: write some into a file that ends in {CASES}")
    chosen = [case for case in cases if wanted.lower() in f"{case.place} {case.name}".lower()]
    if not chosen:
        raise ValueError(f"none of the {len(cases)} cases in {folder} is named like {wanted!r}")
    try:
        if policy.knowledge:
            make_data_dir(data_dir)
        results = asyncio.run(_results(policy, settings, chosen, indexing))
    except GatewayError as error:  # what embeds or searches is not installed
        raise ValueError(error.message) from None
    except OSError as error:
        raise ValueError(
            f"{data_dir} cannot be written ({error.strerror}); name another with --data-dir"
        ) from None
    left_out = len(cases) - len(chosen)
    return Report(folder, policy.revision, results, left_out, () if left_out else _unreached(policy, results))


def _mark(folder: Path) -> str:
    return blake2b(str(folder.resolve()).encode(), digest_size=4).hexdigest()


def _unreached(policy: Policy, results: Iterable[Result]) -> tuple[str, ...]:
    reached = frozenset(name for result in results for name in result.reached)
    rules = [f"guard {g.name}" for g in policy.guards if not g.disabled]
    rules += [f"route {r.name}" for r in policy.routes if not r.disabled]
    return tuple(rule for rule in rules if rule not in reached)


async def _results(
    policy: Policy, settings: Settings, cases: list[Case], indexing: Indexing
) -> tuple[Result, ...]:
    async with understanding(policy, settings, indexing) as understand:
        for base in policy.knowledge.values():
            if not base.disabled and not understand.parts.knowledge(base.name).ready:
                raise ValueError(f"the documents of {base.name} cannot be read, so no case can be tested")
        return tuple([await _result(understand, case) for case in cases])


async def _result(understand: Understanding, case: Case) -> Result:
    started = perf_counter()
    decided: Decided | None = None
    try:
        request = chat_request(json.dumps(case.request).encode())
        decided = await understand.decided(
            request, caller_named(understand.policy, case.caller), case.headers
        )
        masked = tuple(decided.masked.entities) if decided.masked else ()
        outcome = Outcome(decided.facts, decided.decision, masked)
    except GatewayError as error:
        outcome = Outcome(error=(error.code, error.message))
    missed = misses(case.expect, outcome)
    return Result(
        case,
        missed,
        {key: read(outcome) for key, read in CAME.items()},
        tuple(_why(understand.policy, decided)) if missed and decided else (),
        perf_counter() - started,
        _reached(decided.decision) if decided else frozenset(),
    )


def _reached(decision: Decision) -> frozenset[str]:
    guards = [guard for guard in (decision.blocked_by, *decision.masking) if guard is not None]
    routes = [decision.route] if decision.route is not None else []
    return frozenset([*(f"guard {guard.name}" for guard in guards), *(f"route {r.name}" for r in routes)])


# Why


def _why(policy: Policy, decided: Decided) -> Iterator[str]:
    """What was understood, what masking changed, and what every guard and route said."""
    came, facts = decided.understood.facts, decided.facts
    signals = facts.signals
    yield ", ".join(
        (
            f"task {signals.task.best.value} {_sure(signals.task.probability, signals.task.unsure)}",
            f"freshness {signals.freshness.best.word} "
            f"{_sure(signals.freshness.probability, signals.freshness.unsure)}",
            f"label {came.label.word}",
            f"language {signals.language}",
        )
    )
    yield f"found {', '.join(sorted(finding.entity for finding in signals.findings)) or 'nothing'}"
    if decided.masked is not None:
        hidden = ", ".join(f"{count} {entity}" for entity, count in decided.masked.entities.items())
        yield f"masked {hidden or 'nothing'}: the label is {facts.label.word}"
    said = trace(policy, came, facts.label)
    guards = {guard.name: guard.when for guard in policy.guards}
    routes = {route.name: route.when for route in policy.routes}
    yield from (_verdict("guard", verdict, guards[verdict.name], came) for verdict in said.guards)
    yield from (_verdict("route", verdict, routes[verdict.name], facts) for verdict in said.routes)
    for refused in decided.decision.refused:
        yield f"{refused.kind} refused: {refused.destination} may not have what is {refused.label.word}"


def _sure(probability: float, unsure: bool) -> str:
    return f"{probability:.2f}{' (unsure)' if unsure else ''}"


def _verdict(what: str, verdict: Verdict, when: Condition | None, facts: Facts) -> str:
    if when is None:
        return f"{what} {verdict.name} takes the rest"
    read = ", ".join(f"{name} = {value}" for name, value in read_values(when, facts))
    said = f"{what} {verdict.name} is {_SPOKEN[verdict.outcome]}: {' '.join(when.text.split())}"
    return f"{said}  ({read})" if read else said
