"""What a running gateway writes into its ledger is what `policy backtest` replays."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.access.keys import hash_key
from tests.folder import KEY
from tests.running import COMMAND, Gateway
from tests.upstream import Reply, Upstream

POLICY = """\
models:
  - name: small
    target: openai-compatible/m
    base_url: {url}
    clearance: internal
    price: {{input: 1, output: 2}}
  - name: house
    target: openai-compatible/h
    base_url: {url}
    clearance: restricted
    price: {{input: 9, output: 9}}
aliases: {{"gpt-4o*": auto}}
callers: [{{name: app, key_sha256: {key}, team: support, clearance: internal}}]
guards:
  - name: no-credentials
    when: '"credential" in findings'
    block: Remove the credential and send again.
  - {{name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}}
routes:
  - {{name: gold, when: 'request.metadata.tier == "gold"', model: house}}
  - {{name: desk, when: 'request.headers["x-desk"] == "1"', model: house}}
  - {{name: split, when: task != chit_chat, model: {{small: 50, house: 50}}}}
  - {{name: everything-else, model: [small, house]}}
"""
QUESTIONS = [
    "Good morning",
    "Write a function in Python that adds two numbers",
    "Write a short mail to anna.schmidt@example.org that her parcel is late",
    "My password is hunter2-Xk9!vB, why can I not log in?",
    "Translate to German: the house is red",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the policy that served, and the ledger of what it served."""
    folder: Path = tmp_path_factory.mktemp("backtest")
    with Upstream(Reply("fine")) as up:
        write(folder / "policies", up.url)
        with Gateway(folder / "policies", folder / "data") as gateway:
            for n, say in enumerate(QUESTIONS * 3):
                ask(gateway, say, headers={"x-pointsman-conversation": str(n)})
            ask(gateway, QUESTIONS[0], metadata={"tier": "gold"})
            ask(gateway, QUESTIONS[0], headers={"x-desk": "1"})
            ask(gateway, QUESTIONS[0], headers={"x-pointsman-sensitivity": "restricted"})
            ask(gateway, QUESTIONS[1], model="gpt-4o-mini")
            ask(gateway, QUESTIONS[1], model="route/everything-else")
            ask(gateway, QUESTIONS[1], model="house")
            ask(gateway, QUESTIONS[1], model="gone")
    return folder


def write(folder: Path, url: str, **changes: str) -> Path:
    folder.mkdir()
    text = POLICY.format(url=url, key=hash_key(KEY))
    for old, new in changes.items():
        text = text.replace(old, new)
    (folder / "policy.yaml").write_text(text)
    return folder


def ask(
    gateway: Gateway, say: str, model: str = "auto", headers: dict[str, str] | None = None, **members: Any
) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": say}], **members}
    sent = {"authorization": f"Bearer {KEY}", **(headers or {})}
    httpx.post(gateway.url + "/v1/chat/completions", json=body, headers=sent, timeout=30)


def backtested(policies: Path, data: Path) -> dict[str, Any]:
    command = [
        *map(str, (COMMAND, "policy", "backtest", policies, "--data-dir", data)),
        "--since",
        "1h",
        "--json",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    report: dict[str, Any] = json.loads(done.stdout)["report"]
    return report


def test_the_policy_that_served_decides_alike(folder: Path) -> None:
    report = backtested(folder / "policies", folder / "data")
    counts = report["counts"]
    assert (counts["rows"], counts["replayed"], counts["undecided"]) == (22, 21, 1)
    assert (counts["changed"], counts["unknown"], report["moves"]) == (0, {}, [])
    assert counts["estimated"] == 3
    assert report["cost"]["then"] == report["cost"]["now"] != "0"


def test_a_model_by_another_name_takes_the_same_requests(folder: Path) -> None:
    new = write(folder / "new", "http://127.0.0.1:9/v1", small="tiny")
    report = backtested(new, folder / "data")
    ids = {json.loads(line)["id"] for line in (folder / "data/ledger/journal.jsonl").read_text().splitlines()}
    ways = {(move["before"]["model"], move["after"]["model"]) for move in report["moves"]}
    assert ways == {("small", "tiny")}
    assert report["counts"]["changed"] == sum(move["count"] for move in report["moves"]) > 0
    assert {example["id"] for example in report["examples"]} <= ids
    assert {example["why"] for example in report["examples"]} == {"small is gone"}
