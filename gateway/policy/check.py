"""What `pointsman policy check` says: mistakes, warnings, and requests that nobody may serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from gateway.policy.evaluate import Facts, decide
from gateway.policy.load import load
from gateway.policy.mistakes import PolicyMistakes
from gateway.policy.models import Available
from gateway.policy.schema import Policy
from gateway.types import Caller, Freshness, Guess, Label, Signals, Task

PLAIN = Caller("anyone")
"""A caller of whom nothing is known: public, with no clearance and no team."""


@dataclass(frozen=True, slots=True)
class Unserved:
    """Requests that a route lets in and no model may serve: the label, and the tasks (None: unsure)."""

    route: str
    label: Label
    tasks: tuple[Task | None, ...]
    out_of_service: bool  # the route has no model in service at all

    def __str__(self) -> str:
        names = "every task" if len(self.tasks) > len(Task) else ", ".join(map(_task, self.tasks))
        why = "none of its models is in service" if self.out_of_service else "none of its models is cleared"
        return f"route {self.route} takes {self.label.word} requests ({names}), and {why}"


def check(folder: Path, secrets: Mapping[str, str], available: Available | None = None) -> tuple[str, bool]:
    """The text, and whether the folder loads."""
    try:
        policy = load(folder, secrets=secrets, available=available)
    except PolicyMistakes as error:
        count = len(error.mistakes)
        return f"{error}\n{count} mistake{'s' if count > 1 else ''} in {folder}", False
    return "\n".join(_lines(folder, policy)), True


def _lines(folder: Path, policy: Policy) -> Iterator[str]:
    yield from (f"warning: {warning}" for warning in policy.warnings)
    yield from (f"warning: {gap}" for gap in unserved(policy))
    yield from (f"note: {note}" for note in policy.notes)
    counts = (
        (len(policy.models), "model"),
        (len(policy.knowledge), "knowledge base"),
        (len(policy.tools), "tool source"),
        (len(policy.guards), "guard"),
        (len(policy.routes), "route"),
        (len(policy.callers), "caller"),
    )
    said = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts if count)
    yield f"{folder} is a policy: {said}; revision {policy.revision}"


def unserved(policy: Policy) -> tuple[Unserved, ...]:
    """The cells of the signal space that, asked for by a plain caller, are let in and left unserved."""
    gaps: dict[tuple[str, Label, bool], list[Task | None]] = {}
    for label, task, freshness in product(Label, (*Task, None), (*Freshness, None)):
        decision = decide(policy, Facts(cell_signals(task, freshness, label), PLAIN, "auto", label))
        if decision.blocked_by is None and not decision.candidates and decision.route is not None:
            gap = (decision.route.name, label, not decision.refused)
            tasks = gaps.setdefault(gap, [])
            if task not in tasks:
                tasks.append(task)
    return tuple(
        Unserved(route, label, tuple(tasks), empty) for (route, label, empty), tasks in sorted(gaps.items())
    )


def cell_signals(task: Task | None, freshness: Freshness | None, label: Label) -> Signals:
    """Signals of a request of which only the cell is known; None is unsure."""
    return Signals(
        task=Guess(task or Task.CHIT_CHAT, 1.0, task is None, {}),
        freshness=Guess(Freshness.STATIC if freshness is None else freshness, 1.0, freshness is None, {}),
        sensitivity=Guess(label, 1.0, False, {}),
        findings=(),
        language="und",
        input_tokens=0,
        unreadable=False,
        needs=frozenset(),
    )


def _task(task: Task | None) -> str:
    return "unsure" if task is None else task.value
