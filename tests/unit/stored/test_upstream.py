"""A response is deleted by the upstream that keeps it, as well as that can be done."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from gateway.deployments.circuit import Breaker
from gateway.deployments.deployments import Deployment, Deployments
from gateway.errors import ProviderUnavailable
from gateway.inbound import InForce
from gateway.labels import Cleared
from gateway.policy.schema import Model, Policy
from gateway.stored.upstream import forget_upstream
from gateway.types import KeptResponse, Label

NATIVE = Model("native", "openai", "gpt-x")


class Holding:
    """A model, and the parts whose models it all serves, each with so many deployments."""

    def __init__(self, error: Exception | None = None, deployments: int = 1) -> None:
        self.asked: list[str] = []
        self._error, self._deployments = error, deployments

    async def forget(self, id_: Cleared[str]) -> None:
        self.asked.append(id_.value)
        if self._error:
            raise self._error

    def model(self, name: str) -> Any:
        return Deployments(name, [Deployment(name, self, 1.0, Breaker()) for _ in range(self._deployments)])


class Plain:
    def model(self, name: str) -> Any:
        return Deployments.of(name, self)


def forget(parts: Any, upstream: str = NATIVE.upstream, id_: str = "r1") -> None:
    kept = KeptResponse(id_, "app", upstream, True, Label.RESTRICTED, Label.RESTRICTED, (), b"", 60.0)
    force = InForce(Policy("r", {"native": NATIVE}, ()), parts, {})
    asyncio.run(forget_upstream(kept, force))


def test_whoever_holds_it_is_told_whatever_its_clearance_is_by_now() -> None:
    holding = Holding()
    forget(holding)
    assert holding.asked == ["r1"]


def test_nobody_is_told_who_is_not_in_the_policy_any_more_or_holds_nothing() -> None:
    holding = Holding()
    forget(holding, replace(NATIVE, base_url="http://moved.example").upstream)
    assert holding.asked == []
    forget(Plain())


def test_of_several_deployments_none_was_told_to_keep_it_and_none_is_told_to_delete_it() -> None:
    holding = Holding(deployments=2)
    forget(holding)
    assert holding.asked == []


@pytest.mark.parametrize("id_", ["..", "../models", "a\r\nb", "", "é"], ids=repr)
def test_an_id_that_is_more_than_a_name_in_a_path_is_told_nobody(id_: str) -> None:
    holding = Holding()
    forget(holding, id_=id_)
    assert holding.asked == []


def test_a_failure_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="pointsman.responses"):
        forget(Holding(ProviderUnavailable("model 'native' failed (500)")))
    assert "model 'native' failed (500)" in caplog.text
    assert "r1" not in caplog.text
