"""`pointsman tune train`: fits a head, with progress to see."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress, TaskID

from gateway.backends.minilm import MiniLM
from gateway.labels import clear
from gateway.parts import IN_PROCESS_EMBEDDER
from gateway.tuning.command import train_command
from gateway.tuning.report import Report
from gateway.types import Label


def train(name: str, examples: Path, holdout: Path | None, to: Path) -> str:
    """Fits a head and writes it; the report as text.

    Raises:
        ValueError: the name or the rows cannot be used.
        OSError: a file cannot be read or written.
    """
    return asyncio.run(_train(name, examples, holdout, to)).text()


async def _train(name: str, examples: Path, holdout: Path | None, to: Path) -> Report:
    embedder = MiniLM(threads=os.cpu_count() or 1)

    async def embed(texts: tuple[str, ...]) -> NDArray[np.float32]:
        return await embedder.embed(clear(texts, Label.RESTRICTED, IN_PROCESS_EMBEDDER, "embedder"))

    with Progress(console=Console(stderr=True), transient=True) as shown:
        bars: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = shown.add_task(what)
            shown.update(bars[what], completed=done, total=total)

        try:
            return await train_command(name, examples, holdout, to, embed, progress=progress)
        finally:
            await embedder.close()
