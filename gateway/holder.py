"""Holds the policy in force with the parts built for it, and swaps both when the folder changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

from gateway.accounting.cost import packaged_prices, prices_of
from gateway.accounting.metrics import Metrics
from gateway.api.endpoint import Lease
from gateway.inbound import InForce
from gateway.parts import BuiltParts, PartsBuilder
from gateway.policy.mistakes import Mistake, PolicyMistakes
from gateway.policy.schema import Policy, Price

_log = logging.getLogger("pointsman.policy")
SETTLE_SECONDS = 10.0  # that a new policy's parts get to be ready before it comes into force


class _Held:
    """A policy in force, and how many requests still run under it."""

    def __init__(self, force: InForce, parts: BuiltParts) -> None:
        self.force, self.parts = force, parts
        self.requests = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def take(self) -> None:
        self.requests += 1
        self.idle.clear()

    def give_back(self) -> None:
        self.requests -= 1
        if not self.requests:
            self.idle.set()


class Holder:
    """`load` reads the folder whole; `fingerprint` tells cheaply whether it has changed.

    The folder is looked at `every` so many seconds; a change is read once two looks in a row see the same.
    """

    def __init__(
        self,
        policy: Policy,
        load: Callable[[], Policy],
        fingerprint: Callable[[], str],
        builder: PartsBuilder,
        metrics: Metrics,
        every: float,
    ) -> None:
        self._load, self._fingerprint, self._every = load, fingerprint, every
        self._told = asyncio.Event()
        self._builder, self._metrics = builder, metrics
        self._packaged: Mapping[str, Price] = packaged_prices()
        self._seen = self._settled = fingerprint()
        self._replaced: list[_Held] = []  # and requests still run under them
        self._retiring: set[asyncio.Task[None]] = set()
        self.error: str | None = None
        self._held = self._hold(policy, None)
        self._tell(policy, policy.warnings)  # what is out of service stands in the banner

    def current(self) -> InForce:
        return self._held.force

    def lease(self) -> Lease:
        held = self._held
        return Lease(held.force, held.take, held.give_back)

    def states(self) -> dict[str, str]:
        """Each dependency: ready, loading, or what is wrong with it."""
        return self._held.parts.states()

    def look(self) -> None:
        """Read the folder now, changed or not, and the documents: what it names may be another, too."""
        self._told.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Starts the parts and watches the folder; closes everything at the end."""
        self._metrics.watch_tasks(asyncio.get_running_loop())
        self._metrics.watch_upstreams(lambda: self._held.parts.upstreams())
        await self._held.parts.start()
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
            for held in self._replaced:
                held.idle.set()  # no request runs any more
            await asyncio.gather(*self._retiring)
            await self._held.parts.close()
            await self._builder.close()

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._told.wait()
            told = self._told.is_set()
            self._told.clear()
            try:
                await self._look(told)
            except Exception:
                _log.exception("The policy folder could not be watched; trying again")

    async def _look(self, told: bool) -> None:
        before, self._seen = self._seen, await asyncio.to_thread(self._fingerprint)
        settled = self._seen == before and self._seen != self._settled
        if told or settled:
            await self._read()
        if told:
            self._held.parts.refresh()

    async def _read(self) -> None:
        """Reads the folder and puts it in force; one that was written to meanwhile waits for a later look."""
        policy = await self._loaded()
        if await asyncio.to_thread(self._fingerprint) != self._seen:
            return
        self._settled = self._seen
        fresh = policy if isinstance(policy, str) else self._built(policy)
        if isinstance(fresh, str):
            self._refuse(fresh)
        else:
            await self._swap(fresh)

    async def _loaded(self) -> Policy | str:
        """The folder's policy, or what is wrong with it."""
        try:
            policy = await asyncio.to_thread(self._load)
            self._check_callers(policy)
        except Exception as error:
            return _wrong(error)
        return policy

    def _built(self, policy: Policy) -> _Held | str:
        try:
            return self._hold(policy, self._held.parts)
        except Exception as error:
            return _wrong(error)

    def _check_callers(self, policy: Policy) -> None:
        """Callers never go away unnoticed: without any, everybody who reaches the gateway would be served."""
        before = self.current().policy
        if before.callers and not policy.callers:
            name = before.callers[0].caller.name
            place = before.places.get(("caller", name), ("callers", 1, 1))
            said = "no callers are left, which would open the gateway to everyone"
            raise PolicyMistakes([Mistake(*place, said, "keep one, or start the gateway anew")])

    def _refuse(self, error: str) -> None:
        self.error = error
        self._metrics.policy_ok.set(0)
        self._metrics.reloads.labels("refused").inc()
        revision = self.current().policy.revision
        _log.error("The policy folder has mistakes; revision %s goes on serving:\n%s", revision, error)

    async def _swap(self, fresh: _Held) -> None:
        """The policy before goes on serving until what is new in this one is ready, so that nobody waits."""
        try:
            await fresh.parts.start()
            await fresh.parts.settle(SETTLE_SECONDS)
        except asyncio.CancelledError:
            await fresh.parts.close(keep=self._used())
            raise
        old, self._held = self._held, fresh
        self.error = None
        policy = fresh.force.policy
        self._tell(policy, (*policy.warnings, *policy.notes))
        self._metrics.reloads.labels("loaded").inc()
        _log.info("Policy %s is in force", policy.revision)
        self._replaced.append(old)
        retiring = asyncio.create_task(self._retire(old))
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)

    async def _retire(self, old: _Held) -> None:
        """Closes what only the old policy used, once its last request has ended."""
        await old.idle.wait()
        self._replaced.remove(old)
        await old.parts.close(keep=self._used())
        self._metrics.forget()

    def _used(self) -> list[BuiltParts]:
        """The parts that requests may use: of the policy in force, and of those before it that have some."""
        return [held.parts for held in (self._held, *self._replaced)]

    def _hold(self, policy: Policy, previous: BuiltParts | None) -> _Held:
        parts = self._builder.build(policy, previous)
        prices = prices_of(policy.models.values(), self._packaged)
        return _Held(InForce(policy, parts, prices), parts)

    def _tell(self, policy: Policy, said: Iterable[object]) -> None:
        self._metrics.policy_ok.set(1)
        self._metrics.policy_info.clear()
        self._metrics.policy_info.labels(policy.revision).set(1)
        self._metrics.know(_names(policy))
        for one in said:
            _log.warning("%s", one)


def _wrong(error: Exception) -> str:
    if isinstance(error, PolicyMistakes | OSError):
        return str(error)
    _log.error("The policy folder could not be read", exc_info=error)
    return f"the folder could not be read ({type(error).__name__}): see the log"


def _names(policy: Policy) -> list[str]:
    """What metrics may say."""
    teams = (known.caller.team for known in policy.callers)
    tools = (tool for source in policy.tools.values() for tool in source.allow or ())
    routes = (route.name for route in policy.routes)
    guards = (guard.name for guard in policy.guards)
    return [*policy.models, *policy.knowledge, *policy.tools, *routes, *guards, *teams, *tools]
