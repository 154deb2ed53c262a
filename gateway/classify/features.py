"""Turns a text into rows of one weight matrix: hashes of words, their pairs, the edges, runs and the shape.

A text is an array of character codes, and everything is worked out on arrays, so that a text costs a handful
of NumPy calls and not a step a word. With a running sum of `code · BASE^place` the hash of any stretch is a
difference, divided by BASE^start (a multiplication, since BASE is odd and has an inverse modulo 2^32): the
rolling hash of Karp and Rabin (1987). Hashes fall into ROWS rows, as in the hashing trick (Weinberger et
al., 2009).

The rows come in blocks. A block's rows count one over the square root of its size each, so that a long text
does not shout a short one down.
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.classify.bare import bare
from gateway.classify.folded import Folded, disguised, typed

Indices = NDArray[np.uint32]
Floats = NDArray[np.float32]
Codes = NDArray[np.uint8] | NDArray[np.uint32]

BITS: Final = 17
ROWS: Final = 1 << BITS
WINDOW: Final = 600  # characters that a model reads at a time
_RUN: Final = 4  # characters of a run: runs of 3, 4 and 5 together tell no more and take three times as long
_EDGE: Final = 8  # words of the beginning and of the end that count once more, as such
_MOST: Final = 2 * WINDOW + 2  # characters of a window: in small letters İ is two
_SHAPE_SHARE: Final = 0.4  # of shape, beside words

_PLAIN: Final = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789", b"abcdefghijklmnopqrstuvwxyz000000000"
)
_SPACE, _LETTER, _DIGIT, _SIGN, _ALONE = range(
    5
)  # a run of letters or digits is a word; a sign, one of its own
_PLANE: Final = 1 << 16  # codes beyond are signs
_ZERO: Final = np.uint32(ord("0"))


class Part(IntEnum):
    """What of a conversation a text is: each has hashes of its own."""

    QUESTION = 0  # the last user message
    SYSTEM = 1  # what the application says
    BEFORE = 2  # the user message before
    ANSWER = 3  # the assistant's answer to that


def _powers(base: int) -> NDArray[np.uint32]:
    found, power = np.empty(_MOST, np.uint32), 1
    for place in range(_MOST):
        found[place] = power
        power = power * base % (1 << 32)
    return found


def _kinds() -> NDArray[np.uint8]:
    """The kind of each character of the first plane; a sign of Chinese or Japanese writing is a word."""
    kinds = np.full(_PLANE, _SIGN, np.uint8)
    for code, sign in enumerate(map(chr, range(_PLANE))):
        if sign.isalnum() or unicodedata.category(sign)[0] == "M":
            kinds[code] = _DIGIT if sign.isdigit() else _LETTER
        elif sign.isspace():
            kinds[code] = _SPACE
    kinds[ord("_")] = _SPACE  # what stands between words in names of variables and files
    for first, end in ((0x3040, 0xA000), (0xF900, 0xFB00)):
        kinds[first:end] = _ALONE
    return kinds


_BASE: Final = 0x2C1B3C6D  # these and the salts: odd numbers, drawn once
_POWERS: Final = _powers(_BASE)
_INVERSE: Final = _powers(pow(_BASE, -1, 1 << 32))
_KINDS: Final = _kinds()
_ONE, _TWO = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)  # the first and the second word of a pair
_RUNS: Final = np.uint32(0x68E31DA5)
_FIRST, _LAST, _OPENING = 0x165667B1, 0x9E3779B1, 0x7FEB352D
_MIX: Final = 2654435761  # Knuth's multiplicative hashing
_PARTS: Final = [np.uint32(salt * _MIX % (1 << 32)) for salt in (1, 0x846CA68B, 0x58F38DED, 0x27D4EB2F)]
_SHIFT: Final = np.uint32(32 - BITS)
_MEASURED: Final = [  # the hash of each value of each measure of shape
    [(1 + measure * 64 + value) * 0x7FEB352D % (1 << 32) for value in range(64)] for measure in range(9)
]
_CODE_SIGNS: Final = b"{};=<[_\\"


def head_and_tail(text: str) -> str:
    """What a model reads of a long text: its beginning and its end, where an instruction stands."""
    text = bare(text)
    if len(text) <= WINDOW:
        return text
    tail = WINDOW // 3
    return text[: WINDOW - tail] + "\n" + text[-tail:]


def features(text: str, part: Part = Part.QUESTION) -> tuple[Indices, Floats]:
    """Rows below ROWS, some of them more than once, and what each counts. A text is at most a window long.

    Of what is not the question only words, pairs and edges count.
    """
    codes, kinds = _read(text)
    if not len(codes):
        return np.empty(0, np.uint32), np.empty(0, np.float32)
    sums = np.empty(len(codes) + 1, np.uint32)
    sums[0] = 0
    np.add.accumulate(codes * _POWERS[: len(codes)], out=sums[1:])
    words = _words(sums, kinds)
    both = np.concatenate((words, words[:-1] * _ONE + words[1:] * _TWO))
    places, salts = _edges(len(words))
    edges = both.take(places) * salts
    if part is not Part.QUESTION:
        rows = (np.concatenate((both, edges)) * _PARTS[part]) >> _SHIFT
        return rows, _shares((len(both), len(edges)), (1.0, 1.0))
    runs = (sums[_RUN:] - sums[:-_RUN]) * _INVERSE[: max(len(codes) - _RUN + 1, 0)] * _RUNS
    shape = _shape(text, len(words))
    hashes = np.concatenate((both, edges, runs, np.array(shape, np.uint32)))
    return (hashes * _PARTS[part]) >> _SHIFT, _shares(
        (len(both), len(edges), len(runs), len(shape)), (1.0, 1.0, 1.0, _SHAPE_SHARE)
    )


@cache
def _edges(words: int) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
    """Where the edges of so many words and their pairs stand, and what makes a word one of an edge."""
    if not words:
        return np.empty(0, np.intp), np.empty(0, np.uint32)
    near = min(words, _EDGE)
    pairs = range(words, 2 * words - 1)
    first, last = [*range(near), *pairs[: near - 1]], [*range(words - near, words), *pairs[words - near :]]
    opening = [0, *pairs[:1]]
    salts = [_FIRST] * len(first) + [_LAST] * len(last) + [_OPENING] * len(opening)
    return np.array(first + last + opening), np.array(salts, np.uint32)


def _shares(sizes: tuple[int, ...], weights: tuple[float, ...]) -> Floats:
    each = [weight / max(size, 1) ** 0.5 for weight, size in zip(weights, sizes, strict=True)]
    shares: Floats = np.array(each, np.float32).repeat(sizes)
    return shares


def _read(text: str) -> tuple[Codes, NDArray[np.uint8]]:
    """The text in lower case, folded, no apostrophes, zeros for digits; and the kind of each character."""
    if "'" in text:
        text = text.replace("'", "")
    if text.isascii():
        plain = np.frombuffer(text.encode().translate(_PLAIN), np.uint8)
        return plain, _KINDS.take(plain)
    seen = typed(text)
    if disguised(seen, seen.encode("utf-8", "replace")):
        seen = Folded(seen).text
    text = seen.replace("’", "").lower()
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    kinds = _KINDS.take(codes, mode="clip")
    return np.where(kinds == _DIGIT, _ZERO, codes), kinds


def _words(sums: NDArray[np.uint32], kinds: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The hashes of words and signs, in their order."""
    begins = np.empty(len(kinds) + 1, bool)
    begins[0] = begins[-1] = True
    np.not_equal(kinds[1:], kinds[:-1], out=begins[1:-1])
    begins[:-1] |= kinds >= _SIGN
    places = begins.nonzero()[0]
    starts = places[:-1]
    words = (sums.take(places[1:]) - sums.take(starts)) * _INVERSE.take(starts)
    found: NDArray[np.uint32] = words[kinds.take(starts).astype(bool)]
    return found


def _shape(text: str, words: int) -> list[int]:
    """Hashes of what the text looks like."""
    size, count = len(text), text.count
    colon, line = text.find(":"), text.find("\n")
    lines = count("\n") if line >= 0 else 0
    before = min(colon, line) if colon >= 0 and lines else max(colon, line)
    raw = text.encode("utf-8", "replace")
    code = len(raw) - len(raw.translate(None, _CODE_SIGNS)) + count("()") + count("->")
    measures = (
        size.bit_length(),
        words.bit_length(),
        min(lines, 9).bit_length(),
        line.bit_length() if lines else 0,
        min(code * 60 // (size + 1), 6) if code else 0,
        min(count('"') + count("“"), 3),
        (size - before).bit_length() if before >= 0 else 0,  # after the first colon or line: a supplied text
        min(count("?"), 2),
        text.rstrip()[-1:] == "?",
    )
    return [known[value] for known, value in zip(_MEASURED, measures, strict=True)]
