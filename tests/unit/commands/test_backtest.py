from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gateway.accounting.history import Window
from gateway.commands.backtest import backtest, moment, policy_of
from gateway.types import Task
from tests.facts import facts
from tests.ledgers import NOW, row, write
from tests.policies import MODELS, loaded
from tests.policies import write as write_policy

CODE = "routes: [{name: code, when: task == coding, model: house}, {name: rest, model: small}]\n"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("90m", NOW - timedelta(minutes=90)),
        (" 2w ", NOW - timedelta(weeks=2)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00+02:00", datetime(2026, 11, 1, 8, tzinfo=timezone(timedelta(hours=2)))),
        ("999999w", datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_a_time_is_so_long_ago_or_a_date(text: str, at: datetime) -> None:
    assert moment(text, NOW) == at


@pytest.mark.parametrize("text", ["", "7", "7y", "-7d", "yesterday", "1.5d", "2026-13-01"])
def test_what_is_no_time_is_said_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 7d"):
        moment(text, NOW)


def test_a_window_of_the_ledger_is_replayed_and_no_more_than_the_limit(tmp_path: Path) -> None:
    old = loaded(tmp_path)
    rows = [row(old, facts(Task.CODING), str(n), at=NOW + timedelta(days=n)) for n in range(5)]
    write(tmp_path, *rows)
    new = policy_of(write_policy(tmp_path, routes=CODE), ())
    whole = backtest(new, tmp_path, Window(NOW + timedelta(days=1)))
    assert (whole.revision, whole.report.counts.rows, whole.report.counts.changed) == (new.revision, 4, 4)
    assert backtest(new, tmp_path, Window(), limit=2).report.counts.rows == 2
    assert backtest(new, tmp_path, Window(NOW + timedelta(days=9))).report.counts.rows == 0


def test_progress_is_told_up_to_the_end_of_the_journal(tmp_path: Path) -> None:
    policy = loaded(tmp_path)
    write(tmp_path, *[row(policy, facts(), str(n)) for n in range(3)])
    told: list[tuple[int, int]] = []
    backtest(policy, tmp_path, Window(), progress=lambda read, size: told.append((read, size)))
    size = (tmp_path / "ledger" / "journal.jsonl").stat().st_size
    assert told[0][0] < size
    assert told[-1] == (size, size)


def test_a_policy_is_tried_without_its_secrets_and_servers(tmp_path: Path) -> None:
    needs = MODELS.replace(
        "clearance: internal", "clearance: internal, api_key: '${OPENAI_API_KEY}', if_available: true"
    )
    assert not policy_of(write_policy(tmp_path, models=needs), ()).models["small"].disabled
