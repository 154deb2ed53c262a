"""Anthropic's Messages API over sockets, in front of an upstream that speaks it too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.folder import KEY, policy_folder
from tests.messages_replies import anthropic, error, message, stream, text, thinking, tool_use
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream

Json = dict[str, Any]
MAIL = "anna.larsen@example.org"
CLAUDE = """\
  - name: claude
    target: anthropic/claude-scripted
    base_url: {url}
    api_key: ${{ANTHROPIC_KEY}}
    clearance: internal
    price: {{input: 3.0, output: 15.0}}
    timeouts: {{connect: 1s, first_token: 1s, idle: 1s, total: 3s}}
    retries: 0
callers:
"""
GUARDS = """\
guards:
  - name: hide-mail
    when: '"email" in findings'
    mask: [email]
    lowers_to: internal
"""
EXTRA = """\
  - {name: books, when: 'request.metadata["user_id"] == "reader"', retrieve: {from: [book]}, model: claude}
  - {name: either, when: 'request.metadata["user_id"] == "either"', model: small, fallback: [claude]}
  - {name: native, when: 'request.metadata["user_id"] == "native"', model: claude}
"""
KNOWLEDGE = 'knowledge: [{name: book, documents: "*.md", label: public}]\n'
BLOCKS = (thinking("Hm.", "sealed"), text("Good day."), tool_use("look", {"q": 1}))


def script(request: Recorded) -> Reply:
    last = request.body["messages"][-1]["content"]
    asked = last if isinstance(last, str) else last[-1].get("text", "")
    if asked == "wrong":
        return error(400, "invalid_request_error", "messages.0: that is wrong")
    if asked == "overloaded":
        return error(529, "overloaded_error", "Overloaded")
    answers = (
        anthropic(text(f"You said: {asked}")) if "echo" in asked else anthropic(*BLOCKS, stop="tool_use")
    )
    reply: Reply = answers(request)
    return reply


@pytest.fixture(scope="module")
def chat() -> Iterator[Upstream]:
    with Upstream(Reply("I speak chat.")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(chat: Upstream, up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("native")
    policies = policy_folder(folder / "policies", chat.url, EXTRA)
    (policies / "guide.md").write_text("# Holidays\n\nEverybody has thirty days of holidays a year.\n")
    file = policies / "policy.yaml"
    written = file.read_text().replace("guards:\n", KNOWLEDGE + GUARDS)
    file.write_text(
        written.replace("models:\n", "unreadable: internal\nmodels:\n").replace(
            "callers:\n", CLAUDE.format(url=up.url)
        )
    )
    options = ("--knowledge-root", str(policies), "--secret", "ANTHROPIC_KEY")
    with Gateway(policies, folder / "data", *options, environment={"ANTHROPIC_KEY": "sk-ant"}) as running:
        yield running


def post(gateway: Gateway, body: Any, path: str = "/v1/messages") -> httpx.Response:
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "anthropic-beta": "new-2026-01-01"}
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    known = {**headers, "content-type": "application/json"}
    return httpx.post(gateway.url + path, content=sent, headers=known, timeout=10)


def asking(content: Any, user: str = "native", **more: Any) -> Json:
    messages = [{"role": "user", "content": content}]
    return {"model": "auto", "max_tokens": 100, "messages": messages, "metadata": {"user_id": user}, **more}


RARE = b"""{ "messages": [{"role":"user",
  "content":[{"type":"text","text":"h\\u00e9","cache_control":{"type":"ephemeral"}},
  {"type":"new",  "n": 1.0}]}],
  "unknown": {"deep": [1e3, null]}, "model": "auto", "max_tokens": 100, "container": "c_1", "top_k": 5,
  "tools": [{"type": "web_search_20250305", "name": "web_search"}],
  "thinking": {"type": "enabled", "budget_tokens": 1024}, "metadata": {"user_id": "native"} }"""


def test_the_upstream_gets_the_callers_own_bytes_but_for_the_model(gateway: Gateway, up: Upstream) -> None:
    reply = post(gateway, RARE)
    assert reply.status_code == 200, reply.text
    asked = up.requests[-1]
    assert asked.path == "/v1/messages"
    assert asked.raw == RARE.replace(b'"auto"', b'"claude-scripted"')
    assert asked.headers["x-api-key"] == "sk-ant"
    assert asked.headers["anthropic-beta"] == "new-2026-01-01"
    assert KEY not in str(asked.headers)


def test_an_answer_comes_back_as_it_was_said(gateway: Gateway) -> None:
    reply = post(gateway, asking("hello"))
    assert reply.json() == message(*BLOCKS, stop="tool_use")
    assert reply.headers["x-pointsman-model"] == "claude"


def test_a_stream_comes_back_byte_for_byte(gateway: Gateway) -> None:
    reply = post(gateway, asking("hello", stream=True))
    assert reply.content == b"".join(stream(*BLOCKS, stop="tool_use"))
    row = gateway.row(reply.headers["request-id"])
    assert float(row["cost_usd"]) > 0
    assert row["outcome"] == "ok"


def test_what_only_messages_can_say_goes_on_to_a_model_that_speaks_them(
    gateway: Gateway, chat: Upstream
) -> None:
    before = len(chat.requests)
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    reply = post(gateway, asking("hello", "either", tools=tools))
    assert (reply.status_code, reply.headers["x-pointsman-model"]) == (200, "claude")
    assert len(chat.requests) == before
    assert post(gateway, asking("hello", "either")).headers["x-pointsman-model"] == "small"


def test_an_upstreams_error_stays_whole(gateway: Gateway) -> None:
    wrong = post(gateway, asking("wrong"))
    assert wrong.status_code == 400
    assert wrong.json()["error"] == {"type": "invalid_request_error", "message": "messages.0: that is wrong"}
    assert wrong.json()["request_id"] == wrong.headers["request-id"]
    over = post(gateway, asking("overloaded"))
    assert (over.status_code, over.json()["error"]["type"]) == (529, "overloaded_error")


def test_the_model_counts_and_that_costs_nothing(gateway: Gateway, up: Upstream) -> None:
    body = asking("hello")
    del body["max_tokens"]
    reply = post(gateway, body, "/v1/messages/count_tokens")
    assert (reply.status_code, reply.json()) == (200, {"input_tokens": 42})
    assert up.requests[-1].path == "/v1/messages/count_tokens"
    assert float(gateway.row(reply.headers["request-id"])["cost_usd"]) == 0


@pytest.mark.parametrize("streams", [False, True])
def test_a_masked_request_gets_its_values_back(gateway: Gateway, up: Upstream, streams: bool) -> None:
    asked = f"echo {MAIL}"
    reply = post(gateway, asking(asked, stream=streams))
    assert MAIL.encode() not in up.requests[-1].raw
    assert up.requests[-1].body["messages"][0]["content"] == "echo [EMAIL_1]"
    assert said(reply, streams) == f"You said: {asked}"


@pytest.mark.parametrize("streams", [False, True])
def test_passages_are_added_and_what_the_caller_sent_stays(
    gateway: Gateway, up: Upstream, streams: bool
) -> None:
    own = [{"type": "text", "text": "echo How many days of holidays has everybody a year?"}]
    reply = post(gateway, asking(own, "reader", stream=streams, top_k=7))
    assert reply.headers["x-pointsman-sources"] == "guide.md"
    asked = up.requests[-1].body
    assert "thirty days" in json.dumps(asked["system"])
    assert (asked["messages"], asked["top_k"]) == ([{"role": "user", "content": own}], 7)
    assert said(reply, streams).startswith("You said: echo How many")


def said(reply: httpx.Response, streams: bool) -> str:
    assert reply.status_code == 200, reply.text
    if not streams:
        return "".join(block["text"] for block in reply.json()["content"])
    lines = [line for line in reply.text.splitlines() if line.startswith("data: ")]
    deltas = (json.loads(line.removeprefix("data: ")).get("delta", {}) for line in lines)
    return "".join(delta.get("text", "") for delta in deltas)
