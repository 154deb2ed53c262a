"""The deployments of one model, shared by all requests: who gets which, and how each has fared."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from gateway.deployments.budget import RetryBudget
from gateway.deployments.circuit import Breaker, Circuit, State
from gateway.deployments.waiting import Waiting
from gateway.errors import CircuitOpen, ProviderBusy

T = TypeVar("T")
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many requests each deployment gets at once (None: as many as come), and who may wait for a place.

    `queue` requests may wait at once for a model, none for longer than `wait` seconds.
    """

    limit: int | None = None
    queue: int = 100
    wait: float = 5.0


class Deployment(Generic[T]):
    """One address of a model; `serves` asks it."""

    __slots__ = ("circuit", "name", "outstanding", "serves", "weight")

    def __init__(self, name: str, serves: T, weight: float, breaker: Breaker) -> None:
        self.name, self.serves, self.weight = name, serves, weight
        self.circuit = Circuit(breaker)
        self.outstanding = 0

    @property
    def load(self) -> float:
        """Requests that it is answering, for its weight."""
        return self.outstanding / self.weight


class Health(NamedTuple):
    """What monitoring is told of a deployment."""

    deployment: str
    state: State
    outstanding: int


class Turn(Generic[T]):
    """A deployment that one request was given; whoever has it says once how it `ended`."""

    __slots__ = ("_model", "_open", "_probe", "deployment", "queued_seconds")

    def __init__(self, model: Deployments[T], deployment: Deployment[T], probe: bool) -> None:
        self._model, self._probe, self._open = model, probe, True
        self.deployment = deployment
        self.queued_seconds = 0.0

    def answers(self) -> None:
        """The first of an answer is here: a probe need not wait for the end of it."""
        if self._probe:
            self._probe = False
            self.deployment.circuit.ended(False, True, self._model.clock())

    def ended(self, failed: bool | None) -> None:
        """It failed, succeeded, or says nothing of the deployment (None)."""
        if self._open:
            self._open = False
            self.deployment.circuit.ended(failed, self._probe, self._model.clock())
            self._model.free(self.deployment)


class Deployments(Generic[T]):
    """What one model is served by; `name` stands for it in errors. Belongs to one event loop."""

    def __init__(
        self,
        name: str,
        deployments: Sequence[Deployment[T]],
        concurrency: Concurrency = Concurrency(),
        budget: float = 0.1,
        clock: Clock = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name, self.all, self.clock = name, tuple(deployments), clock
        self.budget = RetryBudget(budget)
        self._concurrency, self._chance = concurrency, chance
        self._waiting: Waiting[Turn[T]] = Waiting()
        self._only = self.all[0] if len(self.all) == 1 and concurrency.limit is None else None

    @classmethod
    def of(cls, name: str, serves: T) -> Deployments[T]:
        """One deployment, with the usual limits."""
        return cls(name, [Deployment(name, serves, 1.0, Breaker())])

    @property
    def several(self) -> bool:
        return len(self.all) > 1

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return len(self._waiting)

    def health(self) -> Iterator[Health]:
        now = self.clock()
        return (Health(each.name, each.circuit.state(now), each.outstanding) for each in self.all)

    def others(self, tried: Collection[Deployment[T]]) -> bool:
        """Whether there is another deployment than those that were tried and may be asked."""
        now = self.clock()
        return self.several and any(d.circuit.admits(now) and d not in tried for d in self.all)

    async def turn(self, who: str, tried: Collection[Deployment[T]], seconds: float) -> Turn[T]:
        """A deployment to ask now, if there is one, another than those that were `tried`.

        `who` is the caller, among whom the queue is fair; it waits for so many `seconds` at most.

        Raises:
            CircuitOpen: all of them are given a rest.
            ProviderBusy: as many wait as may, or this one has waited long enough.
        """
        only = self._only
        if only is not None and only.circuit.closed:
            only.outstanding += 1
            return Turn(self, only, False)
        if not len(self._waiting):
            chosen = self._chosen(tried)
            if chosen is not None:
                return self._taken(chosen)
        self._check_open()
        return await self._queued(who, min(seconds, self._concurrency.wait))

    def free(self, deployment: Deployment[T]) -> None:
        """A request of this deployment has ended: whoever waits longest in turn may ask."""
        deployment.outstanding -= 1
        while len(self._waiting):
            chosen = self._chosen(())
            if chosen is None:
                if not self._all_open():
                    return
                self._turn_away()
                return
            place = self._waiting.next()
            if place is not None and not place.done():
                place.set_result(self._taken(chosen))

    # Inside.

    def _taken(self, deployment: Deployment[T]) -> Turn[T]:
        deployment.outstanding += 1
        return Turn(self, deployment, deployment.circuit.sent())

    def _chosen(self, tried: Collection[Deployment[T]]) -> Deployment[T] | None:
        """One that may be asked and has room; None: there is none now."""
        now, limit = self.clock(), self._concurrency.limit
        fit = [d for d in self.all if d.circuit.admits(now) and (limit is None or d.outstanding < limit)]
        fresh = [d for d in fit if d not in tried] if tried else fit
        return self._better(fresh or fit)

    def _better(self, fit: list[Deployment[T]]) -> Deployment[T] | None:
        """Of two that are drawn by weight the one with less to do (Mitzenmacher, 2001: "the power of two
        choices"): nearly as even as asking the idlest, without all rushing to the same one."""
        if len(fit) < 2:
            return fit[0] if fit else None
        first = self._drawn(fit)
        second = self._drawn([each for each in fit if each is not first])
        return first if first.load <= second.load else second

    def _drawn(self, fit: list[Deployment[T]]) -> Deployment[T]:
        point = self._chance() * sum(each.weight for each in fit)
        for each in fit:
            point -= each.weight
            if point < 0:
                return each
        return fit[-1]

    def _all_open(self) -> bool:
        now = self.clock()
        return not any(each.circuit.admits(now) for each in self.all)

    def _check_open(self) -> None:
        if self._all_open():
            raise self._open()

    def _open(self) -> CircuitOpen:
        now = self.clock()
        soonest = min(each.circuit.opens_in(now) for each in self.all)
        return CircuitOpen(
            f"The model '{self.name}' has failed too often and is given a rest; it is tried again in "
            f"{max(1, round(soonest))} s.",
            soonest,
        )

    def _turn_away(self) -> None:
        """Nobody gets a place while the circuits are open: it is told at once."""
        while (place := self._waiting.next()) is not None:
            if not place.done():
                place.set_exception(self._open())

    async def _queued(self, who: str, seconds: float) -> Turn[T]:
        if len(self._waiting) >= self._concurrency.queue:
            raise ProviderBusy(
                f"The model '{self.name}' is busy, and as many requests wait for it as may "
                f"({self._concurrency.queue:,})."
            )
        place, began = self._waiting.join(who), self.clock()
        try:
            async with asyncio.timeout(seconds):
                turn = await place
        except TimeoutError as error:
            self._give_up(who, place)
            raise ProviderBusy(f"The model '{self.name}' was busy for {seconds:.2g} s.") from error
        except asyncio.CancelledError:
            self._give_up(who, place)
            raise
        turn.queued_seconds = self.clock() - began
        return turn

    def _give_up(self, who: str, place: asyncio.Future[Turn[T]]) -> None:
        """It waits no more; a turn that it was given in the same moment goes to the next."""
        self._waiting.leave(who, place)
        if place.done() and not place.cancelled() and place.exception() is None:
            place.result().ended(None)
