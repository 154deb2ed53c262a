"""A subject while it is measured: a process that listens, and stands still outside of its turns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.process import Process, free_port

LOAD_CORE: Final = 0
SUBJECT_CORE: Final = 1


@dataclass(frozen=True, slots=True)
class Running:
    """A subject that listens. Without a process it is the upstream itself."""

    name: str
    port: int
    process: Process | None = None
    version: str = ""
    settings: str = ""
    started: float = 0.0  # seconds until it listened

    @contextmanager
    def turn(self) -> Iterator[None]:
        """It runs; outside of its turns it is stopped, so that nothing of it disturbs others."""
        if self.process:
            self.process.resume()
        try:
            yield
        finally:
            if self.process:
                self.process.pause()


Start = Callable[[Path, int], AbstractContextManager[Running]]
"""Runs a subject with its files in a folder, in front of the upstream at a port."""


@contextmanager
def running(start: Start, folder: Path, to: int) -> Iterator[Running]:
    """A subject, stopped until its first turn."""
    folder.mkdir(parents=True)
    with start(folder, to) as at:
        if at.process:
            at.process.pause()
        yield at


@contextmanager
def upstream(folder: Path) -> Iterator[tuple[Process, int]]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.upstream", str(port)]
    with Process(command, LOAD_CORE, folder / "upstream.log") as process:
        process.wait_for(port)
        yield process, port
