"""Measures how long a policy folder takes to load: `python -m tests.bench.loading [--profile]`.

A folder of N routes has N/4 models, N/10 knowledge bases and tool sources, N/2 callers and 10 guards; no two
conditions are alike. Each load is in a process of its own, as at start, where nothing is remembered; the
figure of a reload is the second load in that process. The fastest of several runs counts; where the
processor's time is far less than the wall's, other work on the machine had the rest.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from rich.console import Console
from rich.table import Table

from gateway.policy.language.load import load
from gateway.types import Label, Task

SIZES = (50, 200, 500)
RUNS = 5
TASKS, LABELS = list(Task), list(Label)


def write(folder: Path, size: int) -> Path:
    """A policy of `size` routes."""
    folder.mkdir()
    (folder / "models.yaml").write_text(_models(max(size // 4, 2)))
    (folder / "sources.yaml").write_text(_sources(max(size // 10, 1)))
    (folder / "callers.yaml").write_text(_callers(size // 2))
    (folder / "routes.yaml").write_text(_guards(10) + _routes(size))
    return folder


def _models(count: int) -> str:
    entries = (
        f"  - name: model-{i}\n    target: openai-compatible/model-{i}\n    base_url: http://h{i}:8000/v1\n"
        f"    clearance: {LABELS[i % 4].word}\n    price: {{input: 0.25, output: 2.00}}\n"
        "    timeouts: {connect: 2s, first_token: 10s, idle: 15s, total: 2m}\n"
        for i in range(count)
    )
    return "models:\n" + "".join(entries)


def _sources(count: int) -> str:
    bases = (
        f"  - {{name: base{i}, documents: base{i}/**/*.md, label: internal, refresh: 1h}}\n"
        for i in range(count)
    )
    tools = (
        f"  - name: tool{i}\n    mcp: {{url: 'https://tool{i}.example.com/mcp'}}\n    allow: [find, open]\n"
        "    writes: [open]\n    examples: {find: [Where is it?, Find it for me]}\n"
        "    replies: {find: 'It is {status}[, since {since}].'}\n"
        for i in range(count)
    )
    return "knowledge:\n" + "".join(bases) + "tools:\n" + "".join(tools)


def _callers(count: int) -> str:
    entries = (
        f"  - {{name: caller-{i}, key_sha256: {sha256(b'%d' % i).hexdigest()}, team: team-{i % 9},"
        " may_use: [auto, 'route/*']}\n"
        for i in range(count)
    )
    return "callers:\n" + "".join(entries)


def _guards(count: int) -> str:
    entries = (
        f"  - name: guard-{i}\n    block: No.\n"
        f'    when: sensitivity >= confidential && caller.team == "team-{i}"\n'
        for i in range(count)
    )
    return "guards:\n" + "".join(entries)


def _routes(count: int) -> str:
    entries = (
        f"  - name: route-{i}\n    about: What the {i}th kind of request needs.\n"
        f"    when: task == {TASKS[i % len(TASKS)].value}"
        f' && (input_tokens > {i} || caller.team == "team-{i}")\n'
        f"    retrieve: {{from: [base0], top: 4}}\n    model: [model-{i % 2}, model-1]\n"
        for i in range(count)
    )
    return "routes:\n" + "".join(entries) + "  - {name: rest, model: [model-0, model-1]}\n"


def times(folder: Path) -> list[float]:
    """Milliseconds of the first load in a new process and of the second, by the wall and by processor."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.loading", "--once", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(time) for time in json.loads(done.stdout)]


def once(folder: Path) -> list[float]:
    taken = []
    for _ in range(2):
        began, worked = perf_counter(), process_time()
        load(folder, secrets={})
        taken += [(perf_counter() - began) * 1000, (process_time() - worked) * 1000]
    return taken


def profile(folder: Path) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(load, folder, secrets={})
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(35)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--once", type=Path, help="load this folder twice and print the milliseconds")
    options.add_argument("--profile", action="store_true", help="show where the time of 200 routes goes")
    asked = options.parse_args()
    if asked.once is not None:
        print(json.dumps(once(asked.once)))
        return
    with TemporaryDirectory() as scratch:
        if asked.profile:
            profile(write(Path(scratch) / "200", 200))
            return
        table = Table(
            "routes", "files (KB)", "first load (ms)", "processor", "reload (ms)", "processor", box=None
        )
        for size in SIZES:
            folder = write(Path(scratch) / str(size), size)
            fastest = [min(taken) for taken in zip(*(times(folder) for _ in range(RUNS)), strict=True)]
            bulk = sum(path.stat().st_size for path in folder.iterdir()) / 1024
            table.add_row(str(size), f"{bulk:.0f}", *(f"{time:.0f}" for time in fastest))
        Console().print(table)


if __name__ == "__main__":
    main()
