"""Measures a decision with the index and without it, in one run: `python -m tests.bench.decide`.

The policies are random; the mix of their conditions is printed. Few routes match a request, so that most of
the list has to be gone through. Each of 300 random requests is decided many times; the figure is the median
over the requests of each one's fastest time, which other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median, quantiles
from time import perf_counter_ns

from rich.console import Console
from rich.table import Table

from gateway.policy.conditions import checked
from gateway.policy.evaluate import Facts, decide
from gateway.policy.index import Entry, Reach, reach
from gateway.policy.schema import Guard, Model, Policy, Route
from gateway.policy.vocabulary import AXES, LABELS, Kind
from gateway.types import Caller, Finding, Freshness, Guess, Label, Signals, Task

SIZES = (10, 50, 500)
TEAMS = tuple(f"team-{n}" for n in range(40))
PLANS = ("gold", "silver", "basic")
FOUND = (("email", "contact"), ("phone", "contact"), ("iban", "account"), ("person", "identity"))
GUARDS = (
    '"credential" in findings',
    'sensitivity == restricted && caller.team == "team-0"',
    'sensitivity == confidential && "iban" in findings && caller.clearance < confidential',
    "task == tool_action && input_tokens > 20000",
    'request.metadata.plan == "basic" && sensitivity >= restricted',
)


@dataclass(frozen=True, slots=True)
class Kinds:
    """A kind of condition: what it reads, how many in a hundred are of it, and how one is made."""

    name: str
    share: int
    make: Callable[[random.Random], str]


def _axes(rng: random.Random) -> str:
    task = f"task == {rng.choice(list(Task)).value}"
    other = rng.choice(("freshness >= recent", "sensitivity >= confidential", "freshness == live", ""))
    return f"{task} && {other}" if other else task


def _task(rng: random.Random, rest: str) -> str:
    return f"task == {rng.choice(list(Task)).value} && {rest}"


MIX = (
    Kinds("signals only", 35, _axes),
    Kinds("signals and the caller's team", 15, lambda r: _task(r, f'caller.team == "{r.choice(TEAMS)}"')),
    Kinds("signals and tokens", 10, lambda r: _task(r, f"input_tokens > {r.randrange(250_000, 500_000)}")),
    Kinds("signals and knowledge", 10, lambda r: _task(r, f"knowledge.handbook >= 0.9{r.randrange(5, 10)}")),
    Kinds("signals and findings", 10, lambda r: _task(r, f'"{r.choice(FOUND)[0]}" in findings')),
    Kinds("the caller's team only", 10, lambda r: f'caller.team == "{r.choice(TEAMS)}" && !caller.admin'),
    Kinds("a header only", 5, lambda r: f'request.headers["x-team"] == "{r.choice(TEAMS)}"'),
    Kinds("metadata only", 5, lambda r: f'request.metadata.plan == "{r.choice(PLANS)}-{r.randrange(20)}"'),
)  # fmt: skip


def policy_of(routes: int, rng: random.Random) -> Policy:
    """Conditions are drawn by their shares, those on signals only come last, as rules for the many do."""
    kinds = rng.choices(MIX, [kind.share for kind in MIX], k=routes - 1)
    kinds.sort(key=lambda kind: kind.make is _axes)
    texts = [kind.make(rng) for kind in kinds]
    guards = GUARDS if routes >= 50 else GUARDS[:1]
    rules = [checked(text, ["handbook"]) for text in (*texts, *guards)]
    return Policy(
        revision="random",
        models={"house": Model("house", "local", "house", clearance=Label.RESTRICTED)},
        routes=(
            *(
                Route(f"route-{n}", when=when, models=("house",))
                for n, when in enumerate(rules[: len(texts)])
            ),
            Route("rest", models=("house",)),
        ),
        guards=tuple(Guard(f"guard-{n}", w, block="No.") for n, w in enumerate(rules[len(texts) :])),
        reads=frozenset(name for rule in rules if not rule.by_cell for name in rule.variables),
    )


def facts_of(rng: random.Random) -> Facts:
    """A request as they come: one in five is unsure of its task, one in five holds findings."""
    label = rng.choices(list(Label), [50, 30, 15, 5])[0]
    found = rng.sample(FOUND, rng.randrange(1, 3)) if rng.random() < 0.2 else []
    signals = Signals(
        task=Guess(rng.choice(list(Task)), 0.9, rng.random() < 0.2, {}),
        freshness=Guess(rng.choice(list(Freshness)), 0.9, rng.random() < 0.1, {}),
        sensitivity=Guess(label, 0.9, False, {}),
        findings=tuple(Finding(e, k, Label.INTERNAL, 0, 0, 1, 0.9) for e, k in found),
        language="en",
        input_tokens=rng.randrange(20, 10_000),
        unreadable=False,
        needs=frozenset(),
        knowledge={"handbook": rng.random()} if rng.random() < 0.5 else {},
    )
    caller = Caller("app", team=rng.choice(TEAMS), clearance=Label.INTERNAL)
    headers = {"x-team": rng.choice(TEAMS)} if rng.random() < 0.3 else {}
    metadata = {"plan": rng.choice(PLANS)} if rng.random() < 0.3 else {}
    return Facts(signals, caller, "auto", label, headers=headers, metadata=metadata)


def without_index(policy: Policy) -> Policy:
    """The same policy whose every cell leaves every rule open."""
    made = replace(policy)
    open_to_all = Reach(
        tuple(Entry(guard, guard.when) for guard in policy.guards),
        tuple(Entry(route, route.when, True) for route in policy.routes),
        tuple(range(len(policy.routes))),
        {},
        {},
    )
    tasks, times, labels = ((*LABELS[axis].values(), None) for axis in AXES)
    for task in tasks:
        for time in times:
            for label in labels:
                made.reaches[task, time, label] = open_to_all  # type: ignore[index]
    return made


def timings(policy: Policy, requests: list[Facts], rounds: int) -> list[float]:
    """The fastest of some rounds for each request, in microseconds; each round counts other tokens."""
    best = [float("inf")] * len(requests)
    for turn in range(rounds):
        for at, facts in enumerate(requests):
            tokens = facts.signals.input_tokens + 10_000 * turn
            asked = replace(facts, signals=replace(facts.signals, input_tokens=tokens))
            started = perf_counter_ns()
            decide(policy, asked)
            best[at] = min(best[at], (perf_counter_ns() - started) / 1000)
    return best


def first_times(policy: Policy) -> list[float]:
    """Milliseconds to work out a cell of each task."""
    times = []
    for task in LABELS[Kind.TASK]:
        started = perf_counter_ns()
        reach(policy, (task, 0, 0))
        times.append((perf_counter_ns() - started) / 1e6)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    console = Console(width=100)
    console.print("conditions: " + ", ".join(f"{kind.share}% {kind.name}" for kind in MIX))
    table = Table(title="one decision, µs")
    for head in ("routes", "guards", "median", "p95", "without the index", "ratio", "a cell's first, ms"):
        table.add_column(head, justify="right")
    for size in SIZES:
        rng = random.Random(asked.seed)
        policy, requests = policy_of(size, rng), [facts_of(rng) for _ in range(300)]
        plain = without_index(policy)
        first = median(first_times(replace(policy)))
        assert all(decide(policy, f).route is decide(plain, f).route for f in requests)
        with_index = timings(policy, requests, asked.rounds)
        linear = median(timings(plain, requests, asked.rounds))
        table.add_row(
            str(size),
            str(len(policy.guards)),
            f"{median(with_index):.1f}",
            f"{quantiles(with_index, n=20)[-1]:.1f}",
            f"{linear:.1f}",
            f"{linear / median(with_index):.1f}×",
            f"{first:.1f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
