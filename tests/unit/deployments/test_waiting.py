"""Whose turn it is."""

from __future__ import annotations

import asyncio

import pytest

from gateway.deployments.waiting import Waiting

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_callers_take_turns_and_each_keeps_its_own_order() -> None:
    waiting: Waiting[str] = Waiting()
    places = {name: waiting.join(name[0]) for name in ("a1", "a2", "a3", "b1", "c1")}
    served: list[str] = []
    while (place := waiting.next()) is not None:
        served += [name for name, own in places.items() if own is place]
    assert served == ["a1", "b1", "c1", "a2", "a3"]


async def test_whoever_leaves_is_passed_over() -> None:
    waiting: Waiting[str] = Waiting()
    first, second = waiting.join("a"), waiting.join("a")
    waiting.leave("a", first)
    assert len(waiting) == 1
    assert waiting.next() is second
    waiting.leave("a", asyncio.get_running_loop().create_future())
    assert (len(waiting), waiting.next()) == (0, None)
