"""The journal and its rows."""

from __future__ import annotations

from pathlib import Path

from gateway.accounting.ledger import JournalLedger, find_rows


def test_a_row_is_found_again_by_its_id(tmp_path: Path) -> None:
    ledger = JournalLedger(tmp_path)
    ledger.write({"id": "a", "n": 1})
    ledger.write({"id": "b", "about": "a"})
    assert list(find_rows(tmp_path, "a")) == [{"id": "a", "n": 1}]


def test_a_torn_line_hides_no_other_row(tmp_path: Path) -> None:
    JournalLedger(tmp_path).write({"id": "a"})
    with (tmp_path / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"id": "a", "torn')
    assert list(find_rows(tmp_path, "a")) == [{"id": "a"}]


def test_a_row_written_after_a_torn_line_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b'{"id": "a", "torn')
    JournalLedger(tmp_path).write({"id": "b"})
    assert list(find_rows(tmp_path, "b")) == [{"id": "b"}]


def test_the_journal_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    JournalLedger(tmp_path)
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o077 == 0
