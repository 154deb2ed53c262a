"""Memory while requests go through by the thousand: what grows with their number shows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import uvloop

from tests.bench.load import load
from tests.bench.measure import Asked, checked
from tests.bench.running import Running

HOUR: Final = 720_000  # requests: 200 a second for an hour
MILLION: Final = 1_000_000
_CONNECTIONS: Final = 16
_POINTS: Final = 10


@dataclass(frozen=True, slots=True)
class Soaked:
    """`points`: after so many requests, resident megabytes. `requests`: fewer than asked, if time was up."""

    requests: int
    seconds: float
    points: tuple[tuple[int, float], ...]

    @property
    def grown(self) -> float:
        """Megabytes from the middle to the end: what a start still fills is behind it by then."""
        return self.points[-1][1] - self.points[len(self.points) // 2][1]


def soak(at: Running, asked: Asked, requests: int, seconds: float) -> Soaked:
    """So many requests at full speed, or what there is time for."""
    assert at.process
    points, done, began = [(0, at.process.memory())], 0, time.monotonic()
    with at.turn():
        while done < requests and (left := seconds - (time.monotonic() - began)) > 0:
            share = min(left, seconds / _POINTS)
            step = load(
                at.port, asked.whole, connections=_CONNECTIONS, seconds=share, most=-(-requests // _POINTS)
            )
            done += len(checked(at, uvloop.run(step)).took)
            points.append((done, at.process.memory()))
    return Soaked(done, time.monotonic() - began, tuple(points))
