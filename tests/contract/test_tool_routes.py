"""The tool agent's answers, streamed, with the official clients of APIs that the model speaks itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from gateway.access.keys import hash_key
from tests import messages_replies as messages
from tests import responses_replies as responses
from tests.folder import KEY
from tests.running import Gateway
from tests.upstream import Call, Recorded, Reply, Upstream

POLICY = """\
models:
  - {{name: claude, target: anthropic/claude-scripted, base_url: "{url}", api_key: "${{ANTHROPIC_KEY}}",
     clearance: internal, retries: 0}}
  - {{name: native, target: openai-compatible/native-model, speaks: [chat, responses], base_url: "{url}",
     clearance: internal, retries: 0}}
tools:
  - {{name: clock, mcp: {{command: [python, -m, gateway.demo.clock]}}, clearance: internal, trusted: true}}
callers:
  - {{name: app, key_sha256: {key}, clearance: internal}}
routes:
  - {{name: bounded, when: 'request.metadata["user_id"] == "bounded"', tools: {{from: [clock], steps: 1}},
     model: claude}}
  - {{name: act, tools: {{from: [clock]}}, model: claude}}
"""
ASKED, ANSWER = "What time is it?", "It is noon."
LOOK: Any = (messages.text("Let me look. "), messages.tool_use("current_time", {"timezone": "UTC"}))


def script(request: Recorded) -> Reply:
    """Looks at the clock first, in whatever API; without tools it can answer only."""
    if request.path == "/v1/messages":
        turn = messages.anthropic(messages.thinking("So."), messages.text(ANSWER))
        if '"tool_result"' not in request.raw.decode():
            turn = messages.anthropic(*LOOK, stop="tool_use")
        said: Reply = turn(request)
        return said
    if request.path == "/v1/responses":
        return responses.answered(request, responses.message(ANSWER))
    if any(message["role"] == "tool" for message in request.body["messages"]):
        return Reply(ANSWER)
    return Reply(calls=(Call("current_time", {"timezone": "UTC"}),))


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


def serving(folder: Path, up: Upstream, policy: str) -> Gateway:
    (folder / "policies").mkdir()
    (folder / "policies" / "policy.yaml").write_text(policy.format(url=up.url, key=hash_key(KEY)))
    environment = {"ANTHROPIC_KEY": "sk-ant"}
    return Gateway(folder / "policies", folder / "data", "--secret", "ANTHROPIC_KEY", environment=environment)


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(tmp_path_factory.mktemp("claude"), up, POLICY) as running:
        yield running


@pytest.fixture(scope="module")
def native(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The same with the other model."""
    policy = POLICY.replace("model: claude", "model: native")
    with serving(tmp_path_factory.mktemp("native"), up, policy) as running:
        yield running


@pytest.mark.parametrize("user", ["free", "bounded"])
def test_a_stream_of_messages_is_one_message(gateway: Gateway, up: Upstream, user: str) -> None:
    """Whether the loop ends by itself, or at its bound."""
    before = len(up.requests)
    client = anthropic.Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0)
    with client.messages.stream(
        model="auto",
        max_tokens=100,
        messages=[{"role": "user", "content": ASKED}],
        metadata={"user_id": user},
    ) as stream:
        kinds = [event.type for event in stream]
        whole = stream.get_final_message()
    assert [kinds.count(kind) for kind in ("message_start", "message_delta", "message_stop")] == [1, 1, 1]
    assert kinds[-1] == "message_stop"
    assert "".join(block.text for block in whole.content if block.type == "text") == f"Let me look. {ANSWER}"
    assert not [block for block in whole.content if block.type == "tool_use"]
    assert whole.stop_reason == "end_turn"
    assert whole.usage.output_tokens == 10  # of both turns
    assert [asked.path for asked in up.requests[before:]] == ["/v1/messages"] * 2


@pytest.mark.parametrize("user", ["free", "bounded"])
def test_a_stream_of_responses_is_one_response(native: Gateway, up: Upstream, user: str) -> None:
    before = len(up.requests)
    client = openai.OpenAI(base_url=native.url + "/v1", api_key=KEY, max_retries=0)
    with client.responses.stream(model="auto", input=ASKED, metadata={"user_id": user}) as stream:
        kinds = [event.type for event in stream]
        whole = stream.get_final_response()
    assert [kinds.count(kind) for kind in ("response.created", "response.completed")] == [1, 1]
    assert kinds[-1] == "response.completed"
    assert whole.output_text == ANSWER
    # A tool's result is said in the API in which its call was made.
    assert [asked.path for asked in up.requests[before:]] == ["/v1/chat/completions"] * 2
