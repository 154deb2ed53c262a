"""Which deployment a request gets, who waits for one, and who is turned away."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from gateway.deployments.circuit import Breaker, State
from gateway.deployments.deployments import Concurrency, Deployment, Deployments, Turn
from gateway.errors import CircuitOpen, ProviderBusy

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Now:
    """A clock that goes on when it is told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def deployments(
    *weights: float, concurrency: Concurrency = Concurrency(), clock: Now | None = None
) -> Deployments[str]:
    named = [
        Deployment(f"d{n}", f"serves{n}", weight, Breaker()) for n, weight in enumerate(weights or (1.0,))
    ]
    return Deployments("m", named, concurrency, clock=clock or Now(), chance=random.Random(7).random)


async def taken(model: Deployments[str], who: str = "a", seconds: float = 1.0) -> Turn[str]:
    return await model.turn(who, (), seconds)


async def fail(model: Deployments[str], times: int = 5) -> None:
    for _ in range(times):
        (await taken(model)).ended(True)


async def test_requests_are_spread_by_weight() -> None:
    model, got = deployments(3.0, 1.0), Counter[str]()
    for _ in range(400):
        turn = await taken(model)
        got[turn.deployment.name] += 1
        turn.ended(False)
    assert 270 < got["d0"] < 330


async def test_whoever_has_less_to_do_is_asked() -> None:
    model = deployments(1.0, 1.0)
    turns = [await taken(model) for _ in range(10)]
    assert Counter(turn.deployment.name for turn in turns) == {"d0": 5, "d1": 5}


async def test_a_retry_goes_to_another_where_there_is_one() -> None:
    model = deployments(1.0, 1.0)
    first = await taken(model)
    assert model.others([first.deployment])
    second = await model.turn("a", [first.deployment], 1.0)
    assert second.deployment is not first.deployment
    assert not model.others([first.deployment, second.deployment])


async def test_a_lone_deployment_that_fails_is_given_a_rest_and_told_when_it_is_over() -> None:
    clock = Now()
    model = deployments(clock=clock)
    await fail(model)
    with pytest.raises(CircuitOpen) as caught:
        await taken(model)
    assert (caught.value.http_status, caught.value.headers["retry-after"]) == (503, "1")
    clock.seconds += 1
    probe = await taken(model)
    with pytest.raises(CircuitOpen):
        await taken(model)
    probe.answers()
    assert [each.state for each in model.health()] == [State.CLOSED]
    (await taken(model)).ended(False)


async def test_one_that_is_given_a_rest_gets_nothing_while_another_is_well() -> None:
    model = deployments(1.0, 1.0)
    for _ in range(5):
        turn = await model.turn("a", [model.all[1]], 1.0)
        turn.ended(True)
    assert {(await taken(model)).deployment.name for _ in range(20)} == {"d1"}


async def test_more_than_the_limit_wait_in_turns_among_callers() -> None:
    model, served = deployments(concurrency=Concurrency(limit=1)), list[str]()

    async def ask(who: str) -> None:
        turn = await taken(model, who)
        served.append(who)
        await asyncio.sleep(0)
        turn.ended(False)

    asked = [asyncio.create_task(ask(who)) for who in ("a", "a", "a", "b")]
    await asyncio.gather(*asked)
    assert served == ["a", "a", "b", "a"]
    assert [each.outstanding for each in model.health()] == [0]


async def test_the_queue_and_the_wait_are_bounded() -> None:
    model = deployments(concurrency=Concurrency(limit=1, queue=1, wait=0.02))
    held = await taken(model)
    waits = asyncio.create_task(taken(model))
    await asyncio.sleep(0)
    with pytest.raises(ProviderBusy, match="as many requests wait"):
        await taken(model)
    with pytest.raises(ProviderBusy, match="busy for"):
        await waits
    assert model.waiting == 0
    held.ended(False)
    (await taken(model)).ended(False)


async def test_a_caller_that_leaves_the_queue_gives_its_place_up() -> None:
    model = deployments(concurrency=Concurrency(limit=1))
    held = await taken(model)
    waits, next_ = asyncio.create_task(taken(model)), asyncio.create_task(taken(model))
    await asyncio.sleep(0)
    held.ended(False)  # the first is given the turn, and leaves in the same moment
    waits.cancel()
    turn = await next_
    turn.ended(False)
    assert [each.outstanding for each in model.health()] == [0]


async def test_whoever_waits_is_told_at_once_when_the_circuit_opens() -> None:
    model = deployments(concurrency=Concurrency(limit=1))
    await fail(model, 4)
    held = await taken(model)
    waits = asyncio.create_task(taken(model, seconds=60.0))
    await asyncio.sleep(0)
    held.ended(True)
    with pytest.raises(CircuitOpen):
        await waits
