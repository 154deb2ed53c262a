"""Reloads under load: no request is lost, none mixes two policies, and nothing is left behind.

40 reloads, or 1,000 with POINTSMAN_NIGHTLY=1.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.access.keys import hash_key
from gateway.policy.language.load import files_of, revision_of
from tests.folder import KEY
from tests.keepalive import Answered, KeepAlive
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream

NIGHTLY = os.environ.get("POINTSMAN_NIGHTLY") == "1"
RELOADS = 1_000 if NIGHTLY else 40
RATE = 200  # requests a second
CONNECTIONS = 16
# Names that left the policy keep their metrics for a while, up to a bound that a fifth of 1,000 reloads
# reaches and a fifth of 40 does not; and malloc gives back whole pages only.
MORE_MEMORY = 12 * 2**20

# Every name differs from one policy to the next: whatever an answer tells must come from one and the same.
POLICY = """\
models:
  - name: model-{n}
    target: openai-compatible/upstream-{n}
    base_url: {url}
    clearance: internal
    retries: 0
knowledge:
  - {{name: book, documents: "*.md", refresh: {hours}h}}
callers:
  - {{name: app, key_sha256: {key}, team: team-{n}, clearance: internal}}
routes:
  - {{name: route-{n}, retrieve: {{from: [book], when_empty: go_on}}, model: model-{n}}}
"""
BROKEN = POLICY + "  - {{name: route-{n}, model: nobody}}\n"


@dataclass
class Folder:
    """The policy folder; knows which policy has which revision."""

    path: Path
    urls: tuple[str, str]
    number_of: dict[str, int] = field(default_factory=dict)

    def write(self, n: int, text: str = POLICY) -> str:
        """Put policy `n` in place, whole; its revision."""
        whole = text.format(n=n, url=self.urls[n % 2], key=hash_key(KEY), hours=1 + n // 5)
        fresh = self.path / ".fresh"
        fresh.write_text(whole)
        fresh.replace(self.path / "policy.yaml")
        revision = revision_of(files_of(self.path))
        if text == POLICY:
            self.number_of[revision] = n
        return revision


@pytest.fixture
def ups() -> Iterator[tuple[Upstream, Upstream]]:
    def named(which: str) -> Upstream:
        def script(request: Recorded) -> Reply:
            slow = 0.1 if request.question == "slow" else 0.0
            return Reply(f"{request.body['model']} {which}", between=slow)

        return Upstream(script)

    with named("even") as even, named("odd") as odd:
        yield even, odd


@dataclass
class Traffic:
    """Asks as many times a second over connections that stay open; every 20th answer streams slowly."""

    url: str
    folder: Folder
    asked: int = 0
    told: list[str] = field(default_factory=list)  # what went wrong
    going: asyncio.Event = field(default_factory=asyncio.Event)
    busy: int = 0

    async def run(self) -> None:
        await asyncio.gather(*(self._worker(number) for number in range(CONNECTIONS)))

    async def _worker(self, number: int) -> None:
        pause = CONNECTIONS / RATE
        due = time.monotonic() + pause * number / CONNECTIONS
        async with KeepAlive(self.url) as connection:
            for turn in itertools.count(number):
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not self.going.is_set():
                    await self.going.wait()
                    due = time.monotonic()
                due += pause
                self.busy += 1
                try:
                    self._check(await self._ask(connection, slow=turn % 20 == 0))
                finally:
                    self.busy -= 1

    async def _ask(self, connection: KeepAlive, slow: bool) -> Answered:
        self.asked += 1
        say = [{"role": "user", "content": "slow" if slow else "How long may I return it?"}]
        body = json.dumps({"model": "auto", "messages": say, "stream": slow}).encode()
        return await connection.post("/v1/chat/completions", body, {"authorization": f"Bearer {KEY}"})

    def _check(self, answer: Answered) -> None:
        n = self.folder.number_of.get(answer.headers.get("x-pointsman-policy", ""), -1)
        of_one = {
            "x-pointsman-route": f"route-{n}",
            "x-pointsman-model": f"model-{n}",
        }
        told = {name: answer.headers.get(name) for name in of_one}
        text = f"upstream-{n} {('even', 'odd')[n % 2]}"
        if (answer.status, told) != (200, of_one) or answer.text != text:
            self.told.append(f"{answer.status} {n} {told} {answer.body!r}")

    async def rest(self) -> None:
        """Let what runs end; nothing new begins."""
        self.going.clear()
        while self.busy:  # noqa: ASYNC110 (an event would be set and cleared for each request)
            await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Held:
    """What the gateway's process holds."""

    rss: int
    files: int
    sockets: int
    threads: int
    tasks: int

    @classmethod
    async def by(cls, gateway: Gateway) -> Held:
        """Once requests have ended and what only they used has been closed."""
        await asyncio.sleep(1.0)
        process = Path(f"/proc/{gateway.pid}")
        pages = int((process / "statm").read_text().split()[1])
        opened = [os.readlink(link) for link in (process / "fd").iterdir()]
        sockets = sum(name.startswith("socket:") for name in opened)
        return cls(
            pages * os.sysconf("SC_PAGE_SIZE"),
            len(opened) - sockets,
            sockets,
            len(list((process / "task").iterdir())),
            int(await asyncio.to_thread(gateway.metric, "pointsman_tasks")),
        )


