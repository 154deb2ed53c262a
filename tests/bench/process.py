"""Processes to measure: started on a core, waited for, stopped between turns, and read from /proc."""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

_SCHEDULED = 2  # CPUCLOCK_SCHED of linux/posix-timers.h: what the scheduler gave, in nanoseconds
_PLAIN = {"PYTHONDONTWRITEBYTECODE": ""}  # bytecode is kept, as at users': a start does not compile again
PATIENCE = 180.0  # seconds that a start may take: 100,000 keys have to be read
CORES = sorted(os.sched_getaffinity(0))  # those that were given to this process before it pinned itself


class Process:
    """A child on one core; its output goes to a file that is shown when it fails to start."""

    def __init__(
        self, command: Sequence[str], core: int, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("wb") as out, on(core):
            self._child = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **_PLAIN, **(env or {})}
            )
        self._clock = (~self._child.pid << 3) | _SCHEDULED

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.resume()
        self._child.terminate()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def wait_for(self, port: int, path: str | None = None, seconds: float = PATIENCE) -> float:
        """Wait until the port listens, or `path` answers 200; the seconds that this took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self._child.poll() is not None:
                break
            if listens(port) if path is None else answers(port, path):
                return time.monotonic() - began
            time.sleep(0.02)
        raise SystemExit(f"it did not start:\n{self.said()}")

    def said(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-4000:]

    def pause(self) -> None:
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def cpu(self) -> float:
        """Seconds of CPU that it has used, threads that have ended included."""
        return time.clock_gettime(self._clock)

    def memory(self) -> float:
        """Resident megabytes."""
        pages = int(Path(f"/proc/{self._child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def pin(core: int) -> None:
    """Keep this process, and what it starts, on one core: the first, second … of those it may use."""
    os.sched_setaffinity(0, {CORES[core % len(CORES)]})


@contextmanager
def on(core: int) -> Iterator[None]:
    """What is started meanwhile stays on this core from its first instruction."""
    before = os.sched_getaffinity(0)
    pin(core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def core_busy(core: int) -> float:
    """Seconds that the core has worked for anybody since the machine started, to a hundredth."""
    name = f"cpu{CORES[core % len(CORES)]} "
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(name))
    user, nice, system, _idle, _wait, irq, soft, *_ = map(int, line.split()[1:])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def machine() -> str:
    """The machine in a line."""
    info = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "?"
    )
    load = os.getloadavg()[0]
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores, load {load:.1f} before the run, {system}"
