from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.accounting.history import Window, journal_of, lines
from gateway.accounting.ledger import folder_of
from gateway.policy.schema import Policy
from gateway.types import Task
from tests.facts import facts
from tests.ledgers import NOW, USED, row, write
from tests.policies import MODELS, loaded

ALWAYS = Window()


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return loaded(
        tmp_path,
        models=MODELS.replace("clearance: internal", "price: {input: 2, output: 10}, clearance: internal"),
    )


def ids(data_dir: Path, window: Window = ALWAYS) -> list[str | None]:
    found = lines(journal_of(folder_of(data_dir)), window)
    return [None if line.row is None else line.row.id for line in found]


def test_a_row_comes_back_as_it_was_written(policy: Policy, tmp_path: Path) -> None:
    asked = facts(Task.CODING, sticky="ab12", metadata={"tier": "gold"})
    write(tmp_path, row(policy, asked, scores={"judge": 0.5}))
    (line,) = lines(journal_of(folder_of(tmp_path)))
    assert line.row is not None
    assert line.row.kept is not None
    caller, request, signals, decision, masked = line.row.kept
    assert (line.row.id, line.row.at, line.row.model) == ("r1", NOW, "small")
    assert (caller.name, caller.clearance) == ("anyone", "restricted")
    assert (request.model, request.sticky, request.metadata) == ("auto", "ab12", {"tier": "gold"})
    assert (signals.task.best, signals.input_tokens) == ("coding", 100)
    assert (decision.route, decision.candidates, masked) == ("rest", ("small", "house"), None)
    assert (line.row.usage, line.row.cost_usd) == (USED, Decimal("0.004"))
    assert line.row.scores == {"judge": 0.5}


def test_a_row_that_ended_before_its_decision_keeps_too_little(policy: Policy, tmp_path: Path) -> None:
    write(tmp_path, {**row(policy, facts()), "decision": None, "signals": None})
    (line,) = lines(journal_of(folder_of(tmp_path)))
    assert line.row is not None
    assert line.row.kept is None


@pytest.mark.parametrize(
    "torn", [b'{"id": "x", "at": "2026-11', b"\xff\xfe\n", b"[]\n", b'{"id": 1}\n', b"\n", b'{"id":"\xff"}\n']
)
def test_a_torn_line_is_told_and_hides_no_other(policy: Policy, tmp_path: Path, torn: bytes) -> None:
    write(tmp_path, row(policy, facts(), "a"))
    with journal_of(folder_of(tmp_path)).open("ab") as journal:
        journal.write(torn)
    write(tmp_path, row(policy, facts(), "b"))
    assert ids(tmp_path) == ["a", None, "b"]


def test_a_date_without_a_time_zone_is_no_row_of_ours(policy: Policy, tmp_path: Path) -> None:
    write(tmp_path, {**row(policy, facts()), "at": "2026-11-20T12:00:00"})
    assert ids(tmp_path) == [None]


def test_a_window_begins_with_since_and_ends_before_until(policy: Policy, tmp_path: Path) -> None:
    hours = [row(policy, facts(), str(n), at=NOW + timedelta(hours=n)) for n in range(5)]
    write(tmp_path, *hours)
    assert ids(tmp_path, Window(NOW + timedelta(hours=1), NOW + timedelta(hours=3))) == ["1", "2"]
    assert ids(tmp_path, Window(until=NOW + timedelta(hours=1))) == ["0"]


def test_rows_that_ended_out_of_order_are_found(policy: Policy, tmp_path: Path) -> None:
    slow = row(policy, facts(), "slow", at=NOW)
    write(tmp_path, row(policy, facts(), "quick", at=NOW + timedelta(minutes=50)), slow)
    assert ids(tmp_path, Window(NOW, NOW + timedelta(minutes=1))) == ["slow"]


def test_what_is_long_before_the_window_is_not_read(tmp_path: Path) -> None:
    """The journal is dated alone here, and has megabytes: its first lines are not asked for."""

    def dated() -> Iterator[bytes]:
        for n in range(40_000):
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
            yield json.dumps({"at": at.isoformat(), "filling": "x" * 80}).encode() + b"\n"

    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(b"".join(dated()))
    size = journal.stat().st_size
    since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30_000)
    first = next(iter(lines(journal, Window(since))))
    assert size * 0.4 < first.end < size * 0.75
    assert len(list(lines(journal, Window(since)))) >= 10_000


def test_the_last_line_may_be_written_just_now(policy: Policy, tmp_path: Path) -> None:
    write(tmp_path, row(policy, facts(), "a"))
    with journal_of(folder_of(tmp_path)).open("ab") as journal:
        journal.write(b'{"id": "b"')
    assert ids(tmp_path) == ["a", None]


def test_without_a_ledger_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(lines(journal_of(tmp_path)))


def test_a_window_may_begin_before_there_were_computers(policy: Policy, tmp_path: Path) -> None:
    write(tmp_path, row(policy, facts(), "a"))
    assert ids(tmp_path, Window(datetime.min.replace(tzinfo=UTC))) == ["a"]
