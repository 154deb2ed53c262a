"""The journal."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.accounting.ledger import JournalLedger, find_rows
from gateway.interfaces import Row
from gateway.labels import Cleared, NotCleared, clear
from gateway.policy.schema import Log
from gateway.types import Label


def passed(row: dict[str, Any], label: Label = Label.PUBLIC) -> Cleared[Row]:
    return clear(msgspec.json.encode(row), label, Log(), "ledger")


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_row_is_found_again_by_its_id(tmp_path: Path) -> None:
    ledger = JournalLedger(tmp_path)
    ledger.write(passed({"id": "a", "n": 1}))
    ledger.write(passed({"id": "b", "about": "a"}))
    assert list(find_rows(tmp_path, "a")) == [{"id": "a", "n": 1}]


def test_a_torn_line_hides_no_other_row(tmp_path: Path) -> None:
    JournalLedger(tmp_path).write(passed({"id": "a"}))
    with (tmp_path / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"id": "a", "torn')
    assert list(find_rows(tmp_path, "a")) == [{"id": "a"}]


def test_a_row_written_after_a_torn_line_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b'{"id": "a", "torn')
    JournalLedger(tmp_path).write(passed({"id": "b"}))
    assert list(find_rows(tmp_path, "b")) == [{"id": "b"}]


@pytest.mark.parametrize("room", [4, 0])
def test_a_row_written_after_one_that_the_disk_would_not_take_is_not_lost(tmp_path: Path, room: int) -> None:
    ledger = JournalLedger(tmp_path)
    ledger.write(passed({"id": "a"}))
    left = len(b'{"id":"a"}\n') + room
    with limited(left), pytest.raises(OSError, match="too large"):
        ledger.write(passed({"id": "b"}))
    ledger.write(passed({"id": "c"}))
    ledger.write(passed({"id": "d"}))
    assert (tmp_path / "journal.jsonl").read_bytes().splitlines()[-2:] == [b'{"id":"c"}', b'{"id":"d"}']
    assert b"\n\n" not in (tmp_path / "journal.jsonl").read_bytes()


def test_the_journal_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    JournalLedger(tmp_path)
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o077 == 0


def test_a_row_above_the_ledgers_clearance_cannot_be_made_fit_to_write() -> None:
    with pytest.raises(NotCleared):
        passed({"id": "a"}, Label.INTERNAL)
