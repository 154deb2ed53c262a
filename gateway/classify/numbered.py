"""How a rule for an official number is made: from a shape with a check digit, or from words before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from gateway.classify.rule import Check, Hit, Match, Rule, caught

Valid = Callable[[str], bool]
_FEWEST: Final = 5  # digits: fewer is a year or a page
_DATE: Final = re.compile(r"(?:19|20)\d\d[-/. ]\d\d?[-/. ]\d\d?.*|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d")
_BOUND: Final = r"(?:\b|_)"


def _spotted(entity: str, valid: Valid) -> Check:
    """The shape is telling enough: the check digit decides."""

    def check(match: Match) -> Iterator[Hit]:
        value = caught(match)
        if (
            len(set(filter(str.isdigit, value))) > 1
            and valid(value)
            and not (" " in value and _goes_on(match))
        ):
            yield Hit(entity, match.start(1), match.end(1), 0.9)

    return check


def _goes_on(match: Match) -> bool:
    """Whether groups of digits stand before or after it: it is a part of a longer number."""
    text: bytes = match.string
    start, end = match.start(1), match.end(1)
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    return (before[-1:] == b" " and before[:1].isdigit()) or (after[:1] == b" " and after[1:].isdigit())


def _told(entity: str, valid: Valid | None, strict: bool) -> Check:
    """Words before it name the number: a wrong check digit (a slip of the pen) makes it less sure only."""

    def check(match: Match) -> Iterator[Hit]:
        value = caught(match)
        if _numbered(value) and not _DATE.fullmatch(value):
            right = valid is None or valid(value)
            if right or not strict:
                yield Hit(entity, match.start(1), match.end(1), 0.9 if right else 0.6)

    return check


def _numbered(value: str) -> bool:
    digits = sum(map(str.isdigit, value))
    return digits >= _FEWEST or (digits >= 2 and len(value) >= 8 and value.isalnum() and value.isupper())


def shaped(entity: str, pattern: str, valid: Valid) -> Rule:
    """A rule for a number that its shape gives away."""
    bounded = r"(?:^|[^\w.-])(" + pattern + r")(?:$|[^\w-])"
    return Rule(r"\b" + pattern, bounded, _spotted(entity, valid))


def named(entity: str, words: str, pattern: str, valid: Valid | None = None, *, strict: bool = False) -> Rule:
    r"""A rule for a number that the words before it give away.

    A space in `words` stands for what joins a name's parts in code too, `\b` for a name's edge. `strict`
    asks for the check digit where the words have another meaning as well.
    """
    named_so = "(?i)(?:" + words.replace(" ", "[ _-]?").replace(r"\b", _BOUND) + ")"
    between = r"[^\d\n]{0,28}?(?:[^A-Za-z0-9\n]|[^\x00-\x7f])"
    return Rule(named_so, named_so + between + "(" + pattern + r")\b", _told(entity, valid, strict))
