"""Measures `policy backtest` over a ledger of random requests: `python -m tests.bench.backtest [ROWS]`.

Two policies of 50 routes and 5 guards, whose routes differ in their order and in some models.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from gateway.accounting.history import Window
from gateway.classify.entities import finding
from gateway.commands.backtest import backtest
from gateway.commands.estimate import estimated_label
from gateway.policy.evaluate import Facts, guard
from gateway.policy.schema import Policy
from gateway.policy.vocabulary import CLASSES
from gateway.types import Caller, Finding, Freshness, Guess, Label, Signals, Task, Usage
from tests.ledgers import NOW, append, row
from tests.policies import loaded

ROWS = 100_000
CALLERS = [Caller(f"app-{n}", f"team-{n % 7}", clearance=Label(n % 4)) for n in range(20)]
ENTITIES = [entity for entities in CLASSES.values() for entity in entities]
MODEL = """\
  - name: {name}
    target: openai-compatible/{name}
    base_url: http://h:1/v1
    clearance: {clearance}
    price: {{input: {input}, output: {output}}}
"""
MODELS = "models:\n" + "".join(
    MODEL.format(name=name, clearance=clearance, input=price[0], output=price[1])
    for name, clearance, price in (
        ("small", "internal", (0.25, 2)),
        ("strong", "confidential", (5, 25)),
        ("house", "restricted", (1, 1)),
    )
)
GUARDS = """\
guards:
  - {name: no-keys, when: '"private_key" in findings', block: Take it out.}
  - name: mask-contact
    when: sensitivity == confidential && caller.team != "team-3"
    mask: [contact, identity]
    lowers_to: internal
  - {name: mask-accounts, when: '"account" in findings', mask: [account], lowers_to: internal}
  - {name: no-cards, when: '"payment_card" in findings && caller.team == "team-1"', block: No cards.}
  - {name: long, when: input_tokens > 1000000, block: Too long.}
"""


def policy(folder: Path, random: Random) -> Policy:
    """50 routes in random order."""
    tasks = [task.value for task in Task]
    routes = []
    for n in range(49):
        where = [
            f"task == {tasks[n % 14]}",
            f"freshness >= {random.choice(list(Freshness)).word}",
            f"input_tokens > {random.choice((100, 1000, 4000))}",
            f'caller.team == "team-{n % 7}"',
        ]
        when = " && ".join(random.sample(where, 2))
        models = random.sample(["small", "strong", "house"], 3)
        routes.append(f"  - {{name: route-{n}, when: '{when}', model: [{', '.join(models)}]}}\n")
    random.shuffle(routes)
    last = "  - {name: rest, model: [small, strong, house]}\n"
    folder.mkdir()
    return loaded(folder, models=MODELS, guards=GUARDS, routes="routes:\n" + "".join(routes) + last)


def facts(random: Random) -> Facts:
    task, freshness = random.choice(list(Task)), random.choice(list(Freshness))
    found: tuple[Finding, ...] = ()
    if random.random() < 0.4:
        found = tuple(finding(random.choice(ENTITIES), 0, 3, 9, 0.9) for _ in range(random.randint(1, 4)))
    label = max((f.label for f in found), default=Label.PUBLIC)
    signals = Signals(
        task=Guess(task, 0.8, random.random() < 0.1, {task.value: 0.8, "chit_chat": 0.2}),
        freshness=Guess(freshness, 0.8, random.random() < 0.1, {freshness.word: 0.8, "static": 0.2}),
        sensitivity=Guess(label, 0.9, False, {label.word: 0.9}),
        findings=found,
        language="en",
        input_tokens=random.randint(10, 6000),
        unreadable=False,
        needs=frozenset(),
    )
    return Facts(signals, random.choice(CALLERS), "auto", label, sticky=f"{random.getrandbits(16):04x}")


def rows(old: Policy, count: int, random: Random) -> Iterator[dict[str, Any]]:
    for n in range(count):
        asked = facts(random)
        used = Usage(input=asked.signals.input_tokens, output=random.randint(1, 800))
        masked = estimated_label(guard(old, asked).masking, asked.signals.findings, asked.label, Label.PUBLIC)
        scores = {"valid_json": float(random.random() < 0.9)} if n % 10 == 0 else None
        at = NOW + timedelta(seconds=n)
        yield row(old, asked, f"{n:024x}", at=at, usage=used, masked=masked, scores=scores)


def main(count: int) -> None:
    with TemporaryDirectory() as name:
        folder, random = Path(name), Random(7)
        old, new = policy(folder / "old", random), policy(folder / "new", random)
        append(folder / "data", rows(old, count, random))
        size = (folder / "data" / "ledger" / "journal.jsonl").stat().st_size
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started, busy = perf_counter(), process_time()
        report = backtest(new, folder / "data", Window()).report
        seconds, cpu = perf_counter() - started, process_time() - busy
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"{count:,} rows ({size / 1e6:.0f} MB) in {seconds:.2f} s ({cpu:.2f} s of processor time)")
        print(f"{count / seconds:,.0f} rows/s; memory grew by {grown / 1024:.0f} MiB")
        print(f"{report.counts.changed:,} of {report.counts.replayed:,} decisions change")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
