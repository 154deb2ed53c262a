"""Finds values in a request, each with its place: numbers, dates, times, addresses, quotes, names. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and the characters of the request that it was read from."""

    value: Any
    start: int
    end: int


EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+")
URL = re.compile(r"https?://[^\s<>\"')\]]+")
QUOTED = re.compile(r"\"([^\"]{1,400})\"|“([^”]{1,400})”|(?<!\w)'([^']{1,400})'(?!\w)|«([^»]{1,400})»")
# A letter-and-digit token, as ticket and tracking numbers are written: INC-2041, NW481250, a1b2c3d4.
CODE = re.compile(r"(?<![\w@.-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*(?![\w@])")
_NUMBER = re.compile(r"(?<![\w.,:-])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w:]|[.,]\d|-\d)")

_FROM_ZERO = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty"""
_COUNT_WORDS = {word: n for n, word in enumerate(_FROM_ZERO.split())} | {
    "dozen": 12,
    "couple": 2,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
}
_COUNT = re.compile(rf"\b({'|'.join(_COUNT_WORDS)})\b", re.IGNORECASE)

_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DAY_MONTH = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+(\d{{4}}))?\b", re.IGNORECASE
)
_MONTH_DAY = re.compile(
    rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:)(?:,?\s+(\d{{4}}))?\b", re.IGNORECASE
)
_RELATIVE = re.compile(
    r"\b(?:the day after tomorrow|day after tomorrow|today|tonight|tomorrow|yesterday)\b", re.I
)
_WEEKDAY = re.compile(rf"\b(?:(next|this|on|last)\s+)?({'|'.join(_WEEKDAYS)})\b", re.IGNORECASE)
_IN_DAYS = re.compile(r"\bin (?:(\d{1,3})|(a|one|two|three|four|five|six)) (day|week)s?\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(\d{1,2})(?::(\d{2}))?\s*(am|pm|a\.m\.|p\.m\.)(?!\w)|\b([01]?\d|2[0-3]):([0-5]\d)\b", re.I
)
_NOON = re.compile(r"\b(noon|midday|midnight)\b", re.IGNORECASE)


def numbers(text: str) -> list[Found]:
    """Numbers in digits, then numbers in words; thousands may have commas."""
    found = []
    for m in _NUMBER.finditer(text):
        digits = m[0].replace(",", "")
        found.append(Found(float(digits) if "." in digits else int(digits), m.start(), m.end()))
    spelled = [Found(_COUNT_WORDS[m[1].lower()], m.start(), m.end()) for m in _COUNT.finditer(text)]
    return found + spelled


def dates(text: str, today: date) -> list[Found]:
    """Days, whichever way they are written; one without a year is the next to come."""
    found: list[Found] = []

    def add(m: re.Match[str], day: date | None) -> None:
        if day is not None and not any(f.start < m.end() and m.start() < f.end for f in found):
            found.append(Found(day, m.start(), m.end()))

    for m in _ISO_DATE.finditer(text):
        add(m, _day(int(m[1]), int(m[2]), int(m[3])))
    for m in _DAY_MONTH.finditer(text):
        add(m, _dated(m[3], _month(m[2]), int(m[1]), today))
    for m in _MONTH_DAY.finditer(text):
        add(m, _dated(m[3], _month(m[1]), int(m[2]), today))
    for m in _RELATIVE.finditer(text):
        shift = {"tomorrow": 1, "yesterday": -1, "today": 0, "tonight": 0}.get(m[0].lower(), 2)
        add(m, today + timedelta(days=shift))
    for m in _WEEKDAY.finditer(text):
        add(m, _weekday(m[2], (m[1] or "").lower(), today))
    for m in _IN_DAYS.finditer(text):
        count = int(m[1]) if m[1] else _COUNT_WORDS.get(m[2].lower(), 1)
        add(m, today + timedelta(days=count * (7 if m[3].lower() == "week" else 1)))
    return sorted(found, key=lambda f: f.start)


def times(text: str) -> list[Found]:
    """Times of day as HH:MM."""
    found = []
    for m in _CLOCK.finditer(text):
        if m[3]:
            hour = int(m[1]) % 12 + (12 if m[3].lower().startswith("p") else 0)
            found.append(Found(f"{hour:02}:{m[2] or '00'}", m.start(), m.end()))
        else:
            found.append(Found(f"{int(m[4]):02}:{m[5]}", m.start(), m.end()))
    noon = {"midnight": "00:00"}
    found += [Found(noon.get(m[1].lower(), "12:00"), m.start(), m.end()) for m in _NOON.finditer(text)]
    return sorted(found, key=lambda f: f.start)


def quoted(text: str) -> list[Found]:
    return [Found(next(g for g in m.groups() if g), m.start(), m.end()) for m in QUOTED.finditer(text)]


def matches(pattern: re.Pattern[str], text: str) -> list[Found]:
    return [Found(m[0].rstrip(".,;:!?"), m.start(), m.end()) for m in pattern.finditer(text)]


def _month(name: str) -> int:
    return _MONTH_NAMES.index(name[:3].lower()) + 1


def _dated(year: str | None, month: int, day: int, today: date) -> date | None:
    if year:
        return _day(int(year), month, day)
    this_year = _day(today.year, month, day)
    return this_year if this_year is None or this_year >= today else _day(today.year + 1, month, day)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _weekday(name: str, which: str, today: date) -> date:
    """The coming one (never today); `last` is the one before; `next` is the coming one, too."""
    ahead = (_WEEKDAYS.index(name.lower()) - today.weekday()) % 7 or 7
    return today + timedelta(days=ahead - 7 if which == "last" else ahead)
