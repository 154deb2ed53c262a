"""Processes to measure: started, pinned to a core, waited for, and read from /proc."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType


class Process:
    """A child on one core; its output goes to a file that is shown when it fails to start."""

    def __init__(self, command: Sequence[str], core: int, log: Path) -> None:
        self._log = log
        with log.open("wb") as out:
            self._child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        pin(core, self._child.pid)

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.terminate()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def wait_for(self, port: int, path: str | None = None, seconds: float = 60.0) -> float:
        """Wait until the port listens, or `path` answers 200; the seconds that this took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self._child.poll() is not None:
                break
            if listens(port) if path is None else answers(port, path):
                return time.monotonic() - began
            time.sleep(0.02)
        raise SystemExit(f"it did not start:\n{self._log.read_text(errors='replace')[-4000:]}")

    def cpu(self) -> float:
        """Seconds of CPU that its threads have used, from the scheduler's own nanoseconds."""
        tasks = Path(f"/proc/{self._child.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> float:
        """Resident megabytes."""
        pages = int(Path(f"/proc/{self._child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def pin(core: int, pid: int = 0) -> None:
    """Keep a process on one core, where the system lets us and has more than one."""
    usable = sorted(os.sched_getaffinity(0)) if pid else list(range(os.cpu_count() or 1))
    if len(usable) > 1 or not pid:
        os.sched_setaffinity(pid, {core % (os.cpu_count() or 1)})


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
    version = ".".join(map(str, os.sys.version_info[:3]))  # type: ignore[attr-defined]
    return f"{model}, {os.cpu_count()} cores, load {load:.1f} before the run, Python {version}"
