"""Turns a text into tokens, and each token into rows of the tagger's table.

As in `features`, everything is worked out on arrays: with a running sum of `code · BASE^place` the hash of
any stretch is a difference, divided by BASE^start (the rolling hash of Karp and Rabin, 1987), and hashes fall
into ROWS rows (the hashing trick, Weinberger et al., 2009). Capitals, signs and line breaks count as well.
"""

from __future__ import annotations

import unicodedata
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.intp]
Hashes = NDArray[np.uint32]
Codes = NDArray[np.uint8] | Hashes

BITS: Final = 16
ROWS: Final = 1 << BITS
MOST: Final = 2048  # characters of a stretch that is read at once
FEATURES: Final = 14  # rows of a token
_STEP_BITS: Final = 5
STEP: Final = 1 << _STEP_BITS  # of likeness to a name, in a logit
LOOKS: Final = 8  # kinds of likeness

_SPACE, _LOWER, _UPPER, _UNCASED, _MARK, _DIGIT, _SIGN, _ALONE, _OPENER = range(9)  # kinds of characters
_CLASSES: Final = np.array([0, 1, 1, 1, 1, 2, 3, 3], np.uint8)  # of each kind
_SINGLE: Final = 3  # a run of letters or of digits is a token; what is of this class, one of its own
_PLANE: Final = 1 << 16  # codes beyond are signs
_HAN: Final = ((0x3040, 0xA000), (0xF900, 0xFB00))  # a sign of Chinese or Japanese writing is a token
_OPENERS: Final = '.!?:;\n"“”„«»¿¡•*>|=。！？：「『'  # a capital behind one of them tells less


def _tables() -> tuple[Hashes, Hashes, NDArray[np.uint8]]:
    """Of each code of the first plane: its kind, its small letter, and the class of its kind."""
    signs = "".join(map(chr, range(_PLANE)))
    small = signs.replace("İ", "i").lower().encode("utf-32-le", "surrogatepass")
    lower = np.frombuffer(small, np.uint32).copy()
    lower[ord("0") : ord("9") + 1] = ord("0")
    of = {"Ll": _LOWER, "Lu": _UPPER, "Lt": _UPPER, "Lm": _LOWER, "Lo": _UNCASED, "Nd": _DIGIT}
    of |= {"Mn": _MARK, "Mc": _MARK, "Me": _MARK, "Zs": _SPACE, "Zl": _SPACE, "Zp": _SPACE}
    kinds = np.array([of.get(category, _SIGN) for category in map(unicodedata.category, signs)], np.uint8)
    kinds[ord("\t")] = kinds[ord("\r")] = _SPACE
    for first, end in _HAN:
        letters = kinds[first:end]
        letters[letters == _UNCASED] = _ALONE
    classes = _CLASSES.take(kinds)
    kinds[[ord(sign) for sign in _OPENERS]] = _OPENER
    return kinds.astype(np.uint32), lower, classes


def _powers(base: int) -> Hashes:
    return np.array([pow(base, place, 1 << 32) for place in range(MOST + 2)], np.uint32)


_KINDS, _SMALL, _CLASS = _tables()
_BASE: Final = 0x2C1B3C6D  # these and the salts: odd numbers, drawn once
_POWERS: Final = _powers(_BASE)
_INVERSE: Final = _powers(pow(_BASE, -1, 1 << 32))
_SALTS: Final = np.array(
    [
        [0x9E3779B1], [0x85EBCA6B], [0xC2B2AE35], [0x27D4EB2F], [0x165667B1], [0x7FEB352D], [0x68E31DA5],
        [0x58F38DED], [0x846CA68B], [0x3C6EF373], [0x2545F491], [0x9FB21C65], [0x4CF5AD43], [0x1D8E4E27],
    ],
    np.uint32,
)  # fmt: skip
_NEXT: Final = np.uint32(0x1B56C4E9)
_FAR: Final = MOST + 2
_LEFT: Final = np.array([[-_FAR], [-_FAR], [-3], [-2]])  # of the end: a word, its first 3, last 3 and last 2
_RIGHT: Final = np.array([[_FAR], [3], [_FAR], [_FAR]])  # of the start
AFFIXES: Final = len(_LEFT)
_SHAPES: Final = np.array([[0xB5297A4D], [0x2C7D3E65], [0x5851F42D]], np.uint32)
_LENGTHS: Final = np.array([min(n, 7) * 0x14057B7F % (1 << 32) for n in range(MOST + 1)], np.uint32)
_LOOKS: Final = np.array([n * 0x1F123BB5 % (1 << 32) for n in range(LOOKS)], np.uint32)
_BESIDE: Final = np.array([[0], [1], [-1]])
_MIX: Final = np.uint32(2654435761)  # Knuth's multiplicative hashing
_SHIFT: Final = np.uint32(32 - BITS)


