"""Asking the same model again: when, how often, and after how long a wait."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from gateway.errors import ProviderError

_MOST = 3  # more tries in a row are hammering, whatever the policy says
_FIRST, _LONGEST = 0.25, 1.0  # seconds of back-off


class Budget:
    """How many retries an upstream may still be given: a tenth of its requests, and a few to begin with.

    Without it, an upstream that is down would get every request several times.
    """

    __slots__ = ("_left", "_most", "_share")

    def __init__(self, most: float = 20.0, share: float = 0.1) -> None:
        self._left = self._most = most
        self._share = share

    def earn(self) -> None:
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True


def pause(tried: int, retry_after: float | None, chance: Callable[[], float]) -> float:
    """Seconds until the next try: what the upstream asks for, else full jitter over a doubling span.

    The jitter is that of the AWS architecture blog, "Exponential Backoff and Jitter" (2015).
    """
    if retry_after is not None:
        return retry_after + 0.1 * chance()
    return chance() * min(_LONGEST, _FIRST * 2.0**tried)


async def with_retries(
    attempt: Callable[[], Awaitable[None]],
    begun: Callable[[], bool],
    *,
    retries: int,
    total: float,
    budget: Budget,
    patience: float = 10.0,
    chance: Callable[[], float] = random.random,
) -> None:
    """Run `attempt`, and again after a retryable ProviderError for as long as nothing has `begun`.

    It gives up, with the last error, after `retries` (at most 3), when the wait would be longer than
    `patience` or go beyond `total` seconds since the start, or when the budget is spent.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + total
    budget.earn()
    for tried in range(min(retries, _MOST) + 1):
        try:
            return await attempt()
        except ProviderError as error:
            wait = pause(tried, error.retry_after, chance)
            last = tried == min(retries, _MOST) or wait > patience or loop.time() + wait >= end
            if begun() or not error.retryable or last or not budget.spend():
                raise
        await asyncio.sleep(wait)
    return None
