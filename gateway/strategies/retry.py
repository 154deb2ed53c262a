"""When a model is asked again, and after how long a wait: pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.errors import ProviderError
from gateway.policy.schema import Model

MOST = 3  # more tries in a row are hammering, whatever the policy says
_FIRST, _LONGEST = 0.25, 1.0  # seconds of back-off
_PATIENCE = 10.0  # seconds that an upstream may ask for
_PATIENCE_WITH_ANOTHER = 2.0  # where another model could answer meanwhile


def wait_before(
    error: ProviderError,
    spec: Model,
    tried: int,
    *,
    elsewhere: bool,
    last: bool,
    left: float,
    chance: Callable[[], float],
) -> float | None:
    """Seconds until the model is asked again; None: it is not.

    It was asked `tried` times. `elsewhere`: another deployment is there to be asked. `last`: no other model
    could answer. `left` seconds may all of it take.
    """
    if tried > min(spec.retries, MOST) or error.seen not in spec.retry_on:
        return None
    if elsewhere and error.sick:
        wait = chance() * _FIRST / 5  # another machine: only so that not all come at the same moment
    elif error.retryable:
        wait = pause(tried - 1, error.retry_after, chance)
    else:
        return None
    patience = _PATIENCE if last else _PATIENCE_WITH_ANOTHER
    return wait if wait <= patience and wait < left else None


def pause(tried: int, retry_after: float | None, chance: Callable[[], float]) -> float:
    """Seconds until the next try: what the upstream asks for, else full jitter over a doubling span.

    The jitter is that of the AWS architecture blog, "Exponential Backoff and Jitter" (2015).
    """
    if retry_after is not None:
        return retry_after + 0.1 * chance()
    return chance() * min(_LONGEST, _FIRST * 2.0**tried)
