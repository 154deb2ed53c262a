"""Finds what has a shape: one pass over the text for all triggers, then only the rules that they name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

import re2

from gateway.classify import contact, credentials, national, numbers
from gateway.classify.entities import LABEL_OF, finding
from gateway.classify.rule import Hit, Rule
from gateway.escapes import Unescaped
from gateway.types import Finding

RULES: Final[tuple[Rule, ...]] = credentials.RULES + national.RULES + numbers.RULES + contact.RULES
_DEEPEST: Final = 8  # of JSON in strings of JSON
MOST: Final = 64  # hits kept of one rule in one text, so that a flood stays small


class Detector:
    """All rules, compiled once. Everything runs on RE2 and is linear in the text's length."""

    def __init__(self, rules: Sequence[Rule] = RULES) -> None:
        options = re2.Options()
        options.max_mem = 64 << 20
        options.log_errors = False
        self._rules = [(re2.compile(rule.pattern, options), rule) for rule in rules]
        self._triggers: Any = re2.Set.SearchSet(options)
        for rule in rules:
            self._triggers.Add(rule.trigger)
        self._triggers.Compile()

    def find(self, text: str, message: int = 0) -> tuple[Finding, ...]:
        """Findings in order of place, none inside another; offsets count characters.

        A text with backslashes is read with JSON's escapes undone too: `\\nsk-…` is no word of its own.
        """
        hits = self._hits(text, _DEEPEST)
        return tuple(finding(h.entity, message, h.start, h.end, h.confidence) for h in hits)

    def _hits(self, text: str, deep: int) -> list[Hit]:
        """By character offsets."""
        raw = text.encode("utf-8", "replace")
        fired = self._triggers.Match(raw) or ()
        hits = _placed(_apart([hit for index in sorted(fired) for hit in self._caught(index, raw)]), raw)
        if "\\" not in text or not deep:
            return hits
        plain = Unescaped(text)
        if plain.text == text:
            return hits
        meant = [
            hit._replace(start=plain.place(hit.start), end=plain.place(hit.end))
            for hit in self._hits(plain.text, deep - 1)
        ]
        return _apart([*meant, *(hit for hit in hits if not any(_hides(other, hit) for other in meant))])

    def _caught(self, index: int, raw: bytes) -> Iterable[Hit]:
        pattern, rule = self._rules[index]
        matches = islice(pattern.finditer(raw), rule.tries)
        return islice((hit for match in matches for hit in rule.check(match)), MOST)


def _hides(meant: Hit, written: Hit) -> bool:
    """Whether what an escape means stands where something no more sensitive is written, which then is it."""
    overlap = meant.start < written.end and written.start < meant.end
    return overlap and LABEL_OF[meant.entity] >= LABEL_OF[written.entity]


def _apart(hits: list[Hit]) -> list[Hit]:
    """Without overlaps: the higher label first, then the surer, then the longer."""
    ranked = sorted(hits, key=lambda h: (-LABEL_OF[h.entity], -h.confidence, h.start - h.end, h.start))
    kept: list[Hit] = []
    for hit in ranked:
        if all(hit.end <= other.start or hit.start >= other.end for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda h: h.start)


def _placed(hits: list[Hit], raw: bytes) -> list[Hit]:
    """Byte offsets become character offsets, each stretch of text decoded once."""
    found: list[Hit] = []
    at_byte = at_char = 0
    for hit in hits:
        start = at_char + len(raw[at_byte : hit.start].decode("utf-8", "replace"))
        end = start + len(raw[hit.start : hit.end].decode("utf-8", "replace"))
        at_byte, at_char = hit.end, end
        found.append(hit._replace(start=start, end=end))
    return found
