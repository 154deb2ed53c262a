"""A caller who leaves: its upstream call ends at once, and what was used is accounted."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.access.keys import hash_key
from tests.endpoints import ANSWERING, CHAT, COMPLETIONS, EMBEDDINGS, ENDPOINTS, At
from tests.folder import KEY
from tests.line import Line
from tests.running import Gateway
from tests.upstream import FOREVER, Call, Recorded, Reply, Upstream

PROMISE = 0.1  # seconds
SLACK = 0.9  # that a busy machine may add
QUESTION = "wait for it " * 30

# A tool that never answers, and notes when it was asked.
TOOL = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("method") == "initialize":
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "slow", "version": "1"}}
    elif asked.get("method") == "tools/list":
        result = {"tools": [{"name": "dawdle", "inputSchema": {"type": "object"},
                             "annotations": {"readOnlyHint": True}}]}
    else:
        if asked.get("method") == "tools/call":
            open(sys.argv[1], "w").close()
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""
POLICY = """\
models:
  - name: small
    target: openai-compatible/upstream-model
    base_url: {url}
    clearance: internal
    price: {{input: 1.0, output: 10.0}}
    timeouts: {{connect: 1s, first_token: 20s, idle: 20s, total: 40s}}
    retries: 2
    forward: [x-how]
  - {{name: other, target: openai-compatible/other-model, base_url: "{url}", clearance: internal}}
  - name: vectors
    target: openai-compatible/vectors
    kind: embedding
    base_url: {url}
    clearance: internal
    forward: [x-how]
tools:
  - name: slow
    mcp: {{command: [{python}, {script}, {asked}]}}
    clearance: internal
    label: internal
    live: true
    trusted: true
callers:
  - {{name: app, key_sha256: {key}, clearance: internal}}
routes:
  - name: with-a-tool
    when: '"use" in request.metadata'
    model: small
    tools: {{from: [slow]}}
  - name: everything-else
    model: small
    fallback: [other]
"""


def script(request: Recorded) -> Reply:
    how = request.headers.get("x-how")
    if how == "silent":
        return Reply(before_headers=FOREVER)
    if how == "halfway":
        return Reply(before_first=FOREVER)
    if how == "tool":
        return Reply("", calls=(Call("dawdle"),))
    return Reply("one two three four five six " * 20, between=0.1 if how == "slowly" else 0)


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tool") / "asked"


@pytest.fixture(scope="module")
def gateway(up: Upstream, asked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("hangups")
    program = folder / "tool.py"
    program.write_text(TOOL)
    text = POLICY.format(url=up.url, python=sys.executable, script=program, asked=asked, key=hash_key(KEY))
    policies = folder / "policies"
    policies.mkdir()
    (policies / "policy.yaml").write_text(text)
    with Gateway(policies, folder / "data") as running:
        yield running


def ask(line: Line, at: At, request_id: str, how: str, **members: Any) -> None:
    body = at.body(QUESTION, **members)
    line.ask("POST", at.path, body, **at.key, x_request_id=request_id, x_how=how)


def accounted(gateway: Gateway, request_id: str) -> dict[str, Any]:
    gateway.until(lambda: any(row["id"] == request_id for row in gateway.rows()), "accounted", 5)
    row = gateway.row(request_id)
    assert row["outcome"] == "hung_up"
    return row


def ended_by(up: Upstream, number: int, left: float) -> None:
    """The upstream call of this number ended soon after the caller left, and no other came after it."""
    up.wait(lambda: up.requests[number].hung_up is not None)
    assert (up.requests[number].hung_up or 0) - left < PROMISE + SLACK
    assert len(up.requests) == number + 1  # neither the same model again nor the fallback


@pytest.mark.parametrize("at", [*ANSWERING, COMPLETIONS], ids=str)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("how", ["silent", "halfway"])
def test_before_the_first_byte(gateway: Gateway, up: Upstream, at: At, stream: bool, how: str) -> None:
    number, request_id = len(up.requests), f"before{at.path.replace('/', '-')}-{stream}-{how}"
    with Line(gateway.url) as line:
        ask(line, at, request_id, how, stream=stream)
        up.wait(lambda: len(up.requests) > number)
        time.sleep(0.1)
    ended_by(up, number, time.monotonic())
    (tried,) = accounted(gateway, request_id)["tries"]
    assert tried["outcome"] == "hung_up"
    assert tried["usage"]["input"] > 50
    assert (tried["usage"]["output"], tried["usage"]["estimated"]) == (0, True)


@pytest.mark.parametrize("at", ANSWERING, ids=str)
def test_after_the_first_byte(gateway: Gateway, up: Upstream, at: At) -> None:
    number, request_id = len(up.requests), f"after{at.path.replace('/', '-')}"
    with Line(gateway.url) as line:
        ask(line, at, request_id, "slowly", stream=True)
        assert line.head().status == 200
        for _ in range(3):
            line.event()
    ended_by(up, number, time.monotonic())
    row = accounted(gateway, request_id)
    (tried,) = row["tries"]
    assert (tried["outcome"], tried["usage"]["estimated"]) == ("hung_up", True)
    assert tried["usage"]["output"] > 0
    assert float(row["cost_usd"]) > 0


def test_while_vectors_are_made(gateway: Gateway, up: Upstream) -> None:
    number = len(up.requests)
    with Line(gateway.url) as line:
        ask(line, EMBEDDINGS, "vectors", "silent", model="vectors")
        up.wait(lambda: len(up.requests) > number)
        time.sleep(0.1)
    ended_by(up, number, time.monotonic())
    (tried,) = accounted(gateway, "vectors")["tries"]
    assert tried["outcome"] == "hung_up"


@pytest.mark.parametrize("at", ENDPOINTS, ids=str)
def test_while_its_body_is_on_its_way(gateway: Gateway, up: Upstream, at: At) -> None:
    number, request_id = len(up.requests), f"on-its-way{at.path.replace('/', '-')}"
    with Line(gateway.url) as line:
        line.ask("POST", at.path, None, **at.key, x_request_id=request_id, content_type="application/json",
                 content_length="1000")  # fmt: skip
        line.send(b'{"model"')
        time.sleep(0.2)
    assert accounted(gateway, request_id)["tries"] == []
    assert len(up.requests) == number


def test_while_a_tool_runs(gateway: Gateway, up: Upstream, asked: Path) -> None:
    with Line(gateway.url) as line:
        ask(line, CHAT, "with-a-tool", "tool", metadata={"use": "tool"})
        up.wait(asked.exists)
    left = time.monotonic()
    row = accounted(gateway, "with-a-tool")
    assert time.monotonic() - left < PROMISE + SLACK
    assert [tried["outcome"] for tried in row["tries"]] == ["ok"]


def test_the_gateway_serves_on(gateway: Gateway) -> None:
    with Line(gateway.url) as line:
        line.ask("POST", CHAT.path, CHAT.body("quick", stream=True), **CHAT.key)
        assert line.hear().status == 200
