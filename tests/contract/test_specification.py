"""`schemathesis` against a live gateway and its own OpenAPI document: one run with keys, one with an ailing
upstream and without any.

It asks what the document allows and what it forbids, and holds every answer against it; see
https://schemathesis.readthedocs.io for the checks. SCHEMATHESIS_SECONDS=600 lets each run look longer.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.folder import ADMIN_KEY
from tests.protocols import ENVIRONMENT, MODELS, answer, every_api
from tests.running import Gateway
from tests.upstream import Call, Recorded, Reply, Upstream, failure

COMMAND = Path(sys.executable).parent / "schemathesis"
SECONDS = int(os.environ.get("SCHEMATHESIS_SECONDS", "35"))  # of one run
SEED = 4
GROWTH = 150_000_000  # bytes that a run may leave behind: caches, an arena of the allocator
TROUBLE = (
    *(failure(429, retry_after="0"), failure(503), failure(401), failure(400)),
    *(failure(400, code="context_length_exceeded"), failure(404), failure(418)),
    *(Reply(cut_after=1), Reply(cut_after=0), Reply(reset=True), Reply(malformed_at=1), Reply(error_at=2)),
    *(Reply(done=False), Reply(raw=b"<html>"), Reply(json={"choices": []}), Reply(json=[]), Reply(events=())),
    *(Reply(calls=(Call("f"),)), Reply(finish="length"), Reply("")),
)
# That all which the document allows is accepted cannot be said where it depends on more than the document:
# on whether a model's API has words for it, on what a cursor or an id names.
AILING = """\
checks.positive_data_acceptance.enabled = false
"""
WELL = f"""\
{AILING}
[[operations]]
include-path = ["/v1/chat/completions", "/admin/explain"]
checks.positive_data_acceptance.enabled = true
"""
Amend = Callable[[dict[str, Any]], None]

pytestmark = pytest.mark.timeout(4 * SECONDS + 120)


def keyed(document: dict[str, Any]) -> None:
    """Names that exist, so that requests get beyond them; and nobody is let in without a key."""
    schemas = document["components"]["schemas"]
    schemas["ModelName"]["enum"] = ["auto", "chat", "all", "vectors", "nothing-of-the-name"]
    schemas["CallerName"]["enum"] = ["app", "ops"]
    document["security"] = [{"bearer": []}]


def keyless(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["ModelName"]["enum"] = [*MODELS, "vectors"]
    document["security"] = []


def in_turn(replies: tuple[Reply, ...]) -> Callable[[Recorded], Reply]:
    """A reply of the API between any two of those; what is said in chat completions is said there alone."""
    turns: Iterator[Reply | None] = itertools.cycle(each for reply in replies for each in (reply, None))

    def reply(request: Recorded) -> Reply:
        ailing = next(turns)
        return ailing if ailing is not None and _fits(ailing, request) else answer(request)

    return reply


def _fits(reply: Reply, request: Recorded) -> bool:
    anywhere = reply.reset or reply.status != 200 or (reply.raw, reply.json, reply.events) != (None,) * 3
    return anywhere or request.path.endswith("/chat/completions")


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run(gateway: Gateway, folder: Path, amend: Amend, checks: str, *options: str) -> None:
    """Fails with schemathesis's report, which says how to ask again."""
    document = json.loads(gateway.get("/openapi.json")[1])
    amend(document)
    described = folder / "openapi.json"
    described.write_text(json.dumps(document))
    config = folder / "schemathesis.toml"
    config.write_text(checks)
    before = resident(gateway.pid)
    command = [
        *(
            str(COMMAND),
            "--config-file",
            str(config),
            "run",
            str(described),
            "--url",
            gateway.url,
            "--no-color",
        ),
        *("--seed", str(SEED), "--max-time", str(SECONDS), "--generation-database", "none"),
        *("--request-timeout", "10", "--max-response-time", "8", "--continue-on-failure", *options),
    ]
    print("schemathesis", *command[2:])
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3 * SECONDS + 90)
    print(done.stdout[-20_000:])
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert gateway.get("/healthz")[0] == 200
    assert not [line for line in gateway.log if "Traceback" in line or "internal_error" in line]
    assert resident(gateway.pid) - before < GROWTH


def test_requests_with_and_without_a_key_are_answered_as_described(tmp_path: Path) -> None:
    with (
        Upstream(answer) as up,
        Gateway(
            every_api(tmp_path / "policies", up.url), tmp_path / "data", environment=ENVIRONMENT
        ) as gateway,
    ):
        run(gateway, tmp_path, keyed, WELL, "--header", f"Authorization: Bearer {ADMIN_KEY}")
        assert len(up.requests) > 10, "it got as far as the upstream"


def test_an_ailing_upstream_is_told_of_as_described(tmp_path: Path) -> None:
    with Upstream(in_turn(TROUBLE)) as up:
        folder = every_api(tmp_path / "policies", up.url, keyless=True)
        with Gateway(folder, tmp_path / "data", environment=ENVIRONMENT) as gateway:
            run(
                *(gateway, tmp_path, keyless, AILING, "--exclude-checks", "not_a_server_error"),
                *("--mode", "positive", "--exclude-path", "/admin/explain"),
            )
        assert len(up.requests) > 10, "it got as far as the upstream"
