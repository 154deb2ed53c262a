"""Over sockets: the servers that a caller names are called only by providers of models that may do so."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import messages_replies, responses_replies
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream

POLICY = """\
models:
  - {{name: resp, target: openai-compatible/r, speaks: [chat, responses], base_url: "{url}", retries: 0}}
  - {{name: open, target: openai-compatible/o, speaks: [chat, responses], base_url: "{url}", retries: 0,
     remote_tools: true}}
  - {{name: msg, target: anthropic/c, base_url: "{url}", retries: 0, api_key: k}}
  - {{name: msg-open, target: anthropic/co, base_url: "{url}", retries: 0, api_key: k, remote_tools: true}}
routes:
  - {{name: several, when: 'request.model == "route/several"', model: [resp, open]}}
  - {{name: rest, model: resp}}
"""
MCP = {"type": "mcp", "server_label": "x", "server_url": "https://evil.example"}
SERVERS = [{"type": "url", "url": "https://evil.example", "name": "e"}]
HELD = [
    ("/v1/responses", {"model": "resp", "input": "hi", "tools": [MCP]}),
    ("/v1/responses", {"model": "resp", "input": "hi", "tools": [MCP], "stream": True}),
    ("/v1/chat/completions", {"model": "resp", "tools": [MCP]}),
    ("/v1/messages", {"model": "msg", "max_tokens": 5, "mcp_servers": SERVERS}),
    ("/v1/messages", {"model": "resp", "max_tokens": 5, "mcp_servers": SERVERS}),
    ("/v1/messages/count_tokens", {"model": "msg", "mcp_servers": SERVERS}),
]
LET_OUT = [
    ("/v1/responses", {"model": "open", "input": "hi", "tools": [MCP]}),
    ("/v1/responses", {"model": "route/several", "input": "hi", "tools": [MCP]}),
    ("/v1/chat/completions", {"model": "open", "tools": [MCP]}),
    ("/v1/messages", {"model": "msg-open", "max_tokens": 5, "mcp_servers": SERVERS}),
]


def answers(request: Recorded) -> Reply:
    if request.path.endswith("/responses"):
        return responses_replies.answered(request, responses_replies.message("Fine."))
    if "/messages" in request.path:
        told: Reply = messages_replies.anthropic(messages_replies.text("Fine."))(request)
        return told
    return Reply("Fine.")


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(answers) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, up: Upstream) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("policies")
    (folder / "policy.yaml").write_text(POLICY.format(url=up.url))
    with Gateway(folder, tmp_path_factory.mktemp("data")) as running:
        yield running.url


def asked(url: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    if "input" not in body:
        body = {**body, "messages": [{"role": "user", "content": "hi"}]}
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


@pytest.mark.parametrize(("path", "body"), HELD)
def test_a_model_without_the_flag_is_not_asked(
    url: str, up: Upstream, path: str, body: dict[str, Any]
) -> None:
    before = len(up.requests)
    status, said = asked(url, path, body)
    assert (status, len(up.requests)) == (403, before)
    assert "'remote_tools: true'" in said["error"]["message"]
    if "messages" not in path:
        assert (said["error"]["code"], said["error"]["param"]) == ("policy_blocked", "tools")


@pytest.mark.parametrize(("path", "body"), LET_OUT)
def test_a_model_with_the_flag_gets_them_as_they_came(
    url: str, up: Upstream, path: str, body: dict[str, Any]
) -> None:
    before = len(up.requests)
    status, _ = asked(url, path, body)
    (got,) = up.requests[before:]
    assert status == 200
    assert b"https://evil.example" in got.raw
    assert got.body["model"] in ("o", "co")
