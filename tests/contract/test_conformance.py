"""Public conformance suites against a live gateway, over an upstream of chat completions that complies.

What they check of Messages and Responses is thus the gateway's own writing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients.clients import ENVIRONMENTS, HERE
from tests.folder import KEY, policy_folder
from tests.replies import Recorded, Reply
from tests.running import Gateway
from tests.upstream import Upstream

COMPLY = ENVIRONMENTS / "openai-3" / "bin" / "llm-comply"
CANARY = HERE / "node" / "node_modules" / "compatcanary" / "src" / "cli.js"
# By its name a suite knows what a model can do.
FORMS = {
    "openai-chat": "gpt-5-scripted",
    "open-responses": "gpt-5-scripted",
    "anthropic": "claude-4-scripted",
}
ALIASES = "".join(f"  {name}: small\n" for name in sorted(set(FORMS.values())))
CHECKS = {"openai-chat": 9, "open-responses": 13, "anthropic": 9, "compatcanary": 7}
WARNED = {"open-responses": ("compact-response",)}  # an endpoint that few have
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 9,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 0},
}


def model(request: Recorded) -> Reply:
    """What a model that complies answers: a call if it is forced, JSON if a schema says so, else text."""
    body = request.body
    message: dict[str, Any] = {"role": "assistant", "content": "1 2 3", "refusal": None, "annotations": []}
    if body.get("tool_choice", "auto") not in ("auto", "none"):
        function = body["tools"][0]["function"]
        given = dict.fromkeys(function["parameters"]["properties"], "San Francisco")
        call = {"name": function["name"], "arguments": json.dumps(given)}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
    elif "response_format" in body:
        properties = body["response_format"]["json_schema"]["schema"]["properties"]
        message["content"] = json.dumps({name: about["enum"][0] for name, about in properties.items()})
    if b"Show your reasoning" in request.raw:
        message["reasoning_content"] = "Fifteen times thirty-seven."
    if body.get("stream"):
        return Reply(message["content"] or "", usage=USAGE)
    finish = "tool_calls" if "tool_calls" in message else "stop"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return Reply(
        json={
            "id": "chatcmpl-scripted",
            "object": "chat.completion",
            "created": 1700000000,
            "model": body["model"],
            "choices": [choice],
            "usage": USAGE,
        }
    )


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("conformance")
    with Upstream(model) as upstream:
        policies = policy_folder(folder / "policies", upstream.url)
        written = policies / "policy.yaml"
        text = written.read_text().replace("clearance: internal", "clearance: restricted")  # for the images
        written.write_text(f"aliases:\n{ALIASES}{text}")
        with Gateway(policies, folder / "data") as running:
            yield running


@pytest.mark.parametrize(("form", "name"), FORMS.items())
def test_llm_comply_finds_no_fault(gateway: Gateway, form: str, name: str) -> None:
    command = [str(COMPLY), "--format", form, "--json", "-u", f"{gateway.url}/v1", "-k", KEY, "-m", name]
    report = _run(command)
    failed = [result for result in report["results"] if result["status"] == "failed"]
    assert not failed
    assert report["summary"]["passed"] == CHECKS[form]
    warned = {result["id"]: result["warnings"] for result in report["results"] if result.get("warnings")}
    assert set(warned) == set(WARNED.get(form, ())), warned


def test_compatcanary_finds_no_fault(gateway: Gateway) -> None:
    command = [
        "node",
        str(CANARY),
        "scan",
        "--base-url",
        f"{gateway.url}/v1",
        "--model",
        FORMS["openai-chat"],
    ]
    report = _run([*command, "--format", "json"], OPENAI_API_KEY=KEY)
    assert [result["id"] for result in report["results"] if result["status"] != "pass"] == []
    assert report["summary"]["passes"] == CHECKS["compatcanary"]
    assert report["score"] == 100


def _run(command: list[str], **variables: str) -> dict[str, Any]:
    """The report that a suite prints."""
    if not Path(command[0] if command[0] != "node" else command[1]).exists() or not shutil.which(command[0]):
        assert not os.environ.get("CI"), f"{command[0]} is not installed"
        pytest.skip(f"{command[0]} is not here; 'make clients' installs it, if npm is there")
    around = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=around)
    report: dict[str, Any] = json.loads(done.stdout)
    return report
