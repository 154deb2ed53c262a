"""Tells a marked text anew with other names and figures, so that not they but their surroundings teach.

The names and addresses of `examples/pool.json` were made with Faker (MIT), for seventy languages and
countries.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from unicodedata import name

from gateway.classify.marked import Marked, Span
from gateway.classify.rows import EXAMPLES

POOL: Final = EXAMPLES / "pool.json"
_UNSPACED: Final = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA")


@dataclass(frozen=True, slots=True)
class Locale:
    """First names, last names, and addresses of one language or country."""

    first: Sequence[str]
    last: Sequence[str]
    places: Sequence[str]


Pool = Mapping[str, Sequence[Locale]]


def pool(path: Path = POOL) -> Pool:
    """The locales by script."""
    found: dict[str, list[Locale]] = defaultdict(list)
    for each in json.loads(path.read_text(encoding="utf-8")).values():
        found[_script(each["first"][0])].append(Locale(each["first"], each["last"], each["places"]))
    return found


def _script(text: str) -> str:
    letter = next(filter(str.isalpha, text), "A")
    return name(letter, "LATIN").split()[0]


def swapped(row: Marked, among: Pool, draw: random.Random) -> Marked:
    """The row with its spans' text replaced, the same word always by the same."""
    known: dict[str, str] = {}
    parts: list[str] = []
    spans: list[Span] = []
    at = size = 0
    for entity, start, end in sorted(row.spans, key=lambda span: span[1]):
        if start < at:
            continue
        new = _NEW[entity](row.text[start:end], among, known, draw)
        parts += row.text[at:start], new
        size += start - at
        spans.append((entity, size, size + len(new)))
        size += len(new)
        at = end
    return replace(row, text="".join([*parts, row.text[at:]]), spans=tuple(spans))


def lowered(row: Marked) -> Marked:
    """The row as somebody writes it who uses no capitals."""
    small = row.text.lower()
    return replace(row, text=small) if len(small) == len(row.text) else row


def _person(text: str, among: Pool, known: dict[str, str], draw: random.Random) -> str:
    script = _script(text)
    if script not in among:
        return text
    place = draw.choice(among[script])
    if script in _UNSPACED and text.isalnum():
        return (
            draw.choice(place.last) + draw.choice(place.first) if len(text) > 1 else draw.choice(place.last)
        )
    words = re.findall(r"[^\W\d_]{2,}(?:[-'’][^\W\d_]+)*", text)
    for number, word in enumerate(words):
        key = word.lower()
        if key not in known and (len(words) == 1 or word[:1].isupper() or text.islower()):
            names = place.first if number == 0 and draw.random() < 0.9 else place.last
            known[key] = draw.choice(names)
    return re.sub(
        r"[^\W\d_]{2,}(?:[-'’][^\W\d_]+)*", lambda m: _as(m[0], known.get(m[0].lower(), m[0])), text
    )


def _as(word: str, new: str) -> str:
    """In the same case."""
    return new.lower() if word.islower() else new.upper() if word.isupper() else new


def _place(text: str, among: Pool, known: dict[str, str], draw: random.Random) -> str:
    script = _script(text)
    if script not in among or draw.random() < 0.5:
        return _figures(text, among, known, draw)
    return _as(text, draw.choice(draw.choice(among[script]).places))


def _figures(text: str, among: Pool, known: dict[str, str], draw: random.Random) -> str:
    """Other figures: years stay years, and days days."""

    def other(match: re.Match[str]) -> str:
        figures = match[0]
        if len(figures) == 4 and figures[:2] in ("19", "20"):
            return str(draw.randint(1931, 2019))
        if len(figures) <= 2 and figures.isascii():
            most = 12 if int(figures) <= 12 else 28 if int(figures) <= 31 else 99
            return str(draw.randint(1 if most < 28 else 13, most)).zfill(len(figures))
        return "".join(draw.choice("0123456789") if f.isascii() else f for f in figures)

    return re.sub(r"\d+", other, text)


_NEW: Final[Mapping[str, Callable[[str, Pool, dict[str, str], random.Random], str]]] = {
    "person": _person,
    "street_address": _place,
    "date_of_birth": _figures,
    "age_with_name": _figures,
}
