"""A policy edit takes effect without a restart; a broken edit does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.folder import KEY, policy_folder
from tests.running import Gateway
from tests.upstream import Reply, Upstream

ROUTE = '  - name: {name}\n    when: \'request.metadata["tier"] == "gold"\'\n    model: small\n'


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream(Reply("fine")) as upstream:
        yield upstream


def route_of(gateway: Gateway) -> str:
    reply = httpx.post(
        gateway.url + "/v1/chat/completions",
        json={"model": "auto", "messages": [{"role": "user", "content": "x"}], "metadata": {"tier": "gold"}},
        headers={"authorization": f"Bearer {KEY}"},
    )
    assert reply.status_code == 200
    return reply.headers["x-pointsman-route"]


def test_an_edit_takes_effect_and_a_broken_one_leaves_the_last_good_one_serving(
    up: Upstream, tmp_path: Path
) -> None:
    folder = policy_folder(tmp_path / "policies", up.url)
    with Gateway(folder, tmp_path / "data") as gateway:
        assert route_of(gateway) == "everything-else"

        policy_folder(folder, up.url, extra=ROUTE.format(name="gold"))
        gateway.until(lambda: route_of(gateway) == "gold", "reloaded", 5)
        assert gateway.metric("pointsman_policy_reloads_total", result="loaded") == 1

        policy_folder(folder, up.url, extra=ROUTE.format(name="gold").replace("metadata", "metdata"))
        gateway.until(lambda: gateway.metric("pointsman_policy_last_reload_successful") == 0, "refused", 5)
        assert route_of(gateway) == "gold"
        state = json.loads(gateway.get("/readyz")[1])
        assert "policy.yaml:" in state["policy"]["last_reload_error"]
        assert "metadata" in state["policy"]["last_reload_error"]

        policy_folder(folder, up.url, extra=ROUTE.format(name="golden"))
        gateway.until(lambda: route_of(gateway) == "golden", "mended", 5)
        assert gateway.metric("pointsman_policy_last_reload_successful") == 1


def test_a_folder_with_mistakes_does_not_start_and_every_mistake_is_said(
    up: Upstream, tmp_path: Path
) -> None:
    folder = policy_folder(tmp_path / "policies", up.url, extra="  - {name: a, model: smal}\n  - {nam: b}\n")
    with pytest.raises(AssertionError) as failed, Gateway(folder, tmp_path / "data"):
        pass
    assert "policy.yaml:" in str(failed.value)
    assert "small" in str(failed.value)


def test_a_gateway_open_to_anyone_refuses_to_listen_beyond_this_machine(up: Upstream, tmp_path: Path) -> None:
    folder = policy_folder(tmp_path / "policies", up.url)
    text = (folder / "policy.yaml").read_text()
    start, end = text.index("callers:"), text.index("guards:")
    (folder / "policy.yaml").write_text(text[:start] + text[end:])
    with (
        pytest.raises(AssertionError, match="names no callers"),
        Gateway(folder, tmp_path / "data", "--host", "0.0.0.0"),
    ):
        pass


def test_callers_that_vanish_do_not_open_a_running_gateway(up: Upstream, tmp_path: Path) -> None:
    folder = policy_folder(tmp_path / "policies", up.url)
    text = (folder / "policy.yaml").read_text()
    with Gateway(folder, tmp_path / "data") as gateway:
        start, end = text.index("callers:"), text.index("guards:")
        (folder / "policy.yaml").write_text(text[:start] + text[end:])
        gateway.until(lambda: gateway.metric("pointsman_policy_last_reload_successful") == 0, "refused", 5)
        body = {"model": "auto", "messages": [{"role": "user", "content": "x"}]}
        assert httpx.post(gateway.url + "/v1/chat/completions", json=body).status_code == 401


def test_a_knowledge_base_without_documents_says_so_and_serves(up: Upstream, tmp_path: Path) -> None:
    folder = policy_folder(tmp_path / "policies", up.url)
    (folder / "terms.yaml").write_text("knowledge: [{name: terms, documents: term/*.md}]\n")
    with Gateway(folder, tmp_path / "data") as gateway:

        def state() -> dict[str, Any]:
            told: dict[str, Any] = json.loads(gateway.get("/readyz")[1])
            return told

        gateway.until(lambda: state()["dependencies"]["knowledge terms"] == "ready, no documents", "told", 10)
        assert state()["status"] == "degraded"
        assert route_of(gateway) == "everything-else"
        assert "terms.yaml:1:38: 'term/*.md' names no document" in "\n".join(gateway.log)