class Tokens(NamedTuple):
    """`starts` and `ends` by character; `rows` of shape (FEATURES, tokens), below ROWS."""

    starts: Whole
    ends: Whole
    rows: Hashes


def tokens(text: str, names: NDArray[np.int16]) -> Tokens:
    """The words, numbers, signs and line breaks of a text of at most MOST characters.

    `names` says of each row how much a word that has it looks like a name: STEP is a logit.
    """
    codes: Codes
    if text.isascii():
        codes = np.frombuffer(text.encode(), np.uint8)
    else:
        codes = np.minimum(np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32), _PLANE - 1)
    classes = _CLASS.take(codes)
    begins = np.empty(len(codes) + 1, bool)
    begins[0] = begins[-1] = True
    np.not_equal(classes[1:], classes[:-1], out=begins[1:-1])
    begins[:-1] |= classes >= _SINGLE
    places = begins.nonzero()[0]
    real = classes.take(places[:-1]).nonzero()[0]
    starts, ends = places.take(real), places.take(real + 1)
    return Tokens(starts, ends, _rows(codes, starts, ends, names))


def _rows(codes: Codes, starts: Whole, ends: Whole, names: NDArray[np.int16]) -> Hashes:
    """Word and affixes, shape, look (shape and likeness to a name), word and last 2 with the shape, pairs.

    A pair is of a word or look with the next word or look, or of a word with the look after the next.
    """
    found = np.empty((FEATURES, len(starts)), np.uint32)
    if not len(starts):
        return found
    affixes = found[:AFFIXES]
    _affixes(codes, starts, ends, affixes)
    looks = np.add.reduce(names.take((affixes * _MIX) >> _SHIFT), 0, np.intp) >> _STEP_BITS
    found[4] = shape = _shapes(codes, starts, ends)
    np.add(_LOOKS.take(looks, mode="clip"), shape, out=found[5])
    np.add(found[:4:3], shape, out=found[6:8])
    both = found[:6:5]
    follows = both[:, 1:] * _NEXT
    found[8:].reshape(3, 2, -1)[:] = both
    found[8:10, :-1] += follows
    found[10:12, :-1] += follows[::-1]
    found[12:, :-2] += follows[::-1, 1:]
    found *= _SALTS
    found >>= _SHIFT
    return found


def named(word: str) -> Hashes:
    """The rows by which `names` tells how much a lone word looks like a name."""
    codes = np.minimum(np.frombuffer(word.encode("utf-32-le", "replace"), np.uint32), _PLANE - 1)
    found = np.empty((AFFIXES, 1), np.uint32)
    _affixes(codes, np.array([0]), np.array([len(codes)]), found)
    rows: Hashes = (found[:, 0] * _MIX) >> _SHIFT
    return rows


def _affixes(codes: Codes, starts: Whole, ends: Whole, found: Hashes) -> None:
    """Hashes of each word, its first 3, last 3 and last 2 characters."""
    sums = np.empty(len(codes) + 1, np.uint32)
    sums[0] = 0
    np.add.accumulate(_SMALL.take(codes) * _POWERS[: len(codes)], out=sums[1:])
    left = np.maximum(_LEFT + ends, starts)
    right = np.minimum(_RIGHT + starts, ends)
    np.multiply(sums.take(right) - sums.take(left), _INVERSE.take(left), out=found)


def _shapes(codes: Codes, starts: Whole, ends: Whole) -> Hashes:
    """Of each token the kinds of its first two characters, its length, and the kind of the sign before it.

    Before the text stands, as it were, its first character once more.
    """
    seen = starts + _BESIDE
    seen[-1, 1:] = ends[:-1] - 1
    kinds = _KINDS.take(codes.take(seen, mode="clip"))
    shapes: Hashes = np.add.reduce(kinds * _SHAPES, 0) + _LENGTHS.take(ends - starts)
    return shapes
