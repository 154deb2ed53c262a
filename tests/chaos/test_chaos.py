"""Mixed traffic over upstreams that fail at random: nobody hangs, nothing is cut short and called whole.

A minute in CI; `make chaos` lasts twenty, or MINUTES. POINTSMAN_SEED repeats a run's choices.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.conversations.memory import MOST
from tests.endpoints import ANSWERING, CHAT, MESSAGES, RESPONSES, At
from tests.line import Heard, Line
from tests.running import Gateway
from tests.upstream import FOREVER, Recorded, Reply, Upstream, failure

SECONDS = 60.0 * float(os.environ.get("POINTSMAN_CHAOS_MINUTES", "1"))
SEED = int(os.environ.get("POINTSMAN_SEED", "0")) or random.randrange(1, 2**31)
CALLERS = 12
TOTAL = 3.0  # seconds that the routes give a request, all of it together
GRACE = 2.0  # seconds for a busy machine
GROWTH = 40_000_000  # bytes of memory that may be more afterwards, of what the process keeps for later
KNOWN = 300  # … and for each answer, by whose digest its conversation is known, up to MOST of them
END = "and this is the END"
TEXT = " ".join(f"word{n}" for n in range(30)) + " " + END
_ENTRY = """\
    clearance: restricted
    timeouts: {connect: 500ms, first_token: 700ms, idle: 700ms, total: 2500ms}
    circuit: {rest: 200ms, longest: 1s}
    price: {input: 1.0, output: 10.0}
"""
POLICY = """\
responses: {keep: 30s}
models:
  - name: pair
    target: openai-compatible/pair
    deployments: [PAIR]
    concurrency: {limit: 4, queue: 4, wait: 500ms}
ENTRY  - name: spare
    target: openai-compatible/spare
    base_url: SPARE
ENTRYroutes:
  - name: held
    when: 'request.metadata["held"] == "yes"'
    model: [pair, spare]
    hold_back: all
    timeouts: {total: 3s}
  - name: rest
    model: [pair, spare]
    timeouts: {total: 3s}
"""
DONE = {  # an answer that reached its limit is whole, too
    CHAT: (b"[DONE]",),
    RESPONSES: (b"response.completed", b"response.incomplete"),
    MESSAGES: (b"message_stop",),
}
BROKEN = {
    CHAT: (b'data: {"error":',),
    RESPONSES: (b"event: response.failed", b"event: error"),
    MESSAGES: (b"event: error",),
}


def policy(pair: str, spare: str) -> str:
    return POLICY.replace("ENTRY", _ENTRY).replace("PAIR", pair).replace("SPARE", spare)


def fault(chance: random.Random) -> Reply:
    """Well six times in ten."""
    if chance.random() < 0.6:
        return Reply(TEXT, between=chance.choice([0.0, 0.0, 0.002]))
    return chance.choice(
        [
            failure(500),
            failure(503),
            failure(429, retry_after="0"),
            failure(429, retry_after="30"),
            failure(401),
            failure(400, "too hot", code="too_hot"),
            failure(400, "too long", code="context_length_exceeded"),
            Reply(reset=True),
            Reply(raw=b"<html>Traceback</html>"),
            Reply(TEXT, cut_after=chance.randrange(12)),
            Reply(TEXT, stall_after=chance.randrange(12)),
            Reply(TEXT, before_headers=FOREVER),
            Reply(TEXT, before_first=chance.uniform(0.1, 1.5)),
            Reply(TEXT, malformed_at=chance.randrange(5)),
            Reply(TEXT, error_at=chance.randrange(12)),
            Reply(TEXT, done=False),
            Reply(TEXT, split=7),
            Reply(TEXT, keep_alive=False),
            Reply(TEXT, finish="length"),
        ]
    )


@dataclass
class Seen:
    """What the callers saw, all of them together."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, end: str, wrong: str = "") -> None:
        with self.lock:
            self.ends[end] += 1
            if wrong:
                self.wrong.append(wrong)


def caller(url: str, number: int, until: float, seen: Seen) -> None:
    chance = random.Random(SEED + number)
    while time.monotonic() < until:
        at, stream, began = chance.choice(ANSWERING), chance.random() < 0.6, time.monotonic()
        said = f"{number} {chance.random()}: what is it?"
        metadata = {"held": "yes"} if chance.random() < 0.3 and at is not MESSAGES else {}
        try:
            with Line(url, TOTAL + 2 * GRACE) as line:
                body = at.body(said, stream=stream, **({"metadata": metadata} if metadata else {}))
                line.ask("POST", at.path, body, **at.key)
                if chance.random() < 0.1:
                    time.sleep(chance.random() * 0.3)
                    seen.add("left")
                    continue
                heard = line.hear()
        except (OSError, EOFError) as error:
            seen.add("nothing", f"{at} stream={stream}: {error!r} after {time.monotonic() - began:.1f} s")
            continue
        took = time.monotonic() - began
        late = f"{at} stream={stream} took {took:.1f} s" if took > TOTAL + GRACE else ""
        end, wrong = judged(at, stream, heard)
        seen.add(end, wrong or late)


