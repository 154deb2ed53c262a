"""Where a span that was found by tokens begins and ends in the text."""

from __future__ import annotations

import re
from typing import Final

from gateway.classify.tokenised import Tokens

_JOINED: Final = re.compile(r"(?:[-'’/‑–][^\W_]+)+")  # behind a word: of the same word
_JOINS: Final = re.compile(r"(?:[^\W_]+[-'’/‑–])+$")
_MORE: Final = re.compile(
    r"(?: (?!I\b)[A-ZÀ-ÖØ-ÞĀ-ŽА-Я][^\W\d_]+(?:-[^\W\d_]+)*| [A-ZÀ-ÖØ-Þ]\.){1,3}(?!['’]?[\w@])"
)
_INITIALS: Final = re.compile(r"(?:\b[^\W\d_a-z]\.[ -]?)+$")
_POSSESSIVE: Final = re.compile(r"['’]s$")
_EDGES: Final = " \t\r\n,;:.!?()[]{}<>\"'“”„«»|/*=_-–—#"


def spelled(text: str, read: Tokens, first: int, end: int, entity: str) -> tuple[int, int]:
    """Character offsets of the tokens from `first` to before `end`, with what is written together with them.

    Signs at the edges are no part of it; nothing is left of a run of signs.
    """
    start, stop = int(read.starts[first]), int(read.ends[end - 1])
    inner = text[start:stop]
    stop = start + len(inner.rstrip(_EDGES))
    start += len(inner) - len(inner.lstrip(_EDGES))
    if start >= stop:
        return start, start
    joined = _JOINED.match(text, stop)
    if joined:
        stop = joined.end()
    joins = _JOINS.search(text, max(start - 40, 0), start)
    if joins:
        start = joins.start()
    if entity == "person":
        return _named(text, start, stop)
    return start, stop


def _named(text: str, start: int, stop: int) -> tuple[int, int]:
    """With the names that follow, initials before and behind, and without a possessive s."""
    more = _MORE.match(text, stop)
    if more and text[start:stop][:1].isupper():
        stop = more.end()
    if _POSSESSIVE.search(text, start, stop):
        stop -= 2
    initials = _INITIALS.search(text, max(start - 12, 0), start)
    if initials:
        start = initials.start()
    if text[stop : stop + 1] == "." and re.search(r"(?:^|[ .])[^\W\d_]$", text[start:stop]):
        stop += 1
    return start, stop
