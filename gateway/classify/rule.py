"""What a detector rule is: a cheap trigger, a pattern, and a check of what the pattern caught."""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple


class Hit(NamedTuple):
    """Something found, by offsets: bytes of the UTF-8 text where a rule gives it, then characters."""

    entity: str
    start: int
    end: int
    confidence: float


Match = Any  # a match of google-re2 over bytes: it has no types
Check = Callable[[Match], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`trigger` and `pattern` are RE2 syntax over UTF-8, so both are linear in the text.

    All triggers are tried in one pass; a pattern runs only within `reach` bytes of where its trigger occurs,
    so what it must see to match (not all that it may catch) is shorter than that. `tries` bounds how many
    catches of one text are checked, for a check that takes long and whose finds are not restricted.
    """

    trigger: str
    pattern: str
    check: Check
    tries: int = sys.maxsize
    reach: int = 448


def caught(match: Match, group: int = 1) -> str:
    """A group's text."""
    raw: bytes | None = match.group(group)
    return (raw or b"").decode("utf-8", "replace")


def whole(entity: str, confidence: float = 0.95, group: int = 0) -> Check:
    """A check that believes the pattern."""

    def check(match: Match) -> Iterator[Hit]:
        yield Hit(entity, match.start(group), match.end(group), confidence)

    return check


_PLACEHOLDER = re.compile(
    r"(?i)^\W*$|[<>{}\[\]()]|^[$%]|x{4,}|\*{3}|•|\.{3}|…|your|example(?:key)?\b|placeholder|change.?(?:m"
    r"e|it)|redacted"
    r"|dummy|insert|replace.?(?:me|this|with)|to.?be.?set|^op://|^vault:|^secret:|^ref\+|^!(?:vault|ref|"
    r"sub|secret|env)"
    r"|^(?:process|os|env|self|this|config|settings|secrets|vault|data|var|local|module)\."
    r"|^(?:str|string|int|bool|bytes|none|null|nil|undefined|true|false|any|required|optional|hidden|masked"
    r"|name|password|passwort|passwd|secret|token|pass|pwd|user|username|guest|postgres|minioadmin|fooba"
    r"red|test|foo|bar"
    r"|value|text|varchar.*)\W*$"
)


def is_placeholder(value: str) -> bool:
    """Whether a value stands for a secret instead of being one: `<password>`, `$TOKEN`, `str`, `xxxx`."""
    return _PLACEHOLDER.search(value) is not None


def entropy(value: str) -> float:
    """Shannon's entropy of the value's own characters, in bits a character."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())


def mixed(value: str) -> int:
    """How many kinds of character it has: lower, upper, digits, signs."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    return sum(any(map(kind, value)) for kind in kinds)


_WORD = re.compile(r"[A-Z][a-z]{2,}|[a-z]{4,}|[A-Z]{4,}")
_SHARE = 0.5


def looks_random(value: str) -> bool:
    """Whether a machine drew it: digits among the letters, little that could be words, much entropy."""
    digits = sum(map(str.isdigit, value))
    letters = sum(map(str.isalpha, value))
    return digits >= 2 and letters >= 2 and share_of_words(value) < _SHARE and entropy(value) >= 3.0


def share_of_words(value: str) -> float:
    """How much of a value could be words written together."""
    return sum(map(len, _WORD.findall(value))) / len(value)
