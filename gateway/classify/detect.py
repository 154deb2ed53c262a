"""Finds what has a shape: one pass over the text for all triggers, then only the rules that they name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

import re2

from gateway.classify import contact, credentials, national, numbers
from gateway.classify.entities import LABEL_OF, finding
from gateway.classify.rule import Hit, Rule
from gateway.types import Finding

RULES: Final[tuple[Rule, ...]] = credentials.RULES + national.RULES + numbers.RULES + contact.RULES
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
        """Findings in order of place, none inside another; offsets count characters."""
        raw = text.encode("utf-8", "replace")
        fired = self._triggers.Match(raw)
        if not fired:
            return ()
        hits = [hit for index in sorted(fired) for hit in self._hits(index, raw)]
        return _placed(_apart(hits), raw, message)

    def _hits(self, index: int, raw: bytes) -> Iterable[Hit]:
        pattern, rule = self._rules[index]
        matches = islice(pattern.finditer(raw), rule.tries)
        return islice((hit for match in matches for hit in rule.check(match)), MOST)


def _apart(hits: list[Hit]) -> list[Hit]:
    """Without overlaps: the higher label first, then the surer, then the longer."""
    ranked = sorted(hits, key=lambda h: (-LABEL_OF[h.entity], -h.confidence, h.start - h.end, h.start))
    kept: list[Hit] = []
    for hit in ranked:
        if all(hit.end <= other.start or hit.start >= other.end for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda h: h.start)


def _placed(hits: list[Hit], raw: bytes, message: int) -> tuple[Finding, ...]:
    """Byte offsets become character offsets, each stretch of text decoded once."""
    found: list[Finding] = []
    at_byte = at_char = 0
    for hit in hits:
        start = at_char + len(raw[at_byte : hit.start].decode("utf-8", "replace"))
        end = start + len(raw[hit.start : hit.end].decode("utf-8", "replace"))
        at_byte, at_char = hit.end, end
        found.append(finding(hit.entity, message, start, end, hit.confidence))
    return tuple(found)
