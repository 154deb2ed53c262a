"""All subjects in turns, round after round, so that drift falls on each alike; then the medians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.measure import BUSY, CONNECTIONS, RATE, Asked, Measured, Turn
from tests.bench.process import Process
from tests.bench.running import Running
from tests.bench.soak import Soaked
from tests.bench.subjects import Subject

Say = Callable[[str], None]
"""Shows what is going on."""


@dataclass(frozen=True, slots=True)
class Medians:
    """A subject's medians over the rounds. Rates a second, CPU in microseconds, times in milliseconds.

    `limited` holds the numbers of connections at which the subject's core was not full: the load generator,
    or other work on the machine, was the limit, and the rate is too low. `added` is against the direct
    connection of the same round; None where there is none, or where the fixed rate was not kept.
    """

    rates: Mapping[int, float]
    limited: tuple[int, ...]
    cpu: float | None
    cpu_event: float | None
    kept_rate: float
    added_p50: float | None
    added_p99: float | None
    first_p50: float
    first_p99: float
    first_added_p50: float | None
    loaded: float | None
    disturbed: float

    @property
    def keeps_up(self) -> bool:
        return self.kept_rate > 0.95 * RATE


@dataclass(frozen=True, slots=True)
class Result:
    """All that was seen of a subject; memory in megabytes. One that is not compared has no rounds."""

    version: str
    settings: str
    started: float
    idle: float | None
    rounds: tuple[Measured, ...]
    medians: Medians | None
    soaked: Soaked | None = None


def in_turns(
    subjects: Sequence[tuple[Subject, Running]],
    asked: Mapping[bool, Asked],
    upstream: Process,
    rounds: int,
    seconds: float,
    say: Say,
) -> dict[str, list[Measured]]:
    """Each subject's turns. Every second round goes backwards, so that none always follows the same one."""
    seen: dict[str, list[Measured]] = {at.name: [] for _, at in subjects}
    for number in range(rounds):
        for subject, at in subjects[:: -1 if number % 2 else 1]:
            say(f"round {number + 1} of {rounds}: {at.name}")
            seen[at.name].append(Turn(at, asked[subject.unsure], upstream, seconds).measure())
    return seen


def medians(turns: Sequence[Measured], direct: Sequence[Measured] | None) -> Medians:
    closed = [[turn.closed[place] for turn in turns] for place in range(len(CONNECTIONS))]
    kept = median(turn.paced.rate for turn in turns)
    bases = direct if direct and kept > 0.95 * RATE else None
    return Medians(
        rates={each[0].connections: median(one.rate for one in each) for each in closed},
        limited=tuple(
            each[0].connections
            for each in closed
            if each[0].busy is not None and median(one.busy or 0.0 for one in each) < BUSY
        ),
        cpu=_median([turn.cpu for turn in turns]),
        cpu_event=_median([turn.streamed.cpu_event for turn in turns]),
        kept_rate=kept,
        added_p50=_added(turns, bases, lambda turn: turn.paced.p50),
        added_p99=_added(turns, bases, lambda turn: turn.paced.p99),
        first_p50=median(turn.streamed.first_p50 for turn in turns),
        first_p99=median(turn.streamed.first_p99 for turn in turns),
        first_added_p50=_added(turns, direct, lambda turn: turn.streamed.first_p50),
        loaded=max((turn.memory for turn in turns if turn.memory is not None), default=None),
        disturbed=max(one.disturbed for each in closed for one in each),
    )


def _added(
    turns: Sequence[Measured], direct: Sequence[Measured] | None, read: Callable[[Measured], float]
) -> float | None:
    if direct is None or turns is direct:
        return None
    return median(read(turn) - read(base) for turn, base in zip(turns, direct, strict=True))


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
