"""One subject's turn: whole answers over 1, 16 and 64 connections, at a fixed rate, and streams."""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

import uvloop

from tests.bench.load import Run, load, quantile, request
from tests.bench.paced import paced
from tests.bench.process import Process, core_busy
from tests.bench.prompts import chosen, wire_bodies
from tests.bench.running import SUBJECT_CORE, Running
from tests.bench.upstream import EVENTS

CONNECTIONS: Final = (1, 16, 64)
BUSY: Final = 0.9  # of its core: a subject that was less busy could have done more
STREAMS: Final = 32
RATE: Final = 200  # requests a second, where the rate is fixed
WARM: Final = 0.2  # of the seconds: what comes before each measurement and does not count


@dataclass(frozen=True, slots=True)
class Closed:
    """Connections that ask again at once. CPU in microseconds a request.

    Shares of a second: `busy`, the subject on its core; `disturbed`, other work on that core; `load_busy`,
    the load generator and the upstream on theirs.
    """

    connections: int
    requests: int
    rate: float
    cpu: float | None
    busy: float | None
    disturbed: float
    load_busy: float
    p50: float  # milliseconds, as p99
    p99: float


@dataclass(frozen=True, slots=True)
class Paced:
    """At a fixed rate; milliseconds from when each request was due. `rate`: at which answers came."""

    requests: int
    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Streamed:
    """CPU in microseconds an event, without the request's own; milliseconds to the first piece of content."""

    streams: int
    events: int
    cpu_event: float | None
    busy: float | None
    first_p50: float
    first_p99: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One turn. `memory`: resident megabytes at its end."""

    closed: tuple[Closed, ...]
    paced: Paced
    streamed: Streamed
    memory: float | None

    @property
    def cpu(self) -> float | None:
        """Microseconds of CPU a request, over 16 connections."""
        return self.closed[1].cpu


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, on the wire: texts of which the models are sure, or a fifth of which they are not."""

    whole: Iterator[bytes]
    stream: Iterator[bytes]

    @staticmethod
    def of(unsure: bool) -> Asked:
        texts = chosen(unsure)
        whole, stream = ([request(body) for body in wire_bodies(texts, streams)] for streams in (False, True))
        return Asked(itertools.cycle(whole), itertools.cycle(stream))


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen; the CPU seconds that the subject, its core, the upstream and we took meanwhile."""

    run: Run
    own: float | None
    core: float
    load: float

    @property
    def cpu(self) -> float | None:
        """Microseconds a request."""
        return None if self.own is None else self.own / len(self.run.took) * 1e6

    @property
    def busy(self) -> float | None:
        return None if self.own is None else self.own / self.run.seconds


def checked(at: Running, run: Run) -> Run:
    """One wrong answer spoils a measurement: it may have been quick because it was wrong."""
    if run.failed:
        said = at.process.said() if at.process else ""
        first = run.failed[0].decode(errors="replace")
        raise SystemExit(f"{at.name}: {len(run.failed)} requests failed, the first with: {first}\n{said}")
    return run


class Turn:
    """Measures a subject for some seconds at a time.

    Raises:
        SystemExit: an answer was not what the upstream says.
    """

    def __init__(self, at: Running, asked: Asked, upstream: Process, seconds: float) -> None:
        self._at, self._asked, self._upstream, self._seconds = at, asked, upstream, seconds

    def measure(self) -> Measured:
        with self._at.turn():
            return uvloop.run(self._measure())

    async def _measure(self) -> Measured:
        await self._load(CONNECTIONS[1], self._seconds * WARM)
        closed = [await self._closed(connections) for connections in CONNECTIONS]
        paced = await self._paced()
        streamed = await self._streamed(closed[1].cpu)
        process = self._at.process
        return Measured(tuple(closed), paced, streamed, process.memory() if process else None)

    async def _closed(self, connections: int) -> Closed:
        await self._load(connections, self._seconds * WARM)
        seen = await self._watched(lambda: self._load(connections, self._seconds))
        return Closed(
            connections=connections,
            requests=len(seen.run.took),
            rate=seen.run.rate,
            cpu=seen.cpu,
            busy=seen.busy,
            disturbed=max(0.0, seen.core - (seen.own or 0.0)) / seen.run.seconds,
            load_busy=seen.load / seen.run.seconds,
            p50=quantile(seen.run.took, 0.5) * 1e3,
            p99=quantile(seen.run.took, 0.99) * 1e3,
        )

    async def _paced(self) -> Paced:
        count = max(40, int(2 * self._seconds * RATE))
        run = await paced(self._at.port, self._asked.whole, rate=RATE, count=count)
        checked(self._at, run)
        p50, p99 = (quantile(run.took, share) * 1e3 for share in (0.5, 0.99))
        return Paced(len(run.took), run.rate, p50, p99)

    async def _streamed(self, cpu_request: float | None) -> Streamed:
        await self._stream(self._seconds * WARM)
        seen = await self._watched(lambda: self._stream(self._seconds * 1.5))
        per_event = None
        if seen.cpu is not None and cpu_request is not None:
            per_event = max(0.0, seen.cpu - cpu_request) / EVENTS
        first50, first99 = (quantile(seen.run.first, share) * 1e3 for share in (0.5, 0.99))
        return Streamed(STREAMS, EVENTS * len(seen.run.took), per_event, seen.busy, first50, first99)

    async def _load(self, connections: int, seconds: float) -> Run:
        run = await load(self._at.port, self._asked.whole, connections=connections, seconds=seconds)
        return checked(self._at, run)

    async def _stream(self, seconds: float) -> Run:
        asked, port = self._asked.stream, self._at.port
        run = await load(port, asked, connections=STREAMS, seconds=seconds, stream=True)
        return checked(self._at, run)

    async def _watched(self, work: Callable[[], Awaitable[Run]]) -> Watched:
        before = self._used()
        run = await work()
        own, core, ours = (now - then for now, then in zip(self._used(), before, strict=True))
        return Watched(run, own if self._at.process else None, core, ours)

    def _used(self) -> tuple[float, float, float]:
        own = self._at.process.cpu() if self._at.process else 0.0
        return own, core_busy(SUBJECT_CORE), time.process_time() + self._upstream.cpu()
