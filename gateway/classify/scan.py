"""Runs rules over bytes in linear time: triggers in a few passes, patterns only around where these are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import re2

from gateway.classify.rule import Hit, Match, Rule

MOST: Final = 64  # hits kept of one rule in one text, so that a flood stays small
_PIECE: Final = 1024  # bytes that are looked at for triggers together
_LAP: Final = 128  # bytes by which pieces overlap: a trigger is shorter
# Triggers that are looked for in one pass. The automaton of a pass is built as texts need its states, as
# many as what its triggers may be waiting for multiplied: with all of them in one pass, a text that has
# not been seen before takes two to three times as long.
_TOGETHER: Final = 64

Stretch = tuple[int, int]


class Scanner:
    """All rules, compiled once, on RE2.

    A long text is looked at in pieces, so that a word which triggers a rule has its pattern run near
    that word only.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        options = re2.Options()
        options.max_mem = 64 << 20
        options.log_errors = False
        self._rules = [(re2.compile(rule.pattern, options), rule) for rule in rules]
        self._triggers = [
            (first, _any_of(rules[first : first + _TOGETHER], options))
            for first in range(0, len(rules), _TOGETHER)
        ]

    def hits(self, raw: bytes) -> list[Hit]:
        """By byte offsets; some may overlap."""
        fired = self._fired(raw)
        return [hit for index in sorted(fired) for hit in self._of(index, fired[index], raw)]

    def _fired(self, raw: bytes) -> dict[int, list[Stretch]]:
        """For each rule whose trigger occurs, the stretches of text around it, joined where they touch."""
        fired: dict[int, list[Stretch]] = {}
        for at in range(0, len(raw), _PIECE):
            for index in self._occurring(raw[max(at - _LAP, 0) : at + _PIECE]):
                reach = self._rules[index][1].reach
                start, end = max(at - _LAP - reach, 0), min(at + _PIECE + reach, len(raw))
                stretches = fired.setdefault(index, [])
                if stretches and stretches[-1][1] >= start:
                    start = stretches.pop()[0]
                stretches.append((start, end))
        return fired

    def _occurring(self, piece: bytes) -> list[int]:
        """Places of the rules whose trigger does."""
        return [first + index for first, triggers in self._triggers for index in triggers.Match(piece) or ()]

    def _of(self, index: int, where: list[Stretch], raw: bytes) -> Iterator[Hit]:
        pattern, rule = self._rules[index]
        matches = islice(_matches(pattern, raw, where), rule.tries)
        return islice((hit for match in matches for hit in rule.check(match)), MOST)


def _any_of(rules: Sequence[Rule], options: Any) -> Any:
    triggers = re2.Set.SearchSet(options)
    for rule in rules:
        triggers.Add(rule.trigger)
    triggers.Compile()
    return triggers


def _matches(pattern: Any, raw: bytes, where: list[Stretch]) -> Iterator[Match]:
    """Those that begin in the stretches: one that reaches a stretch's end may go on behind it."""
    done = 0
    for start, end in where:
        at = max(start, done)
        while at < end:
            match = pattern.search(raw, at, end)
            if match is None:
                break
            if match.end() == end:
                match = pattern.search(raw, match.start()) or match
            yield match
            at = done = max(match.end(), at + 1)
