"""Undoes JSON's escapes in a text, and remembers where everything stood: escapes must hide nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

_ESCAPE: Final = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_MEANT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Unescaped:
    """`text` is the plain text; `place` says where an offset of it stands in the original."""

    def __init__(self, original: str) -> None:
        pieces: list[str] = []
        self._plain, self._original = [0], [0]  # offsets at which a stretch without escapes begins
        at = length = 0
        for found in _ESCAPE.finditer(original):
            code, letter = found.groups()
            meant = chr(int(code, 16)) if code else _MEANT.get(letter, letter)
            pieces += (original[at : found.start()], meant)
            length += found.start() - at + 1
            at = found.end()
            self._plain.append(length)
            self._original.append(at)
        self.text = "".join((*pieces, original[at:]))

    def place(self, offset: int) -> int:
        stretch = bisect_right(self._plain, offset) - 1
        return self._original[stretch] + offset - self._plain[stretch]
