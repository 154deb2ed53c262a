"""What a run found, as JSON: the machine, versions, settings, every round, medians, memory, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.bench.curves import Curve
from tests.bench.rounds import Result


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked of the benchmark."""

    seconds: float
    rounds: int
    soak: int
    only: tuple[str, ...]
    curves: bool


@dataclass(frozen=True, slots=True)
class Report:
    """`missing`: what could not be measured here, and how to get it."""

    date: str
    machine: str
    cores: int
    settings: Settings
    subjects: Mapping[str, Result]
    missing: Sequence[str] = ()
    curves: Sequence[Curve] = field(default_factory=tuple)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "bench.json"
        file.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")
        return file
