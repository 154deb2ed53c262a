"""Whether something listens."""

from __future__ import annotations

import asyncio

from gateway.backends.probe import probe, probe_now
from tests.upstream import Upstream


def test_a_server_that_is_there_is_seen_and_one_that_is_not_is_not() -> None:
    with Upstream() as up:
        assert asyncio.run(probe(up.url))
        assert probe_now(up.url)
    assert not asyncio.run(probe(up.url))
    assert not probe_now(up.url)


def test_a_name_that_does_not_exist_is_not_there() -> None:
    for url in ("http://nobody.invalid/v1", "not a url"):
        assert not asyncio.run(probe(url))
        assert not probe_now(url)
