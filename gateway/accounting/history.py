"""Reads the ledger's rows back, as values, a line at a time: whatever its length, it is never held whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from gateway.types import Api, Usage

LATE: Final = timedelta(hours=1)
"""A row is written when its request ends and dated by its start: so far behind others may it stand."""
_OLDEST: Final = datetime.fromtimestamp(0, UTC)  # nothing of ours is as old
_NEAR: Final = 1 << 20  # bytes that are read rather than halved again


class CallerRow(msgspec.Struct, frozen=True):
    """As `ledger.row_of` writes it; so are the others."""

    name: str
    team: str = ""
    label: str = "public"
    clearance: str = "public"
    admin: bool = False


class RequestRow(msgspec.Struct, frozen=True):
    """`headers` and `metadata` are None where the row does not keep them; a header that was not sent is null.
    The metadata of a request that was masked is masked too.

    `sticky` is None in rows that were written before it was kept; all of those were of chat completions.
    """

    label: str
    api: str = Api.CHAT
    model: str | None = None
    stream: bool = False
    sticky: str | None = None
    metadata: Mapping[str, str] | None = None
    headers: Mapping[str, str | None] | None = None


class GuessRow(msgspec.Struct, frozen=True):
    best: str
    probability: float
    unsure: bool
    probabilities: Mapping[str, float] = {}


class SignalsRow(msgspec.Struct, frozen=True):
    """`findings` are entity, class, message, start, end and confidence; a base that was not asked is null."""

    task: GuessRow
    freshness: GuessRow
    sensitivity: GuessRow
    findings: tuple[tuple[str, str, int, int, int, float], ...]
    language: str
    input_tokens: int
    unreadable: bool
    needs: frozenset[str]
    knowledge: Mapping[str, float | None] = {}
    difficulty: float | None = None
    injection: float | None = None
    refined: bool = False


class DecisionRow(msgspec.Struct, frozen=True):
    """`unserved`: none of its models was in service."""

    route: str | None
    reason: str
    candidates: tuple[str, ...] = ()
    blocked_by: str | None = None
    unserved: bool = False


class MaskedRow(msgspec.Struct, frozen=True):
    """The label that the request came with."""

    before: str


class Row(msgspec.Struct, frozen=True):
    """One request. Without `signals` or `decision` it ended before they were known.

    `scores` are what evaluators said of the answer, by their names.
    """

    id: str
    at: datetime
    caller: CallerRow | None
    request: RequestRow | None
    signals: SignalsRow | None
    decision: DecisionRow | None
    masked: MaskedRow | None = None
    model: str | None = None
    retrievals: tuple[msgspec.Raw, ...] = ()
    tools: tuple[msgspec.Raw, ...] = ()
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    unpriced: tuple[str, ...] = ()
    scores: Mapping[str, float] = {}

    @property
    def kept(self) -> Kept | None:
        """What a decision can be made of again; None where the row does not have it all."""
        caller, request, signals, decision = self.caller, self.request, self.signals, self.decision
        if caller is None or request is None or request.model is None or signals is None or decision is None:
            return None
        return Kept(caller, request, signals, decision, self.masked)


class Kept(NamedTuple):
    """The parts of a row that was decided."""

    caller: CallerRow
    request: RequestRow
    signals: SignalsRow
    decision: DecisionRow
    masked: MaskedRow | None


class _Dated(msgspec.Struct):
    at: datetime


_row = msgspec.json.Decoder(Row)
_dated = msgspec.json.Decoder(_Dated)


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` on, and before `until`; None leaves that side open. Both know their time zone."""

    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal: its row, or None where it is torn or no row; and where in the file it ends."""

    row: Row | None
    end: int


def journal_of(folder: Path) -> Path:
    """The journal in the ledger's folder."""
    return folder / "journal.jsonl"


def lines(journal: Path, window: Window = Window()) -> Iterator[Line]:
    """The journal's lines whose rows are in the window, and those that cannot be read.

    Raises:
        OSError: there is no journal, or it may not be read.
    """
    with journal.open("rb") as file:
        end = _start(file, window.since)
        file.seek(end)
        for line in file:
            end += len(line)
            row = _decoded(line)
            if row is None or row.at in window:
                yield Line(row, end)
            elif window.until is not None and row.at > window.until + LATE:
                return


def _decoded(line: bytes) -> Row | None:
    try:
        row = _row.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return row if row.at.tzinfo is not None else None


def _start(file: BinaryIO, since: datetime | None) -> int:
    """Where to begin reading: a line's start before which nothing is as late as `since`."""
    low, high = 0, file.seek(0, os.SEEK_END)
    if since is None:
        return low
    before = max(since, _OLDEST) - LATE
    while high - low > _NEAR:
        middle = (low + high) // 2
        at = _first_date(file, middle, high)
        if at is not None and at < before:
            low = middle
        else:
            high = middle
    return _line_start(file, low)


def _line_start(file: BinaryIO, offset: int) -> int:
    """The start of the first line that begins at `offset` or after it."""
    if offset == 0:
        return 0
    file.seek(offset - 1)
    file.readline()
    return file.tell()


def _first_date(file: BinaryIO, offset: int, end: int) -> datetime | None:
    """When the first row was that begins at `offset` or after it and before `end`; None: there is none."""
    file.seek(_line_start(file, offset))
    while file.tell() < end and (line := file.readline()):
        try:
            at = _dated.decode(line).at
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if at.tzinfo is not None:
            return at
    return None
