"""Asks one model, through the gate: one of its deployments, and again where that is right."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Protocol

from gateway.deployments.deployments import Deployment, Deployments, Turn
from gateway.errors import ProviderError, ProviderTimeout, SpeaksAnother
from gateway.interfaces import ChatModel
from gateway.labels import Cleared, clear
from gateway.policy.schema import Model
from gateway.strategies.meter import Meter
from gateway.strategies.remote import check_remote
from gateway.strategies.retry import wait_before
from gateway.types import Api, ChatRequest, Event, Timeouts, Tried, Usage


class Held(Protocol):
    """Where events of a try go: `drop` takes back what has not `left`."""

    left: bool

    async def __call__(self, event: Event) -> None: ...
    def drop(self) -> None: ...


Ask = Callable[[ChatRequest, Held], Coroutine[Any, Any, None]]
"""Asks a model; raises NotCleared where the label is above its clearance, RemoteTools, ProviderError."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What the calls of one request share: who asks, when all of it has to end, and whether it is free.

    `until` is a time of the event loop's clock; None: only the models' own limits hold.
    """

    caller: str = ""
    until: float | None = None
    free: bool = False


def call(spec: Model, model: Deployments[ChatModel], asking: Asking = Asking(), last: bool = True) -> Ask:
    """What asks `model`, and notes each try, however it ends; `last`: no other model is asked after it.

    A model that has no words for what is asked is not asked.
    """

    async def ask(request: ChatRequest, held: Held) -> None:
        if request.keep and model.several:  # whichever it were that kept it, the next may not find it
            request = replace(request, keep=False)
        passed = clear(request, request.label, spec, "model")
        check_remote(spec, request)
        if request.only and request.api not in spec.speaks:
            asked_in = Api.CHAT if Api.CHAT in spec.speaks else spec.speaks[0]
            raise SpeaksAnother(spec.name, asked_in.in_words, request.only)
        await _Tries(spec, model, asking, last, passed, held).run()

    return ask


class _Tries:
    """One request to one model: its tries, one after the other."""

    __slots__ = ("_asking", "_end", "_held", "_last", "_loop", "_model", "_passed", "_spec")

    def __init__(
        self,
        spec: Model,
        model: Deployments[ChatModel],
        asking: Asking,
        last: bool,
        passed: Cleared[ChatRequest],
        held: Held,
    ) -> None:
        self._spec, self._model, self._asking, self._last = spec, model, asking, last
        self._passed, self._held = passed, held
        self._loop = asyncio.get_running_loop()
        end = self._loop.time() + spec.timeouts.total
        self._end = end if asking.until is None else min(end, asking.until)

    async def run(self) -> None:
        self._model.budget.earn()
        tried: list[Deployment[ChatModel]] = []
        while True:
            turn = await self._turn(tried)
            try:
                return await self._once(turn, bool(tried))
            except ProviderError as error:
                tried.append(turn.deployment)
                wait = self._wait(error, tried)
                if wait is None:
                    raise
            self._held.drop()
            await asyncio.sleep(wait)

    @property
    def _left(self) -> float:
        return self._end - self._loop.time()

    async def _turn(self, tried: list[Deployment[ChatModel]]) -> Turn[ChatModel]:
        """Raises CircuitOpen, ProviderBusy, ProviderTimeout: noted, since nobody else knows of it."""
        began, left = self._loop.time(), self._left
        try:
            if left <= 0:
                raise ProviderTimeout(f"There was no time left to ask the model '{self._spec.name}'.")
            return await self._model.turn(self._asking.caller, tried, left)
        except ProviderError as error:
            seconds = self._loop.time() - began
            await self._held(Tried(self._spec.name, error.code, Usage(), seconds, queued_seconds=seconds))
            raise

    async def _once(self, turn: Turn[ChatModel], again: bool) -> None:
        """One try; it is noted, and its deployment told how it went, whatever happens."""
        meter = Meter(self._spec.name, self._passed.value, self._held, turn)
        outcome, failed = "hung_up", None
        try:
            await turn.deployment.serves.answer(self._passed, meter, self._timeouts())
            outcome, failed = "ok", False
        except ProviderError as error:
            outcome, failed = error.code, error.sick
            raise
        finally:
            turn.ended(failed)
            await self._held(meter.tried(outcome, again, self._asking.free))

    def _timeouts(self) -> Timeouts:
        """Those of the model, with what is left of the total."""
        limits = self._spec.timeouts
        return Timeouts(limits.connect, limits.first_token, limits.idle, max(0.0, self._left))

    def _wait(self, error: ProviderError, tried: list[Deployment[ChatModel]]) -> float | None:
        """Seconds until the next try; None: there is none."""
        if self._held.left:
            return None
        wait = wait_before(
            error,
            self._spec,
            len(tried),
            elsewhere=self._model.others(tried),
            last=self._last,
            left=self._left,
            chance=random.random,
        )
        return wait if wait is not None and self._model.budget.spend() else None