def judged(at: At, stream: bool, heard: Heard) -> tuple[str, str]:
    """How it ended, and what is wrong with that."""
    if heard.status != 200:
        error = json.loads(heard.body)["error"]
        known = 400 <= heard.status < 600 and heard.status != 500 and error["message"]
        return str(heard.status), "" if known else f"{heard.status} {heard.body[:200]!r}"
    whole = END.encode().split()[-1] in heard.body
    if not stream:
        return "whole", "" if whole else f"a whole answer without its end: {heard.body[-200:]!r}"
    done, broken = (any(mark in heard.body for mark in marks[at]) for marks in (DONE, BROKEN))
    if done and whole and not broken:
        return "streamed", ""
    if broken and not done:
        return "broken", ""
    return "odd", f"{at}: done {done}, whole {whole}, broken {broken}: {heard.body[-300:]!r}"


def sockets(pid: int) -> int:
    found = 0
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += os.readlink(each).startswith("socket:")
        except OSError:
            continue
    return found


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.timeout(SECONDS + 240)
def test_whatever_upstreams_do_every_request_ends_in_time_and_in_one_piece(tmp_path: Path) -> None:
    chance, well = random.Random(SEED), threading.Event()

    def script(request: Recorded) -> Reply:
        return Reply(TEXT) if well.is_set() else fault(chance)

    (tmp_path / "policies").mkdir()
    with Upstream(script) as a, Upstream(script) as b, Upstream(script) as c:
        (tmp_path / "policies" / "policy.yaml").write_text(policy(f"{a.url}, {b.url}", c.url))
        with Gateway(tmp_path / "policies", tmp_path / "data") as gateway:
            traffic(gateway, 3.0, Seen())  # what is made at first use is there now
            before, memory = sockets(gateway.pid), resident(gateway.pid)
            seen = Seen()
            traffic(gateway, SECONDS, seen)
            print(f"seed {SEED}: {dict(seen.ends)}")
            assert not seen.wrong, f"seed {SEED}, {len(seen.wrong)} wrong:\n" + "\n".join(seen.wrong[:10])
            assert seen.ends["whole"]
            assert seen.ends["streamed"]
            assert seen.ends["broken"]
            well.set()
            gateway.until(lambda: healthy(gateway), "well", 30)
            assert all(healthy(gateway) for _ in range(20))
            gateway.until(lambda: sockets(gateway.pid) <= before, f"at {before} sockets again", 60)
            answers = min(seen.ends["whole"] + seen.ends["streamed"], MOST)
            grown = resident(gateway.pid) - memory
            print(f"{grown / 1e6:.1f} MB more after {seen.ends.total():,} requests")
            assert grown < GROWTH + KNOWN * answers
            accounted(gateway, seen)
            failed = [
                line for line in gateway.log if "failed inside the gateway" in line or "Traceback" in line
            ]
            assert not failed
            assert gateway.stop() in (0, -signal.SIGTERM)


def traffic(gateway: Gateway, seconds: float, seen: Seen) -> None:
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=caller, args=(gateway.url, n, until, seen), daemon=True)
        for n in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 60)
        assert not thread.is_alive(), "a caller hangs"


def healthy(gateway: Gateway) -> bool:
    with Line(gateway.url) as line:
        line.ask("POST", CHAT.path, CHAT.body("are you well?"), **CHAT.key)
        heard = line.hear()
    return heard.status == 200 and END.encode() in heard.body


def accounted(gateway: Gateway, seen: Seen) -> None:
    """Each request once, and each cent once; what the last callers left may still be on its way."""
    rows = gateway.rows()
    assert len({row["id"] for row in rows}) == len(rows)
    assert len(rows) >= sum(seen.ends.values()) - seen.ends["left"]
    for row in rows:
        lines = sum((Decimal(line["usd"]) for line in row["costs"]), Decimal(0))
        assert lines == Decimal(row["cost_usd"]), row
        answers = [tried for tried in row["tries"] if tried["outcome"] == "ok"]
        assert len(answers) <= 1, "one answer a request"
        assert row["outcome"] != "ok" or len(answers) == 1
        assert all(re.fullmatch(r"[a-z_]+", tried["outcome"]) for tried in row["tries"])
    total = sum(float(row["cost_usd"]) for row in rows)
    assert abs(gateway.metric("pointsman_cost_usd_total") - total) < 1e-6
