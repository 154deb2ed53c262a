"""A Prometheus that scrapes one gateway every second, and answers queries."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

START_SECONDS = 30.0


def binary(name: str) -> str:
    """Where a program of Debian's package prometheus is; without it a test is skipped, but never in CI."""
    found = shutil.which(name)
    if found is None:
        missing = f"{name} is not installed (on Debian: apt install prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


class Prometheus:
    """`with Prometheus(folder, gateway.url) as prometheus:` has scraped once, and goes on until the end."""

    def __init__(self, folder: Path, target: str) -> None:
        folder.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{address}"
        jobs = [
            {"job_name": "pointsman", "static_configs": [{"targets": [target.removeprefix("http://")]}]},
        ]
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
        self._log = folder / "prometheus.log"
        self._command = [
            binary("prometheus"),
            *(f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"),
            f"--web.listen-address={address}",
        ]

    def __enter__(self) -> Prometheus:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        end = time.monotonic() + START_SECONDS
        while not self._ready():
            if time.monotonic() > end or self._process.poll() is not None:
                self.__exit__(None, None, None)
                raise AssertionError(f"prometheus did not start:\n{self._log.read_text()[-4000:]}")
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(20)

    def _ready(self) -> bool:
        """Whether it has scraped: it learns of its targets some seconds after it answers."""
        try:
            return bool(self.query("up == 1"))
        except (OSError, AssertionError):
            return False

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The series that an expression gives now, each with `metric` (its labels) and `value`."""
        body = urllib.parse.urlencode({"query": expr}).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query", body, timeout=10) as reply:
                result: list[dict[str, Any]] = json.load(reply)["data"]["result"]
                return result
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expr}\n{error.read().decode()}") from error
