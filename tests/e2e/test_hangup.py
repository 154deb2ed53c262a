"""A hang-up: the policy is read again, unless it is the terminal that has gone."""

from __future__ import annotations

import os
import pty
import signal
import time
from pathlib import Path

from tests.folder import policy_folder
from tests.running import COMMAND, Gateway
from tests.upstream import Upstream


def test_sighup_reads_the_policy_again_at_once(tmp_path: Path) -> None:
    with Upstream() as up:
        folder = policy_folder(tmp_path / "policies", up.url)
        with Gateway(folder, tmp_path / "data", "--reload-every", "3600") as gateway:
            os.kill(gateway.pid, signal.SIGHUP)
            gateway.until(
                lambda: gateway.metric("pointsman_policy_reloads_total", result="loaded") == 1, "read"
            )


def test_a_gateway_ends_with_the_terminal_that_it_runs_in(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path / "policies", "http://models.example/v1")
    words = ["serve", "--policies", str(folder), "--data-dir", str(tmp_path / "data"), "--port", "0"]
    process, terminal = pty.fork()
    if process == 0:
        os.execv(str(COMMAND), [str(COMMAND), *words])  # noqa: S606
    said = b""
    while b"Try:" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    end = time.monotonic() + 20
    while (ended := os.waitpid(process, os.WNOHANG)) == (0, 0) and time.monotonic() < end:
        time.sleep(0.05)
    if ended == (0, 0):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    assert ended[0] == process
    assert os.WIFEXITED(ended[1])  # by itself; a signal would have lost what was running
