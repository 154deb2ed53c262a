"""Sees through disguises: a text with invisible characters left out and look-alikes written plainly."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from string import ascii_letters, digits
from typing import Any, Final

import re2

# What hides in words: soft hyphen, joiners, zero-width spaces, directions, invisible operators, variation
# selectors, tags. UAX #44, Default_Ignorable_Code_Point.
_HIDDEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2212\ufe58\ufe63\uff0d"
_SPACES: Final = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_ZEROS: Final = (  # of the scripts whose digits are typed: Arabic, Persian, Devanagari and its kin, Thai ...
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x17E0, 0x1810, 0xFF10, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1FBF0,
)  # fmt: skip
# Letters that look like Latin ones: Unicode's confusables.txt (UTS #39), Cyrillic, Greek and a few others.
_ALIKE: Final = "АВЕЅІЈКМНОРСТУХаеіјорсухѕһԁԛԝӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧονικρυɑɡıօ"
_LATIN: Final = "ABESIJKMHOPCTYXaeijopcyxshdqwlABEZHIKMNOPTYXovikpuagio"


_SIGNS: Final = frozenset("+-./=@_")


def _forms() -> dict[str, str]:
    """Wide, mathematical, circled and raised letters and digits (NFKC), and the digits of all scripts."""
    wide = (range(0x2070, 0x2190), range(0x2460, 0x2500), range(0xFE50, 0xFF5F), range(0x1D400, 0x1D800))
    meant = {chr(code): unicodedata.normalize("NFKC", chr(code)) for codes in wide for code in codes}
    plain = {form: char for form, char in meant.items() if char.isascii() and len(char) == 1}
    forms = {form: char for form, char in plain.items() if char.isalnum() or char in _SIGNS}
    counted = {chr(zero + value): str(value) for zero in _ZEROS for value in range(10)}
    return forms | counted | dict.fromkeys(_DASHES, "-") | dict.fromkeys(_SPACES, " ")


_PLAIN: Final = _forms()
_TO_LATIN: Final = str.maketrans(_ALIKE, _LATIN)
_FORMS: Final = "".join(sorted(_PLAIN))
_UNSEEN: Final = re.compile(f"[{_HIDDEN}]+")
_FORM: Final = re.compile(f"[{''.join(form for form in _FORMS if form <= chr(0xFFFF))}]")  # quick: few planes
_ODD_FORM: Final = re.compile(f"[{''.join(form for form in _FORMS if form > chr(0xFFFF))}]")
_MIXED: Final = f"[A-Za-z0-9][{_ALIKE}]|[{_ALIKE}][A-Za-z0-9]"
_SUSPECT: Final = re.compile(_MIXED)
_IN_WORDS: Final = f"{ascii_letters}{digits}_.@+/=-{_ALIKE}"
_LONGEST: Final = 256  # characters of a word on each side of a look-alike that are looked at
_DISGUISED: Any = re2.compile(f"[{_HIDDEN}{_FORMS}]|{_MIXED}")


class Folded:
    """`text` is the plain text; `start` and `end` say where an edge in it stands in the original."""

    def __init__(self, original: str) -> None:
        pieces: list[str] = []
        self._plain, self._original = [0], [0]  # where a stretch without hidden characters begins
        at = length = 0
        for found in _UNSEEN.finditer(original):
            pieces.append(original[at : found.start()])
            length += found.start() - at
            at = found.end()
            self._plain.append(length)
            self._original.append(at)
        seen = _FORM.sub(_plain, "".join((*pieces, original[at:])))
        seen = _ODD_FORM.sub(_plain, seen) if max(seen, default="") > chr(0xFFFF) else seen
        self.text = _unmixed(seen)

    def start(self, offset: int) -> int:
        stretch = bisect_right(self._plain, offset) - 1
        return self._original[stretch] + offset - self._plain[stretch]

    def end(self, offset: int) -> int:
        return self.start(offset - 1) + 1 if offset else 0


def typed(text: str) -> str:
    """The text with what typesetting puts in by itself undone: as long as before, and quickly done."""
    return text.replace("\u2013", "-").replace("\u00a0", " ")


def disguised(text: str, raw: bytes) -> bool:
    """Whether folding would change the text, whose UTF-8 is `raw`."""
    return len(raw) != len(text) and _DISGUISED.search(raw) is not None


def _plain(form: re.Match[str]) -> str:
    return _PLAIN[form.group()]


def _unmixed(text: str) -> str:
    """Look-alikes are Latin in a word with Latin letters in it; a word of another alphabet is left alone."""
    pieces: list[str] = []
    at = 0
    for found in _SUSPECT.finditer(text):
        if found.start() < at:
            continue
        before, after = (
            text[max(found.start() - _LONGEST, at) : found.start()],
            text[found.start() : found.start() + _LONGEST],
        )
        start = found.start() - len(before) + len(before.rstrip(_IN_WORDS))
        end = found.start() + len(after) - len(after.lstrip(_IN_WORDS))
        joined = text[start - 1 : start].isalpha() or text[end : end + 1].isalpha()
        word = text[start:end]
        mixed = not joined and any(char in ascii_letters for char in word)
        pieces += (text[at:start], word.translate(_TO_LATIN) if mixed else word)
        at = end
    return "".join((*pieces, text[at:]))
