"""The small transformer in a gateway that runs as a user starts it, and on the command line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx

from tests.running import COMMAND, Gateway
from tests.upstream import Reply, Upstream

UNSURE = "what about the blue one"
POLICY = """\
models: [{{name: house, target: openai-compatible/h, base_url: "{url}", clearance: restricted}}]
routes: [{{name: all, model: house}}]
"""


def test_what_the_classifier_is_unsure_of_is_told_anew_and_the_ledger_says_so(tmp_path: Path) -> None:
    with Upstream(Reply("blue")) as up:
        (tmp_path / "policies").mkdir()
        (tmp_path / "policies" / "policy.yaml").write_text(POLICY.format(url=up.url))
        with Gateway(tmp_path / "policies", tmp_path / "data", "--encoder-deadline", "30") as gateway:
            body = {"model": "auto", "messages": [{"role": "user", "content": UNSURE}]}
            sure = {"model": "auto", "messages": [{"role": "user", "content": "translate to French: a dog"}]}
            for each in (body, sure):
                answer = httpx.post(f"{gateway.url}/v1/chat/completions", json=each, timeout=60)
                assert answer.status_code == 200
            told = [row["signals"]["refined"] for row in gateway.rows()]

    assert told == [True, False]


def test_the_command_line_asks_it_too() -> None:
    def told(*options: str) -> dict[str, object]:
        done = subprocess.run(
            [COMMAND, "classify", UNSURE, "--json", *options], capture_output=True, text=True, check=True
        )
        signals: dict[str, object] = json.loads(done.stdout)
        return signals

    without, asked = told(), told("--encoder")

    assert (without["refined"], asked["refined"]) == (False, True)
    assert without["task"] != asked["task"]
    assert without["sensitivity"] == asked["sensitivity"]
