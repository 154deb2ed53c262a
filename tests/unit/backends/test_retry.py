"""When the same model is asked again."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from gateway.backends.retry import Budget, pause, with_retries
from gateway.errors import ProviderError, ProviderOverloaded, ProviderRefused, ProviderUnavailable

DOWN = ProviderUnavailable("down", retryable=True)


def tries(
    *outcomes: ProviderError | None,
    retries: int = 3,
    begun: bool = False,
    total: float = 5,
    budget: Budget | None = None,
) -> int:
    """How often it was tried; the last outcome repeats."""
    count = 0

    async def attempt() -> None:
        nonlocal count
        count += 1
        outcome = outcomes[min(count, len(outcomes)) - 1]
        if outcome is not None:
            raise outcome

    async def run() -> None:
        await with_retries(
            attempt,
            lambda: begun,
            retries=retries,
            total=total,
            budget=budget or Budget(),
            chance=lambda: 0.01,
        )

    with contextlib.suppress(ProviderError):
        asyncio.run(run())
    return count


def test_it_is_tried_until_it_works() -> None:
    assert tries(DOWN, DOWN, None) == 3


def test_it_is_tried_as_often_as_the_policy_says_and_never_more_than_four_times() -> None:
    assert tries(DOWN, retries=0) == 1
    assert tries(DOWN, retries=2) == 3
    assert tries(DOWN, retries=50) == 4


def test_what_is_not_retryable_or_has_begun_is_not_tried_again() -> None:
    assert tries(ProviderRefused("no")) == 1
    assert tries(DOWN, begun=True) == 1


def test_the_upstreams_wait_is_kept_within_the_total_and_our_patience() -> None:
    started = time.monotonic()
    assert tries(ProviderOverloaded("busy", retry_after=0.3, retryable=True), None) == 2
    assert time.monotonic() - started >= 0.3
    assert tries(ProviderOverloaded("busy", retry_after=60, retryable=True), total=300) == 1
    assert tries(ProviderOverloaded("busy", retry_after=3, retryable=True), total=2) == 1


def test_an_upstream_that_stays_down_soon_gets_each_request_once() -> None:
    budget = Budget(most=5)
    assert sum(tries(DOWN, budget=budget) for _ in range(20)) < 20 + 5 + 3


@pytest.mark.parametrize("tried", [0, 1, 2, 9])
def test_the_back_off_doubles_up_to_a_second(tried: int) -> None:
    assert pause(tried, None, lambda: 1.0) == min(1.0, 0.25 * 2**tried)
    assert pause(tried, None, lambda: 0.0) == 0.0
