"""Something listens, or nothing does."""

from __future__ import annotations

from gateway.backends.probe import probe_now
from gateway.reach import Reach
from tests.reach import EVERYWHERE
from tests.upstream import Upstream


def test_a_listening_server_is_told_from_a_closed_port() -> None:
    with Upstream() as up:
        assert probe_now(up.url, EVERYWHERE)
    assert not probe_now(up.url, EVERYWHERE)


def test_a_name_that_resolves_to_nothing_is_not_there() -> None:
    for url in ("http://nobody.invalid/v1", "not a url", f"http://{'a' * 70}.example/v1"):
        assert not probe_now(url, EVERYWHERE)


def test_what_may_not_be_connected_to_is_not_probed() -> None:
    with Upstream() as up:
        assert not probe_now(up.url, Reach())
        assert up.connections == 0
