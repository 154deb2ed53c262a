"""The space of signals: every task, freshness and sensitivity that a request can have, unsure included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from gateway.policy.conditions import Cell
from gateway.types import Freshness, Label, Task

UNSURE = "unsure"
TASKS: tuple[Task | None, ...] = (*Task, None)
FRESHNESSES: tuple[Freshness | None, ...] = (*Freshness, None)


@dataclass(frozen=True, slots=True)
class Point:
    """One cell of the space; None is unsure. A sensitivity is never unsure: then it is the higher one."""

    task: Task | None
    freshness: Freshness | None
    label: Label

    @property
    def cell(self) -> Cell:
        """As conditions see it."""
        return (
            None if self.task is None else self.task.value,
            None if self.freshness is None else int(self.freshness),
            int(self.label),
        )


def points() -> Iterator[Point]:
    """All 300, by task, then freshness, then label."""
    return (Point(*axes) for axes in product(TASKS, FRESHNESSES, Label))


@dataclass(frozen=True, slots=True)
class Box:
    """All the points of these tasks, freshnesses and labels."""

    tasks: tuple[Task | None, ...]
    freshnesses: tuple[Freshness | None, ...]
    labels: tuple[Label, ...]

    def __len__(self) -> int:
        return len(self.tasks) * len(self.freshnesses) * len(self.labels)


def boxes(found: Iterable[Point]) -> tuple[Box, ...]:
    """These points as few boxes."""
    labels: dict[tuple[Task | None, Freshness | None], list[Label]] = {}
    for point in sorted(found, key=_ORDER.__getitem__):
        labels.setdefault((point.task, point.freshness), []).append(point.label)
    freshnesses: dict[tuple[Task | None, tuple[Label, ...]], list[Freshness | None]] = {}
    for (task, freshness), of in labels.items():
        freshnesses.setdefault((task, tuple(of)), []).append(freshness)
    tasks: dict[tuple[tuple[Freshness | None, ...], tuple[Label, ...]], list[Task | None]] = {}
    for (task, those), at in freshnesses.items():
        tasks.setdefault((tuple(at), those), []).append(task)
    return tuple(Box(tuple(which), at_all, of_all) for (at_all, of_all), which in tasks.items())


_ORDER = {point: place for place, point in enumerate(points())}


def task_word(task: Task | None) -> str:
    return UNSURE if task is None else task.value


def freshness_word(freshness: Freshness | None) -> str:
    return UNSURE if freshness is None else freshness.word


def tasks_said(tasks: Iterable[Task | None]) -> str:
    return _said(map(task_word, tasks), [task_word(task) for task in TASKS], "every task")


def freshnesses_said(freshnesses: Iterable[Freshness | None]) -> str:
    return _said(map(freshness_word, freshnesses), [freshness_word(f) for f in FRESHNESSES], "any freshness")


def labels_said(labels: Iterable[Label]) -> str:
    return _said((label.word for label in labels), [label.word for label in Label], "every label")


def _said(words: Iterable[str], known: list[str], all_of_them: str) -> str:
    """The words in their usual order; where more than half are there, those that are not."""
    given = set(words)
    if len(given) == len(known):
        return all_of_them
    missing = [word for word in known if word not in given]
    if len(missing) <= 3 and len(missing) * 2 < len(known):
        return f"{all_of_them} but {', '.join(missing)}"
    return ", ".join(word for word in known if word in given)