async def until_in_force(gateway: Gateway, control: KeepAlive, revision: str, error: bool) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        state = json.loads((await control.get("/readyz")).body)["policy"]
        if state["revision"] == revision and (state["last_reload_error"] is not None) == error:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{revision} is not in force:\n{''.join(gateway.log)[-3000:]}")


async def reload_under_load(gateway: Gateway, folder: Folder) -> tuple[Traffic, Held, Held]:
    traffic = Traffic(gateway.url, folder)
    asking = asyncio.create_task(traffic.run())
    traffic.going.set()
    early: Held | None = None
    async with KeepAlive(gateway.url) as control:
        for n in range(1, RELOADS + 1):
            if n % 10 == 0:
                good = revision_of(files_of(folder.path))
                folder.write(n, BROKEN)
                os.kill(gateway.pid, signal.SIGHUP)
                await until_in_force(gateway, control, good, error=True)
            revision = folder.write(n)
            if n % 4:  # every fourth is seen by looking
                os.kill(gateway.pid, signal.SIGHUP)
            await until_in_force(gateway, control, revision, error=False)
            await asyncio.sleep(random.uniform(0, 0.1))  # meets requests at every moment of theirs
            if n == RELOADS // 5:
                await traffic.rest()
                early = await Held.by(gateway)
                traffic.going.set()
    await traffic.rest()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert early is not None
    return traffic, early, await Held.by(gateway)


@pytest.mark.timeout(900 if NIGHTLY else 120)
def test_reloads_under_load_lose_no_request_mix_no_policies_and_leave_nothing_behind(
    ups: tuple[Upstream, Upstream], tmp_path: Path
) -> None:
    folder = Folder(tmp_path / "policies", (ups[0].url, ups[1].url))
    folder.path.mkdir()
    (folder.path / "book.md").write_text("# Returns\n\nYou may return an item for 30 days.\n")
    folder.write(0)
    with Gateway(folder.path, tmp_path / "data", "--reload-every", "0.05") as gateway:
        started = time.monotonic()
        traffic, early, late = asyncio.run(reload_under_load(gateway, folder))
        seconds = time.monotonic() - started
        print(f"\n{traffic.asked} requests, {RELOADS} reloads in {seconds:.1f} s")
        print(f"after a fifth: {early}\nat the end:    {late}")
        assert traffic.told == []
        assert gateway.metric("pointsman_policy_reloads_total", result="loaded") >= RELOADS
        assert gateway.metric("pointsman_policy_reloads_total", result="refused") == RELOADS // 10
        assert gateway.metric("pointsman_ledger_rows_total") == traffic.asked
    asked = sum(len(up.requests) for up in ups)
    assert asked == traffic.asked
    assert late.rss - early.rss < MORE_MEMORY
    assert late.files <= early.files + 4  # SQLite keeps some that it may not close yet, and uses them again
    assert late.sockets <= early.sockets + CONNECTIONS  # to upstreams they stay open for half a minute
    assert late.threads <= early.threads + 2  # the loop starts a helper when all it has are busy
    assert late.tasks <= early.tasks
