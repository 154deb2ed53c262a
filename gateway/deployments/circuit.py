"""A circuit breaker: what fails too often gets no requests for a while, then one to prove itself."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """The states of a circuit, as Nygard's "Release It!" (2007) names them; the numbers are the metric's."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a circuit opens, and for how long: times in seconds.

    It opens after `failures` in a row, or once `share` of the requests of the last `within` seconds failed,
    at least `of` of them; for `rest` at first, twice as long after each probe that fails, never longer than
    `longest`. With `longest` at 15 s, one that has recovered gets requests again well within 30 s.
    """

    failures: int = 5
    share: float = 0.5
    of: int = 20
    within: float = 10.0
    rest: float = 1.0
    longest: float = 15.0


class Circuit:
    """Pure: every `now` is the same clock's, in seconds."""

    __slots__ = ("_breaker", "_failed", "_in_a_row", "_outcomes", "_probing", "_rest", "_until")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._in_a_row = 0
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=1_000)  # when, and whether it failed
        self._failed = 0  # of those
        self._until: float | None = None  # open or half open since; None: closed
        self._rest = breaker.rest
        self._probing = False

    def state(self, now: float) -> State:
        if self._until is None:
            return State.CLOSED
        return State.OPEN if now < self._until else State.HALF_OPEN

    @property
    def closed(self) -> bool:
        return self._until is None

    def admits(self, now: float) -> bool:
        """Whether a request may be sent: with the circuit half open, one at a time."""
        return self._until is None or (now >= self._until and not self._probing)

    def opens_in(self, now: float) -> float:
        """Seconds until one may be sent; a probe that is under way takes its time, too."""
        if self._until is None:
            return 0.0
        return max(self._until - now, 1.0 if self._probing else 0.0)

    def sent(self) -> bool:
        """A request is sent now, as `admits` allowed; whether it is the probe."""
        self._probing = self._until is not None
        return self._probing

    def ended(self, failed: bool | None, probe: bool, now: float) -> None:
        """One that was sent has ended: it failed, succeeded, or (None) says nothing, as when a caller leaves.

        What was sent before the circuit opened and fails afterwards is old news.
        """
        if probe:
            self._probing = False
        if self._until is None:
            if failed is not None:
                self._note(failed, now)
        elif probe and failed is False:
            self._close()
        elif probe and failed:
            self._rest = min(self._breaker.longest, self._rest * 2)
            self._until = now + self._rest

    def _note(self, failed: bool, now: float) -> None:
        self._in_a_row = self._in_a_row + 1 if failed else 0
        if not failed and not self._failed:
            self._outcomes.append((now, False))
            return
        self._remember(failed, now)
        asked = len(self._outcomes)
        often = asked >= self._breaker.of and self._failed >= self._breaker.share * asked
        if failed and (often or self._in_a_row >= self._breaker.failures):
            self._until = now + self._rest

    def _remember(self, failed: bool, now: float) -> None:
        outcomes = self._outcomes
        while outcomes and (outcomes[0][0] < now - self._breaker.within or len(outcomes) == outcomes.maxlen):
            self._failed -= outcomes.popleft()[1]
        outcomes.append((now, failed))
        self._failed += failed

    def _close(self) -> None:
        self._until = None
        self._rest = self._breaker.rest
        self._in_a_row = self._failed = 0
        self._outcomes.clear()
