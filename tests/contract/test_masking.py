"""Masking seen from both ends: what an upstream receives, and what the caller gets back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.folder import KEY, policy_folder
from tests.running import Gateway
from tests.upstream import Call, Recorded, Reply, Upstream

MAIL, OTHER = "anna.larsen@example.org", "bo@example.org"
GUARDS = """\
guards:
  - name: hide-mail
    when: '"email" in findings'
    mask: [email]
    lowers_to: internal
"""


def script(request: Recorded) -> Reply:
    if "call" in request.question:
        return Reply(calls=(Call("send", {"to": "[EMAIL_1]"}),))
    return Reply(f"I read: {request.question} So long, [EMAIL_1].", split=3)


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("masking")
    policies = policy_folder(folder / "policies", up.url)
    file = policies / "policy.yaml"
    file.write_text(file.read_text().replace("guards:\n", GUARDS))
    with Gateway(policies, folder / "data") as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)


def say(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


ASK = f"Write to {MAIL} and {OTHER}, and again to {MAIL}."
MASKED = "Write to [EMAIL_1] and [EMAIL_2], and again to [EMAIL_1]."


def test_the_upstream_gets_placeholders_and_the_caller_the_values(
    client: openai.OpenAI, up: Upstream
) -> None:
    reply = client.chat.completions.create(**say(ASK))
    assert reply.choices[0].message.content == f"I read: {ASK} So long, {MAIL}."
    assert up.requests[-1].question == MASKED
    assert MAIL.encode() not in up.requests[-1].raw


def test_a_stream_says_the_values_too_though_placeholders_come_in_pieces(
    client: openai.OpenAI, up: Upstream
) -> None:
    chunks = list(client.chat.completions.create(**say(ASK), stream=True))
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == f"I read: {ASK} So long, {MAIL}."
    assert up.requests[-1].question == MASKED


def test_tool_calls_for_the_caller_say_the_values(client: openai.OpenAI) -> None:
    tools = [{"type": "function", "function": {"name": "send", "parameters": {"type": "object"}}}]
    reply = client.chat.completions.create(**say(f"call {MAIL}", tools=tools))
    calls = reply.choices[0].message.tool_calls
    assert calls is not None
    assert json.loads(calls[0].function.arguments) == {"to": MAIL}


def test_everything_in_the_body_is_masked(client: openai.OpenAI, up: Upstream) -> None:
    arguments = json.dumps({"to": MAIL}).replace("@", "\\u0040")
    call = {"id": "1", "type": "function", "function": {"name": "send", "arguments": arguments}}
    client.chat.completions.create(
        model="auto",
        messages=[
            {"role": "system", "content": f"You serve {MAIL}."},
            {"role": "user", "content": [{"type": "text", "text": f"I am {MAIL}"}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},  # type: ignore[list-item]
            {"role": "tool", "tool_call_id": "1", "content": f"sent to {MAIL}"},
        ],
        user=MAIL,
        metadata={"who": MAIL},
        tools=[{"type": "function", "function": {"name": "send", "description": f"mail to {MAIL}"}}],
    )
    raw = up.requests[-1].raw
    assert b"larsen" not in raw
    assert raw.count(b"[EMAIL_1]") == 7
    assert up.requests[-1].body["model"] == "upstream-model"


def test_what_was_not_masked_keeps_its_label(client: openai.OpenAI, up: Upstream) -> None:
    before = len(up.requests)
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(**say(f"Write to {MAIL}: my card is 4111 1111 1111 1111."))
    assert caught.value.code == "policy_no_cleared_model"
    assert len(up.requests) == before


def test_turns_that_an_upstream_holds_cannot_be_masked(client: openai.OpenAI, up: Upstream) -> None:
    before = len(up.requests)
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(**say(ASK), extra_body={"previous_response_id": "resp_1"})
    assert caught.value.code == "policy_blocked"
    assert "Send the whole conversation" in str(caught.value)
    assert len(up.requests) == before


def test_the_ledger_and_the_metrics_say_what_was_masked_and_no_value(
    client: openai.OpenAI, gateway: Gateway
) -> None:
    before = gateway.metric("pointsman_masked_total", entity="email")
    raw = client.chat.completions.with_raw_response.create(**say(ASK))
    row = gateway.row(raw.headers["x-request-id"])
    assert row["masked"] == {
        "guards": ["hide-mail"],
        "entities": {"email": 2},
        "before": "confidential",
        "after": "internal",
    }
    assert raw.headers["x-pointsman-sensitivity"] == "internal"
    assert MAIL not in json.dumps(gateway.rows()) + "".join(gateway.log)
    assert gateway.metric("pointsman_masked_total", entity="email") == before + 2
    assert gateway.metric("pointsman_guard_actions_total", guard="hide-mail", action="mask") >= 1
