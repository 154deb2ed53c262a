"""No words of a request, a reply or an upstream's error stand in log, ledger, metrics or /readyz."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.access.keys import hash_key
from tests.folder import KEY
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream, failure

# Words that stand nowhere else, so that any of them found outside tells that it got out.
CREDENTIAL = "sk-proj-Zq8vKx2mWn4TbR7yLc9dHs3fGj6pQa1e"
EMAIL = "anna.zwirbelkraut@example.org"
ODD = "Quittenmarmelade"
ECHO = "Zwetschgenknoedel"
PAPER = "Paprikahendl"

POLICY = """\
models:
  - name: small
    target: openai-compatible/m
    base_url: {url}
    clearance: internal
    retries: 0
    timeouts: {{connect: 1s, first_token: 1s, idle: 1s, total: 3s}}
knowledge: [{{name: book, documents: "*.md", label: internal}}]
callers:
  - {{name: app, key_sha256: {key}, clearance: internal}}
aliases: {{"old-*": auto}}
log: {{content: never, up_to: {up_to}}}
guards:
  - name: no-credentials
    when: '"credential" in findings'
    block: Remove the credential and send again.
  - name: hide
    when: '"email" in findings'
    mask: [email]
    lowers_to: internal
    accept_residual: true
routes:
  - {{name: tiered, when: 'request.headers["x-tier"] == "gold"', model: small}}
  - {{name: books, when: 'request.metadata["about"] == "books"', retrieve: {{from: [book]}}, model: small}}
  - {{name: rest, model: small}}
"""


def script(request: Recorded) -> Reply:
    """The upstream repeats what it was asked in whatever way the question says."""
    said = f"{ECHO} {request.question}"
    replies = {
        "refuse": failure(400, said, code=ODD),
        "deny": failure(401, said),
        "crash": Reply(
            status=500, raw=f"<html>{said}</html>".encode(), headers={"content-type": "text/html"}
        ),
        "garbage": Reply(raw=said.encode()),
        "finish": Reply(said, finish=ODD),
        "break": Reply(said, error_at=1),
        "cut": Reply(said, cut_after=2),
    }
    return next((reply for word, reply in replies.items() if word in request.question), Reply(said))


@dataclass(frozen=True)
class Running:
    """A gateway whose ledger may keep words up to a label."""

    gateway: Gateway
    data: Path
    up_to: str

    def ask(self, say: str, *, model: str = "auto", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {KEY}", **more.pop("headers", {})}
        body = {"model": model, "messages": [{"role": "user", "content": say}], **more}
        url = self.gateway.url + "/v1/chat/completions"
        return httpx.post(url, json=body, headers=headers, timeout=15)

    def told(self) -> str:
        """All that the gateway says of itself."""
        journal = (self.data / "ledger" / "journal.jsonl").read_text()
        log = "".join(self.gateway.log)
        return "\n".join([journal, log, self.gateway.get("/metrics")[1], self.gateway.get("/readyz")[1]])


@pytest.fixture(scope="module", params=["public", "internal"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("words")
    (folder / "policies").mkdir()
    (folder / "policies" / "book.md").write_text(f"# Food\n\n{PAPER} is a dish of {PAPER}.\n")
    with Upstream(script) as up:
        text = POLICY.format(url=up.url, key=hash_key(KEY), up_to=request.param)
        (folder / "policies" / "policy.yaml").write_text(text)
        with Gateway(folder / "policies", folder / "data", "--log-level", "debug") as gateway:
            yield Running(gateway, folder / "data", request.param)


@pytest.mark.parametrize("stream", [False, True])
def test_no_words_get_out(running: Running, stream: bool) -> None:
    kinds = ("", "refuse", "deny", "crash", "garbage", "finish", "break", "cut")
    for kind in kinds:
        running.ask(f"{kind} {ODD}", stream=stream)
        running.ask(f"{kind} {ODD} for {EMAIL}", stream=stream, user=EMAIL)
        running.ask(f"{kind} my key is {CREDENTIAL}", stream=stream)
        running.ask(f"{kind} what is {PAPER}", stream=stream, metadata={"about": "books"})
    running.ask("x", model=f"{ODD}-{CREDENTIAL}", stream=stream)
    running.ask("x", metadata={"note": f"{ODD} {CREDENTIAL}"}, stream=stream)
    running.ask("x", metadata={"note": EMAIL}, stream=stream)
    running.ask("x", tools=[{"type": "function", "function": {"name": ODD, "parameters": {}}}], stream=stream)
    running.ask(ODD, headers={"x-request-id": f"{ODD} {EMAIL}"}, stream=stream)
    said = running.told()
    assert "no-credentials" in said
    assert '"masked"' in said
    for words in (CREDENTIAL, CREDENTIAL[8:20], EMAIL, "zwirbelkraut", ODD, ECHO, PAPER):
        assert words not in said


def test_what_a_caller_wrote_beside_its_messages_is_kept_up_to_the_ledgers_clearance(
    running: Running,
) -> None:
    label = {"x-pointsman-sensitivity": "internal", "x-tier": "gold"}
    reply = running.ask("hello", model="old-thing", metadata={"note": "fine"}, headers=label)
    row = running.gateway.row(reply.headers["x-request-id"])
    kept = (row["request"]["model"], row["request"]["metadata"], row["request"]["headers"])
    if running.up_to == "internal":
        assert kept == ("old-thing", {"note": "fine"}, {"x-tier": "gold"})
        assert row["refusals"] == []
    else:
        assert kept == ("old-*", None, None)
        assert row["refusals"] == [{"kind": "ledger", "destination": "ledger", "label": "internal"}]
