"""A gateway started as a user starts it: the installed command, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

COMMAND = Path(sys.executable).parent / "pointsman"
START_SECONDS = 60.0


class Gateway:
    """`with Gateway(policies, data_dir) as gateway:` waits until /readyz says that everything is loaded."""

    def __init__(
        self,
        policies: Path,
        data_dir: Path,
        *options: str,
        environment: Mapping[str, str] | None = None,
        wait: bool = True,
        reach: tuple[str, ...] = ("127.0.0.1",),
    ) -> None:
        self._command = [
            *(str(COMMAND), "serve", "--policies", str(policies), "--data-dir", str(data_dir)),
            *("--port", "0", "--allow-stdio", *options),
            *(word for host in reach for word in ("--allow-private", host)),
        ]
        # No key of the machine's: what is not named here is not there.
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._environment = {**keep, **(environment or {})}
        self._data_dir, self._wait = data_dir, wait
        self.output = ""
        self.log: list[str] = []
        self.url = ""

    def __enter__(self) -> Gateway:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment
        )
        threading.Thread(target=self._follow, daemon=True).start()
        self._read_banner()
        if self._wait:
            self.until(lambda: self.get("/readyz")[0] == 200, "ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Ends it as a service manager does, and gives its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def _follow(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line)

    def _read_banner(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
            found = re.search(r"listens on (http://\S+)/v1", self.output)
            if found and line.startswith("  curl"):
                self.url = found[1]
                return
        raise AssertionError(f"the gateway did not start:\n{self.output}{''.join(self.log)}")

    def until(self, true: Any, what: str, seconds: float = START_SECONDS) -> None:
        """Waits until `true()` is."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end or self._process.poll() is not None:
                raise AssertionError(f"not {what} after {seconds} s:\n{''.join(self.log)[-4000:]}")
            time.sleep(0.05)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def rows(self) -> list[dict[str, Any]]:
        """The ledger's rows."""
        journal = self._data_dir / "ledger" / "journal.jsonl"
        return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []

    def row(self, request_id: str) -> dict[str, Any]:
        (row,) = [row for row in self.rows() if row["id"] == request_id]
        return row

    def metric(self, name: str, /, **labels: str) -> float:
        """The sum of a metric's samples whose labels are these."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
            if found:
                own = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[1] or ""))
                if labels.items() <= own.items():
                    total += float(found[2])
        return total
