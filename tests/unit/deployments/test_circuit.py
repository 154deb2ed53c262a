"""When a circuit opens, whom it lets through then, and when it closes."""

from __future__ import annotations

import pytest

from gateway.deployments.circuit import Breaker, Circuit, State

FAST = Breaker(failures=3, share=0.5, of=10, within=10.0, rest=1.0, longest=4.0)


def after(*outcomes: bool | None, now: float = 0.0) -> Circuit:
    """A circuit whose requests have ended so (True: failed)."""
    circuit = Circuit(FAST)
    for failed in outcomes:
        circuit.ended(failed, circuit.sent(), now)
    return circuit


def test_it_opens_after_failures_in_a_row_and_a_success_between_them_counts() -> None:
    assert after(True, True).state(0) is State.CLOSED
    assert after(True, True, False, True, True).state(0) is State.CLOSED
    assert after(True, True, True).state(0) is State.OPEN


def test_it_opens_once_half_of_the_last_requests_failed_but_not_of_a_few() -> None:
    assert after(*[True, False] * 4).state(0) is State.CLOSED
    assert after(*[False, True] * 5).state(0) is State.OPEN


def test_what_failed_long_ago_counts_no_more() -> None:
    circuit = after(*[True, False] * 4)
    for _ in range(4):
        circuit.ended(False, circuit.sent(), 20.0)
        circuit.ended(True, circuit.sent(), 20.0)
    assert circuit.state(20.0) is State.CLOSED


def test_a_caller_that_leaves_says_nothing_of_the_deployment() -> None:
    assert after(True, True, None, None, None).state(0) is State.CLOSED


def test_open_it_admits_nobody_and_then_one_at_a_time() -> None:
    circuit = after(True, True, True)
    assert not circuit.admits(0.9)
    assert circuit.admits(1.0)
    assert circuit.state(1.0) is State.HALF_OPEN
    assert circuit.sent()
    assert not circuit.admits(1.0)
    assert circuit.opens_in(1.0) == 1.0


def test_a_probe_that_succeeds_closes_it() -> None:
    circuit = after(True, True, True)
    circuit.ended(False, circuit.sent(), 1.0)
    assert circuit.state(1.0) is State.CLOSED
    assert circuit.admits(1.0)


def test_a_probe_that_fails_doubles_the_rest_up_to_the_longest() -> None:
    circuit, now, rests = after(True, True, True), 1.0, []
    for _ in range(4):
        circuit.ended(True, circuit.sent(), now)
        rests.append(circuit.opens_in(now))
        now += rests[-1]
    assert rests == [2.0, 4.0, 4.0, 4.0]


def test_a_probe_whose_caller_left_lets_the_next_one_try() -> None:
    circuit = after(True, True, True)
    circuit.ended(None, circuit.sent(), 1.0)
    assert circuit.admits(1.0)


@pytest.mark.parametrize("failed", [True, False])
def test_what_was_sent_before_it_opened_is_old_news(failed: bool) -> None:
    circuit = after(True, True, True)
    circuit.ended(failed, False, 0.5)
    assert (circuit.state(0.5), circuit.opens_in(0.5)) == (State.OPEN, 0.5)


def test_the_usual_breaker_closes_within_thirty_seconds_of_recovery() -> None:
    assert Breaker().longest <= 30
