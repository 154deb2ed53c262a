"""The ledger's traffic through another policy: every decision anew, and no model called."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from gateway.accounting.cost import packaged_prices, prices_of
from gateway.accounting.history import Window, journal_of, lines
from gateway.accounting.ledger import folder_of
from gateway.commands.change import why
from gateway.commands.comparison import Comparison, Report
from gateway.commands.replay import Replayer
from gateway.policy.language.load import load
from gateway.policy.language.secrets import secrets_from
from gateway.policy.schema import Policy

_LENGTH: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EVERY: Final = 500  # lines between two reports of progress

Progress = Callable[[int, int], None]
"""Bytes of the journal that are read, and all there are."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """The report, and what it is about."""

    revision: str
    window: Window
    report: Report


def moment(text: str, now: datetime) -> datetime:
    """`7d` (so long ago: s, m, h, d, w), or a date or time as ISO 8601 writes it, in UTC unless it says else.

    Raises:
        ValueError: it is neither; the message says what would be.
    """
    if match := _LENGTH.fullmatch(text.strip()):
        return _ago(now, timedelta(**{_UNITS[match[2]]: int(match[1])}))
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"'{text}' is no time: write it like 7d, 12h, 2026-11-01 or 2026-11-01T08:00"
        ) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _ago(now: datetime, length: timedelta) -> datetime:
    earliest = datetime.min.replace(tzinfo=UTC)
    return now - length if length < now - earliest else earliest


def policy_of(folder: Path, secrets: Sequence[str]) -> Policy:
    """The policy in a folder, as if every secret were set and every server there: nothing is called.

    Raises:
        PolicyMistakes: it has mistakes.
    """
    return load(folder, secrets=secrets_from(os.environ, secrets), assume_secrets=True)


def backtest(
    policy: Policy,
    data_dir: Path,
    window: Window,
    limit: int | None = None,
    progress: Progress = lambda read, size: None,
) -> Backtest:
    """Replays the window's rows, no more than `limit` of them from its beginning.

    Raises:
        OSError: there is no ledger, or it may not be read.
    """
    journal = journal_of(folder_of(data_dir))
    size = journal.stat().st_size
    replayer = Replayer(policy)
    comparison = Comparison(prices_of(policy.models.values(), packaged_prices()), partial(why, policy))
    for n, line in enumerate(lines(journal, window)):
        if n == limit:
            break
        if line.row is None:
            comparison.torn()
        else:
            comparison.add(line.row, replayer.replay(line.row))
        if n % _EVERY == 0:
            progress(line.end, size)
    progress(size, size)
    return Backtest(policy.revision, window, comparison.report())
