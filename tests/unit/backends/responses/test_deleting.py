"""An upstream deletes a response that it keeps, or says why not."""

from __future__ import annotations

import asyncio

import pytest

from gateway.backends.http import Pool
from gateway.backends.openai import OpenAICompatible
from gateway.errors import ProviderAuthentication, ProviderUnavailable
from gateway.labels import clear
from gateway.policy.schema import Model
from gateway.types import Label
from tests.reach import EVERYWHERE
from tests.upstream import Recorded, Reply, Upstream, failure


def forget(reply: Reply, id_: str = "resp_1") -> list[Recorded]:
    async def told(url: str) -> None:
        pool = Pool(EVERYWHERE)
        model = Model("native", "openai", "gpt-x", base_url=url, api_key="key")
        try:
            await OpenAICompatible(model, pool).forget(clear(id_, Label.PUBLIC, model, "model"))
        finally:
            await pool.close()

    with Upstream(reply) as up:
        asyncio.run(told(up.url))
        return up.requests


def test_it_is_asked_with_the_gateways_own_key() -> None:
    (request,) = forget(Reply(json={"deleted": True}))
    assert (request.method, request.path) == ("DELETE", "/v1/responses/resp_1")
    assert request.headers["authorization"] == "Bearer key"


def test_what_is_not_there_is_gone() -> None:
    assert len(forget(failure(404))) == 1


def test_an_id_stays_within_its_path() -> None:
    (request,) = forget(Reply(json={}), "../files?x=1#")
    assert request.path == "/v1/responses/..%2Ffiles%3Fx%3D1%23"


def test_a_failure_is_told() -> None:
    with pytest.raises(ProviderAuthentication):
        forget(failure(401))
    with pytest.raises(ProviderUnavailable):
        forget(failure(500))
