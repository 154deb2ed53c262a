"""Whom the gateway is measured beside, each as its own documentation says to run it for speed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bench.load import KEY
from tests.bench.process import Process, free_port
from tests.bench.running import SUBJECT_CORE, Running

PEERS: Final = Path(__file__).parent / "peers"
ENVIRONMENTS: Final = Path(sys.prefix) / "bench"  # of those that are Python packages: `make bench-peers`


@contextmanager
def direct(folder: Path, to: int) -> Iterator[Running]:
    yield Running("direct", to, settings="no proxy: the load generator asks the upstream")


@contextmanager
def haproxy(folder: Path, to: int) -> Iterator[Running]:
    port = free_port()
    config = _filled(PEERS / "haproxy.cfg", folder, port=port, upstream=to)
    version = _first_line(["haproxy", "-v"]).split(" ")[2]
    with Process(["haproxy", "-f", str(config), "-db"], SUBJECT_CORE, folder / "log") as process:
        started = process.wait_for(port)
        yield Running("haproxy", port, process, version, "nbthread 1, http-reuse always, no log", started)


@contextmanager
def envoy(folder: Path, to: int) -> Iterator[Running]:
    port, binary = free_port(), str(_envoy())
    config = _filled(PEERS / "envoy.yaml", folder, port=port, upstream=to)
    version = _first_line([binary, "--version"]).split("/")[-4]
    flags = ["-c", str(config), "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
    with Process([binary, *flags], SUBJECT_CORE, folder / "log") as process:
        started = process.wait_for(port)
        yield Running("envoy", port, process, version, "concurrency 1, no access log, no admin page", started)


@contextmanager
def litellm(folder: Path, to: int) -> Iterator[Running]:
    """The settings are those of its page "Production Best Practices", as far as they need no other server."""
    port = free_port()
    config = _filled(PEERS / "litellm.yaml", folder, upstream=to, key=KEY)
    around = {
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "127.0.0.1",
        "HOME": str(folder),
    }
    settings = (
        "1 uvicorn worker, a master key, no database, no Redis, no callbacks, num_retries 0, "
        "LITELLM_MODE=PRODUCTION, LITELLM_LOG=ERROR, without the package litellm-enterprise"
    )
    command = [str(_litellm()), "--host", "127.0.0.1", "--port", str(port), "--config", str(config)]
    with Process([*command, "--telemetry", "False"], SUBJECT_CORE, folder / "log", around) as process:
        started = process.wait_for(port, "/health/liveliness")
        yield Running("litellm", port, process, _litellm_version(), settings, started)


def no_haproxy() -> str | None:
    return None if shutil.which("haproxy") else "HAProxy is not installed (Debian: apt install haproxy)"


def no_envoy() -> str | None:
    return None if _envoy().exists() else "Envoy is not installed (make bench-peers)"


def no_litellm() -> str | None:
    return None if _litellm().exists() else "the litellm proxy is not installed (make bench-peers)"


def _envoy() -> Path:
    packages = (ENVIRONMENTS / "envoy").glob("lib/python*/site-packages/envoy/_bin/envoy")
    return next(packages, ENVIRONMENTS / "envoy" / "absent")


def _litellm() -> Path:
    return ENVIRONMENTS / "litellm" / "bin" / "litellm"


def _litellm_version() -> str:
    about = (ENVIRONMENTS / "litellm").glob("lib/python*/site-packages/litellm-[0-9]*.dist-info")
    return next(about).name.removeprefix("litellm-").removesuffix(".dist-info")


def _filled(template: Path, folder: Path, **values: object) -> Path:
    made = folder / template.name
    made.write_text(template.read_text().format(**values))
    return made


def _first_line(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return next(line for line in done.stdout.splitlines() if line.strip())
