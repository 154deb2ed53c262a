"""What a call costs inside this process: the connection pool alone, and the backend on top of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from gateway.backends.http import Endpoint, Pool
from gateway.backends.openai import OpenAICompatible
from gateway.backends.response import Limits
from gateway.labels import clear
from gateway.policy.schema import Model
from gateway.types import ChatRequest, Event, Label, Message
from tests.bench.prompts import bodies
from tests.bench.upstream import EVENTS
from tests.reach import EVERYWHERE

T = TypeVar("T")
_CALLS, _STREAMS, _WORKERS = 6000, 40, 8


async def _cpu(call: Callable[[T], Awaitable[None]], asked: list[T], times: int) -> float:
    """Microseconds of this process's CPU for each call, over eight that run at once."""

    async def worker() -> None:
        for number in range(times // _WORKERS):
            await call(asked[number % len(asked)])

    await call(asked[0])
    before = time.process_time()
    await asyncio.gather(*(worker() for _ in range(_WORKERS)))
    return (time.process_time() - before) / times * 1e6


def _request(body: bytes, stream: bool) -> ChatRequest:
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    messages = msgspec.json.decode(fields["messages"], type=list[msgspec.Raw])
    made = tuple(Message("user", "", bytes(raw)) for raw in messages)
    return ChatRequest("auto", made, {name: bytes(raw) for name, raw in fields.items()}, stream=stream)


async def measure_pool(port: int) -> str:
    """A line for each: the pool, the backend whole, the backend streaming."""
    base = f"http://127.0.0.1:{port}/v1"
    model = Model("bench", "openai-compatible", "bench", base_url=base)
    pool = Pool(EVERYWHERE)
    backend = OpenAICompatible(model, pool)
    endpoint = Endpoint.of("bench", "POST", f"{base}/chat/completions", {"content-type": "application/json"})

    async def bare(body: bytes) -> None:
        response = await pool.send(endpoint, body, Limits())
        await response.read()

    async def emit(event: Event) -> None:
        return None

    async def answered(request: ChatRequest) -> None:
        await backend.answer(clear(request, Label.PUBLIC, model, "model"), emit, model.timeouts)

    pooled = await _cpu(bare, bodies(False), _CALLS)
    full = await _cpu(answered, [_request(body, False) for body in bodies(False)], _CALLS)
    stream = await _cpu(answered, [_request(body, True) for body in bodies(True)], _STREAMS)
    await pool.close()
    return (
        f"pool alone            {pooled:6.1f} µs CPU a call\n"
        f"backend, whole answer {full:6.1f} µs CPU a call\n"
        f"backend, streaming    {(stream - full) / EVENTS:6.1f} µs CPU an event"
    )
