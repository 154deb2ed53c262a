"""Finds what has a shape, however it is written: escaped, disguised or plain; and names in running text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from gateway.classify import contact, credentials, national, numbers, wallets
from gateway.classify.entities import CLASS_OF, LABEL_OF, finding
from gateway.classify.folded import Folded, disguised, typed
from gateway.classify.rule import Hit, Rule
from gateway.classify.scan import Scanner
from gateway.classify.tagger import Tagger
from gateway.escapes import Unescaped
from gateway.types import Finding

RULES: Final[tuple[Rule, ...]] = (
    credentials.RULES + national.RULES + numbers.RULES + wallets.RULES + contact.RULES
)
_ACCOUNTS: Final = frozenset({"iban", "crypto_wallet"})
_NUMBERS: Final = frozenset({"payment", "national_id", "health_id"})
_DEEPEST: Final = 8  # of JSON in strings of JSON


class Detector:
    """Finds in linear time, whatever the text."""

    def __init__(self, rules: Sequence[Rule] = RULES, tagger: Tagger | None = None) -> None:
        self._scanner = Scanner(rules)
        self._tagger = tagger

    def find(self, text: str, message: int = 0, *, tag: bool = True) -> tuple[Finding, ...]:
        """Findings in order of place, none inside another; offsets count characters.

        A text with backslashes is read with JSON's escapes undone too: `\\nsk-…` is no word of its own.
        Hidden characters and look-alikes are seen through; offsets are those in the text as it is.
        Without `tag` the tagger is not asked.
        """
        hits = self._read(text, _DEEPEST, tag)
        return tuple(finding(h.entity, message, h.start, h.end, h.confidence) for h in hits)

    def _read(self, text: str, deep: int, tag: bool) -> list[Hit]:
        """By character offsets."""
        hits = self._seen(text, tag)
        if "\\" not in text or not deep:
            return hits
        plain = Unescaped(text)
        if plain.text == text:
            return hits
        meant = [
            hit._replace(start=plain.place(hit.start), end=plain.place(hit.end))
            for hit in self._read(plain.text, deep - 1, tag)
        ]
        return _apart([*meant, *(hit for hit in hits if not any(_hides(other, hit) for other in meant))])

    def _seen(self, text: str, tag: bool) -> list[Hit]:
        if text.isascii():
            return self._plain(text, text.encode(), tag)
        plain = typed(text)
        raw = plain.encode("utf-8", "replace")
        if not disguised(plain, raw):
            return self._plain(plain, raw, tag)
        folded = Folded(plain)
        return [
            hit._replace(start=folded.start(hit.start), end=folded.end(hit.end))
            for hit in self._plain(folded.text, folded.text.encode("utf-8", "replace"), tag)
        ]

    def _plain(self, text: str, raw: bytes, tag: bool) -> list[Hit]:
        hits = self._scanner.hits(raw)
        placed = _placed(_apart(_whole(hits)), raw) if hits else hits
        tagged = self._tagger.find(text) if tag and self._tagger is not None else ()
        return _apart([*placed, *tagged]) if tagged else placed


def _hides(meant: Hit, written: Hit) -> bool:
    """Whether what an escape means stands where something no more sensitive is written, which then is it."""
    overlap = meant.start < written.end and written.start < meant.end
    return overlap and LABEL_OF[meant.entity] >= LABEL_OF[written.entity]


def _whole(hits: list[Hit]) -> list[Hit]:
    """Without numbers that are a part of an account whose own checksum is right."""
    accounts = [hit for hit in hits if hit.entity in _ACCOUNTS and hit.confidence > 0.95]

    def inside(hit: Hit) -> bool:
        return any(each.start <= hit.start and hit.end <= each.end for each in accounts)

    return [hit for hit in hits if CLASS_OF[hit.entity] not in _NUMBERS or not inside(hit)]


def _apart(hits: list[Hit]) -> list[Hit]:
    """Without overlaps: the higher label first, then the surer, then the longer."""
    ranked = sorted(hits, key=lambda h: (-LABEL_OF[h.entity], -h.confidence, h.start - h.end, h.start))
    kept: list[Hit] = []
    for hit in ranked:
        at = bisect_left(kept, hit.start, key=lambda h: h.start)
        before, after = kept[at - 1 : at] if at else [], kept[at : at + 1]
        if all(hit.end <= other.start or hit.start >= other.end for other in (*before, *after)):
            kept.insert(at, hit)
    return kept


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
