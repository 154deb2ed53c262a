"""A policy reaches what the operator's flags allow, at start, at a reload and at each connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.folder import KEY, policy_folder
from tests.running import Gateway
from tests.upstream import Reply, Upstream

METADATA = "http://169.254.169.254/v1"


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream(Reply("fine")) as upstream:
        yield upstream


def ask(gateway: Gateway) -> int:
    body = {"model": "auto", "messages": [{"role": "user", "content": "x"}]}
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx.post(gateway.url + "/v1/chat/completions", json=body, headers=headers).status_code


def test_without_a_flag_an_address_of_this_machine_is_a_mistake_at_its_place(
    up: Upstream, tmp_path: Path
) -> None:
    folder = policy_folder(tmp_path / "policies", up.url)
    with pytest.raises(AssertionError) as failed, Gateway(folder, tmp_path / "data", reach=()):
        pass
    said = str(failed.value)
    assert "policy.yaml:4:15: 127.0.0.1 is a loopback address" in said
    assert "--allow-private 127.0.0.1" in said
    assert up.connections == 0


def test_the_flag_is_a_variable_too_and_a_name_leads_to_its_allowed_address_only(
    up: Upstream, tmp_path: Path
) -> None:
    folder = policy_folder(tmp_path / "policies", f"http://localhost:{up.port}/v1")
    allowed = {"POINTSMAN_ALLOW_PRIVATE": "10.0.0.0/8, 127.0.0.1"}
    with Gateway(folder, tmp_path / "data", reach=(), environment=allowed) as gateway:
        assert ask(gateway) == 200


def test_a_reload_that_names_a_metadata_service_is_refused_whatever_is_allowed(
    up: Upstream, tmp_path: Path
) -> None:
    folder = policy_folder(tmp_path / "policies", up.url)
    with Gateway(folder, tmp_path / "data", reach=("*",)) as gateway:
        policy_folder(folder, METADATA)
        gateway.until(lambda: gateway.metric("pointsman_policy_last_reload_successful") == 0, "refused", 10)
        said = json.loads(gateway.get("/readyz")[1])["policy"]["last_reload_error"]
        assert "policy.yaml:4:15: 169.254.169.254 is a cloud's metadata service" in said
        assert "--allow-private 169.254.169.254" in said
        assert ask(gateway) == 200


def test_a_model_that_need_not_be_there_is_left_out_of_service_and_a_tool_server_is_a_mistake(
    up: Upstream, tmp_path: Path
) -> None:
    folder = policy_folder(tmp_path / "policies", up.url)
    model = "{name: near, target: openai-compatible/m, base_url: 'http://10.9.8.7/v1', if_available: true}"
    more = f"models: [{model}]\n"
    (folder / "more.yaml").write_text(more)
    with Gateway(folder, tmp_path / "data") as gateway:
        assert "model near is out of service: 10.9.8.7 is a private address" in gateway.output
        (folder / "more.yaml").write_text(more + "tools: [{name: crm, mcp: {url: 'http://10.9.8.7/mcp'}}]\n")
        gateway.until(lambda: gateway.metric("pointsman_policy_last_reload_successful") == 0, "refused", 10)
        said = json.loads(gateway.get("/readyz")[1])["policy"]["last_reload_error"]
        assert "more.yaml:2:32: 10.9.8.7 is a private address" in said


def test_what_is_no_host_and_no_network_is_refused_at_start(up: Upstream, tmp_path: Path) -> None:
    folder = policy_folder(tmp_path / "policies", up.url)
    with (
        pytest.raises(AssertionError, match=r"'10\.0\.0\.0/33' is no host"),
        Gateway(folder, tmp_path / "data", reach=("10.0.0.0/33",)),
    ):
        pass
