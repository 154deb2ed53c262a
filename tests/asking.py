"""A backend asked as the flow asks it: through the gate, again where that is right, its first events held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.backends.http import Pool
from gateway.deployments.deployments import Deployments
from gateway.interfaces import ChatModel, Emit
from gateway.policy.schema import Model
from gateway.strategies.call import call
from gateway.strategies.hold import Hold
from gateway.types import Answer, ChatRequest, Delta, Event
from tests.reach import EVERYWHERE


async def put_to(backend: ChatModel, model: Model, request: ChatRequest, emit: Emit) -> None:
    """Gives `emit` what the backend says, without notes; raises as the strategy does."""

    async def said(event: Event) -> None:
        if isinstance(event, Delta | Answer):
            await emit(event)

    hold = Hold(said)
    await call(model, Deployments.of(model.name, backend))(request, hold)
    await hold.finish()


async def events_of(
    backend: Callable[[Model, Pool], ChatModel],
    model: Model,
    request: ChatRequest,
    times: int = 1,
    pause: float = 0.0,
) -> list[Event]:
    """What it emits over a pool of its own for the request; asked so many times, `pause` seconds apart."""
    events: list[Event] = []

    async def emit(event: Event) -> None:
        events.append(event)

    pool = Pool(EVERYWHERE)
    asks = backend(model, pool)
    try:
        for _ in range(times):
            await put_to(asks, model, request, emit)
            await asyncio.sleep(pause)
    finally:
        await pool.close()
    return events
