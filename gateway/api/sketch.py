"""A JSON text without the middles of its long strings: a megabyte of text or base64 is passed over."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.api.opaque import LONG_BASE64, holds_base64, may_be_base64

LONG: Final = 16_384  # bytes without a quote from which on a string is long
KEPT: Final = 2 * LONG_BASE64  # bytes of base64, each character of which may be escaped
_STEP: Final = LONG // 2
_NEAR: Final = 1024  # bytes from a string's ends within which its middle has to begin and end
_PROOF: Final = 64  # bytes that tell a string from what stands between strings
_BETWEEN: Final = b" \t\r\n[]{},:+-.0123456789eEtrufalsn"
# Between two characters, and away from a backslash: nothing is cut in two.
_FROM: Final = re.compile(rb'[^\\"\x00-\x1f]{12}(?=[ -\x7f\xc0-\xff])')
_TO: Final = re.compile(rb'(?=[ -\x7f\xc0-\xff])[^\\"\x00-\x1f]{12}')
_HOLDS_FILE: Final = re.compile(rb'"(?:url|data|file_data|image_url)"[ \t\r\n]*:[ \t\r\n]*"\Z')
_FILE_NAME: Final = 64  # bytes before a value that may be its name
_HEAD: Final = re.compile(rb'(?:(?i:data:)(?:[^,\s"\\]|\\/){0,256}(?i:;base64,))?')
_DIGITS: Final = 6


class Cut(NamedTuple):
    """A stretch of bytes, from `start` to before `end`."""

    start: int
    end: int


class Sketch:
    """A JSON text, and what is left of it for those who need only a part.

    `text` has the same members and values, but a mark for the middle of each long string: no caller knows
    it, since it is drawn anew for each text. `readable` lacks the middles of files in base64, which say
    nothing; all else of it can be read, and of a text that is no JSON it is none either.
    """

    __slots__ = ("_body", "_cuts", "_mark", "_runs", "text")

    def __init__(self, body: bytes) -> None:
        self._body = self.text = body
        self._runs: list[Cut] = []
        self._cuts: list[Cut] = []
        if len(body) < LONG:
            return
        self._runs += _runs(body)
        self._cuts += [cut for run in self._runs if (cut := _middle(body, run))]
        if self._cuts:
            self._mark = secrets.token_hex(16).encode()
            marks = [b"%b%0*d" % (self._mark, _DIGITS, number) for number in range(len(self._cuts))]
            self.text = _without(body, self._cuts, marks)

    @property
    def readable(self) -> bytes:
        """Worked out each time, about half a nanosecond for a byte of base64."""
        files = [cut for run in self._runs if (cut := _base64(self._body, run))]
        return _without(self._body, files, [b""] * len(files)) if files else self._body

    def whole(self, part: bytes) -> bytes:
        """The bytes that a part of `text` stands for."""
        if not self._cuts:
            return part
        first, *rest = part.split(self._mark)
        view = memoryview(self._body)
        pieces: list[bytes | memoryview] = [first]
        for piece in rest:
            start, end = self._cuts[int(piece[:_DIGITS])]
            pieces += (view[start:end], piece[_DIGITS:])
        return b"".join(pieces)


def _without(body: bytes, cuts: list[Cut], instead: list[bytes]) -> bytes:
    pieces: list[bytes] = []
    at = 0
    for cut, mark in zip(cuts, instead, strict=True):
        pieces += (body[at : cut.start], mark)
        at = cut.end
    return b"".join((*pieces, body[at:]))


def _runs(body: bytes) -> Iterator[Cut]:
    """The longest stretches without a quote: one of LONG bytes has a half of that without one at any step."""
    at, find = 0, body.find
    while (quote := find(b'"', at)) >= 0:
        if quote - at < _STEP:
            at += _STEP
            continue
        start = body.rfind(b'"', max(0, at - _STEP), at) + 1
        if start and quote - start >= LONG:
            yield Cut(start, quote)
        at = quote + 1


def _middle(body: bytes, run: Cut) -> Cut | None:
    """What can be left out of a run in a string, whatever quote or backslash stands around it."""
    if not body[run.start : run.start + _PROOF].translate(None, _BETWEEN):
        return None  # it may be what stands between strings
    begins = _FROM.search(body, run.start + _PROOF, run.start + _NEAR)
    ends = _TO.search(body, run.end - _NEAR, run.end)
    return Cut(begins.end(), ends.start()) if begins and ends else None


def _base64(body: bytes, run: Cut) -> Cut | None:
    """What can be left out of a file in base64: as much as leaves it known for one."""
    if not _HOLDS_FILE.search(body, max(0, run.start - _FILE_NAME), run.start):
        return None
    head = _HEAD.match(body, run.start, run.end)
    begins = head.end() if head else run.start
    if not may_be_base64(body[begins : begins + _PROOF]):
        return None
    payload = body[begins : run.end]
    if not holds_base64(payload.replace(b"\\/", b"/") if b"\\" in payload else payload):
        return None
    start = begins + KEPT
    return Cut(start + 1 if body[start - 1 : start] == b"\\" else start, run.end)
