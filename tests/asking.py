"""A backend over a pool of its own, asked what the gate has passed."""

from __future__ import annotations

from collections.abc import Callable

from gateway.backends.http import Pool
from gateway.interfaces import ChatModel
from gateway.labels import clear
from gateway.policy.schema import Model
from gateway.types import ChatRequest, Event, Label
from tests.reach import EVERYWHERE


async def events_of(
    backend: Callable[[Model, Pool], ChatModel], model: Model, request: ChatRequest, times: int = 1
) -> list[Event]:
    """What it emits for the request, which is asked so many times; raises as the backend does."""
    events: list[Event] = []

    async def emit(event: Event) -> None:
        events.append(event)

    pool = Pool(EVERYWHERE)
    asked = backend(model, pool)
    try:
        for _ in range(times):
            await asked.answer(clear(request, Label.PUBLIC, model, "model"), emit)
    finally:
        await pool.close()
    return events
