"""An append-only journal of rows: one for every request."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gateway.accounting.history import journal_of
from gateway.interfaces import Row
from gateway.labels import Cleared


class JournalLedger:
    """Appends rows to `journal.jsonl` below a folder; a row is with the kernel when `write` returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = journal_of(folder)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._torn = _is_torn(path)

    def write(self, row: Cleared[Row]) -> None:
        """Raises OSError where the disk will not take it; what it took of the row is a torn line then."""
        data = b"\n" * self._torn + row.value + b"\n"
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        finally:
            if written:
                self._torn = data[written - 1 : written] != b"\n"

    def close(self) -> None:
        os.close(self._fd)


def _is_torn(path: Path) -> bool:
    """Whether the last line has no end: a crash in mid-write."""
    with path.open("rb") as journal:
        size = journal.seek(0, os.SEEK_END)
        if not size:
            return False
        journal.seek(-1, os.SEEK_END)
        return journal.read(1) != b"\n"


def folder_of(data_dir: Path) -> Path:
    """Where the ledger is, below the gateway's data folder."""
    return data_dir / "ledger"


def find_rows(folder: Path, request_id: str) -> Iterator[dict[str, Any]]:
    """The rows of a request, oldest first. A torn line (a crash or a full disk) is passed over."""
    needle = request_id.encode()
    with journal_of(folder).open("rb") as lines:
        for line in lines:
            if needle not in line:
                continue
            try:
                row = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                continue
            if row.get("id") == request_id:
                yield row
