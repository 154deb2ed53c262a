"""How many retries there are to spend."""

from __future__ import annotations

from gateway.deployments.budget import RetryBudget


def test_there_are_a_few_to_begin_with_and_then_a_share_of_the_requests() -> None:
    budget = RetryBudget(share=0.1, most=5)
    assert [budget.spend() for _ in range(6)] == [True] * 5 + [False]
    for _ in range(11):
        budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]


def test_no_share_is_no_retry() -> None:
    assert not RetryBudget(share=0.0).spend()
