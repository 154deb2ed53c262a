"""The gateway as it is measured: `pointsman serve` with a policy of the benchmark's."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from tests.bench.load import KEY
from tests.bench.process import Process, free_port
from tests.bench.running import SUBJECT_CORE, Running, Start

HERE: Final = Path(__file__).parent
POLICIES: Final = HERE / "policies"
_ROOT: Final = HERE.parent.parent
_NO_HASH: Final = "0" * 64  # where a policy of ours wants the key's hash
_SETTINGS: Final = "keys, classification, policy, ledger, metrics; one worker, its own defaults"
_FLAGS: Final = ("--allow-private", "127.0.0.1", "--allow-stdio", "--max-requests", "8000")


def gateway(name: str, policy: str, tree: Path = _ROOT) -> Start:
    """With the policy of ours that is called so; `tree` is the checkout whose gateway runs."""

    def start(folder: Path, to: int) -> AbstractContextManager[Running]:
        return serve(name, filled(policy, folder / "policy", to), folder, tree)

    return start


def filled(policy: str, folder: Path, to: int) -> Path:
    """A copy of a policy of ours that knows the key and the upstream's port."""
    shutil.copytree(POLICIES / policy, folder)
    file = folder / "policy.yaml"
    file.write_text(file.read_text().replace("18777", str(to)).replace(_NO_HASH, hash_of(KEY)))
    return folder


@contextmanager
def serve(name: str, policies: Path, folder: Path, tree: Path = _ROOT) -> Iterator[Running]:
    """With a policy folder, whose upstreams are on this machine."""
    port = free_port()
    command = [sys.executable, "-P", "-c", "from gateway.cli import main; main()", "serve", *_FLAGS]
    command += ["--policies", str(policies), "--port", str(port), "--data-dir", str(folder / "data")]
    path = os.pathsep.join(filter(None, (str(tree.resolve()), os.environ.get("PYTHONPATH"))))
    around = {"PYTHONPATH": path, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with Process(command, SUBJECT_CORE, folder / "log", around) as process:
        started = process.wait_for(port)
        process.wait_for(port, "/readyz")
        yield Running(name, port, process, _revision(tree), _SETTINGS, started)


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _revision(tree: Path) -> str:
    """The commit of a checkout, with a + where files differ from it."""
    command = ["git", "-C", str(tree), "describe", "--always", "--dirty=+"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
