"""When the same model is asked again, and after how long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import (
    CircuitOpen,
    ContextLength,
    ProviderAuthentication,
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from gateway.policy.schema import Model
from gateway.strategies.retry import pause, wait_before

SPEC = Model("m", "openai", "x", retries=2)
DOWN = ProviderUnavailable("down", retryable=True)


def wait(
    error: ProviderError,
    tried: int = 1,
    spec: Model = SPEC,
    *,
    elsewhere: bool = False,
    last: bool = True,
    left: float = 60.0,
) -> float | None:
    return wait_before(error, spec, tried, elsewhere=elsewhere, last=last, left=left, chance=lambda: 1.0)


def test_it_is_asked_as_often_as_the_policy_says_and_never_more_than_four_times() -> None:
    assert [wait(DOWN, tried) is not None for tried in (1, 2, 3)] == [True, True, False]
    often = replace(SPEC, retries=50)
    assert [wait(DOWN, tried, often) is not None for tried in (3, 4)] == [True, False]
    assert wait(DOWN, 1, replace(SPEC, retries=0)) is None


@pytest.mark.parametrize(
    "error",
    [
        ProviderRefused("no"),
        ContextLength("long"),
        ProviderTimeout("silent"),
        ProviderBroken("cut"),
        ProviderAuthentication("key"),
        CircuitOpen("rest", 1.0),
    ],
    ids=lambda error: error.code,
)
def test_a_lone_deployment_is_asked_again_only_where_that_may_help(error: ProviderError) -> None:
    assert wait(error) is None


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ProviderTimeout("silent"), True),
        (ProviderBroken("cut"), True),
        (ProviderAuthentication("key"), True),
        (ProviderOverloaded("busy", retry_after=60.0, seen="503"), True),
        (ProviderRefused("no"), False),
        (ContextLength("long"), False),
        (CircuitOpen("rest", 1.0), False),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_another_deployment_is_asked_at_once_whatever_the_sick_one_wants(
    error: ProviderError, again: bool
) -> None:
    seconds = wait(error, elsewhere=True)
    assert (seconds is not None and seconds < 0.1) is again


def test_only_the_failures_that_the_policy_names_are_repeated() -> None:
    some = replace(SPEC, retry_on=frozenset({"429"}))
    assert wait(ProviderOverloaded("busy", retryable=True, seen="503"), spec=some) is None
    assert wait(ProviderOverloaded("busy", retryable=True, seen="429"), spec=some) is not None


def test_the_upstreams_wait_is_kept_within_our_patience_and_what_is_left() -> None:
    def asks(seconds: float) -> ProviderError:
        return ProviderOverloaded("busy", retry_after=seconds, retryable=True, seen="503")

    assert wait(asks(9.0)) == pytest.approx(9.1)
    assert wait(asks(60.0)) is None
    assert wait(asks(3.0), left=2.0) is None
    assert wait(asks(3.0), last=False) is None, "another model could answer meanwhile"
    assert wait(asks(1.0), last=False) == pytest.approx(1.1)


@pytest.mark.parametrize("tried", [0, 1, 2, 9])
def test_the_back_off_doubles_up_to_a_second(tried: int) -> None:
    assert pause(tried, None, lambda: 1.0) == min(1.0, 0.25 * 2**tried)
    assert pause(tried, None, lambda: 0.0) == 0.0
