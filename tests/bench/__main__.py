"""Measures the gateway beside HAProxy and the bare upstream, all in one run: `python -m tests.bench`.

`--client` measures the connection pool alone. The load generator and the upstream share one core, what is
measured has the other. Trust the ratios: the numbers depend on the machine and on who else is busy on it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.bench.client import measure_pool
from tests.bench.load import Run, load, quantile
from tests.bench.process import Process, free_port, machine, pin
from tests.bench.prompts import bodies
from tests.bench.table import Row, forwarding, print_table
from tests.bench.upstream import EVENTS

HERE = Path(__file__).parent
LOAD_CORE, SUBJECT_CORE = 0, 1
_HAPROXY = """
global
    nbthread 1
    maxconn 2000
defaults
    mode http
    option http-no-delay
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend front
    bind 127.0.0.1:{port}
    default_backend back
backend back
    server upstream 127.0.0.1:{upstream} maxconn 1000
"""


@dataclass(frozen=True, slots=True)
class Options:
    seconds: float
    connections: int
    streams: int


@contextmanager
def upstream(folder: Path) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.upstream", str(port)]
    with Process(command, LOAD_CORE, folder / "upstream.log") as process:
        process.wait_for(port)
        yield port


@contextmanager
def haproxy(folder: Path, to: int) -> Iterator[tuple[Process, int]]:
    port, config = free_port(), folder / "haproxy.cfg"
    config.write_text(_HAPROXY.format(port=port, upstream=to))
    with Process(["haproxy", "-f", str(config), "-db"], SUBJECT_CORE, folder / "haproxy.log") as process:
        process.wait_for(port)
        yield process, port


@contextmanager
def gateway(folder: Path, policy: str, to: int) -> Iterator[tuple[Process, int, float]]:
    """The gateway as a user starts it; and the seconds until it listened."""
    port, own = free_port(), folder / policy
    shutil.copytree(HERE / policy, own)
    file = own / "policy.yaml"
    file.write_text(file.read_text().replace("18777", str(to)))
    flags = ["--policies", str(own), "--port", str(port), "--data-dir", str(folder / f"{policy}-data")]
    flags += ["--allow-private", "127.0.0.1"]  # where the upstream is
    command = [str(Path(sys.executable).with_name("pointsman")), "serve", *flags]
    with Process(command, SUBJECT_CORE, folder / f"{policy}.log") as process:
        started = process.wait_for(port)
        process.wait_for(port, "/readyz")
        yield process, port, started


async def measure(name: str, port: int, options: Options, process: Process | None) -> Row:
    """Whole answers, then streams, then one of each at a time; the first second of each only warms up."""
    whole, whole_cpu = await _load(port, False, options.connections, options.seconds, process)
    stream, stream_cpu = await _load(port, True, options.streams, options.seconds, process)
    for run in (whole, stream):
        if run.failed:
            raise SystemExit(f"{name}: {len(run.failed)} requests failed, the first with {run.failed[0]!r}")
    alone, _ = await _load(port, False, 1, 1.0, process)
    alone_stream, _ = await _load(port, True, 1, options.seconds, process)
    per_request = whole_cpu / len(whole.took)
    return Row(
        name=name,
        rate=whole.rate,
        cpu_request=per_request * 1e6 if process else None,
        cpu_event=max(0.0, stream_cpu / len(stream.took) - per_request) / EVENTS * 1e6 if process else None,
        median=quantile(alone.took, 0.5) * 1e3,
        p99=quantile(alone.took, 0.99) * 1e3,
        first_median=quantile(stream.first, 0.5) * 1e3,
        first_p99=quantile(stream.first, 0.99) * 1e3,
        way_median=quantile(alone_stream.way, 0.5) * 1e3,
        way_p99=quantile(alone_stream.way, 0.99) * 1e3,
        memory=process.memory() if process else None,
    )


async def _load(
    port: int, stream: bool, connections: int, seconds: float, process: Process | None
) -> tuple[Run, float]:
    await load(port, bodies(stream), connections=connections, seconds=min(1.0, seconds))
    before = process.cpu() if process else 0.0
    run = await load(port, bodies(stream), connections=connections, seconds=seconds)
    return run, (process.cpu() if process else 0.0) - before


def run(options: Options) -> list[Row]:
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        port = stack.enter_context(upstream(folder))
        rows.append(uvloop.run(measure("direct", port, options, None)))
        if shutil.which("haproxy"):
            with haproxy(folder, port) as (process, at):
                rows.append(uvloop.run(measure("HAProxy", at, options, process)))
        else:
            print("HAProxy is not installed: no row for it (Debian: apt install haproxy).")
        for policy, name in (("policy", "pointsman"), ("embedder", "pointsman + embedder")):
            with gateway(folder, policy, port) as (process, at, started):
                print(f"{name} listened after {started:.1f} s.")
                rows.append(uvloop.run(measure(name, at, options, process)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=16, help="for whole answers")
    parser.add_argument("--streams", type=int, default=8, help="at once")
    parser.add_argument("--client", action="store_true", help="only the connection pool's CPU a call")
    asked = parser.parse_args()
    print(machine())
    pin(LOAD_CORE)
    if asked.client:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, upstream(Path(folder)) as port:
            pin(SUBJECT_CORE)
            print(uvloop.run(measure_pool(port)))
        return
    rows = run(Options(asked.seconds, asked.connections, asked.streams))
    print_table(rows)
    print(*forwarding(rows), sep="\n")


if __name__ == "__main__":
    main()
