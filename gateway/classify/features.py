"""Turns a text into feature numbers: known words, the text's edges and shape, hashed character n-grams.

A text becomes four blocks of indices into one weight matrix. A block's weights are added up and divided by
the square root of the block's size, so that a long text does not shout a short one down.

Rows of the matrix are kept packed, as the bytes of the array that they end up in: a text's are joined in one
go, where a list of numbers would be turned into an array one by one. Whatever is done to every word is done
by the interpreter's own loops (`map`, `zip`, `join`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
Shape = tuple[int | str, ...]
Sizes = tuple[int, int, int, int]
Rows = tuple[bytes, bytes, bytes]
"""A name's packed row anywhere, in the beginning and at the end; empty where it is not known as such."""

BUCKETS: Final = 1 << 15  # rows of the matrix for hashed character n-grams; known words come after them
WINDOW: Final = 600  # characters that a model reads at a time
_SHORTEST, _LONGEST = 3, 5  # characters of a run
_EDGE: Final = 12  # words of the beginning and of the end that count once more, as such
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+|[^\w\s]")
_ASCII_TOKEN: Final = re.compile(  # the same for small ASCII without digits but zero, in a third of the time
    r"[a-z]+(?:'[a-z]+)?|[!-/:-@\[-^`{-\x7f\0-\x08\x0e-\x1b]|0+"
)
_MARKS: Final = ("<", ">", "^", "#")  # of edges, openings and shapes
_CODE_SIGNS: Final = b"{};=<[_\\"
_DIGIT: Final = re.compile("[1-9]")
_ASCII_PLAIN: Final = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789", b"abcdefghijklmnopqrstuvwxyz000000000"
)
_SHAPES: Final = ("length", "words", "lines", "opening", "code", "quote", "body", "ends", "asks")
_UNKNOWN: Final[Rows] = (b"", b"", b"")
_LENGTHS: Final = range(_SHORTEST, _LONGEST + 1)
_PADDING: Final = "\0" * (_LONGEST - 1)
_STEP: Final = 65599
_MULTIPLIER: Final = 2654435761
_HASH: Final = np.array(
    [
        [_STEP ** (length - 1 - at) * _MULTIPLIER % (1 << 32) if at < length else 0 for length in _LENGTHS]
        for at in range(_LONGEST)
    ],
    dtype=np.uint32,
)
_SHIFT: Final = np.array(32 - 15, dtype=np.uint32)  # an array: quicker than NumPy's scalar
_ROW_BYTES: Final = np.dtype(np.intp).itemsize
_MOST: Final = 7 * WINDOW  # a block's size: three runs begin at a character, and in small letters İ is two
_SHARES: Final = [np.float32(max(size, 1) ** -0.5).tobytes() for size in range(_MOST)]
"""What each index of a block of this size counts, packed: one over the square root of the size."""


def _plain(text: str) -> str:
    """In lower case, every digit a zero."""
    if text.isascii():
        return text.encode().translate(_ASCII_PLAIN).decode()
    return _DIGIT.sub("0", text.lower())


def _words(plain: str) -> list[str]:
    pattern = _ASCII_TOKEN if plain.isascii() else _TOKEN
    found: list[str] = pattern.findall(plain)
    return found


def tokens(text: str) -> list[str]:
    """Words, numbers (every digit a zero) and signs, in lower case."""
    return _words(_plain(text))


def head_and_tail(text: str) -> str:
    """What a model reads of a long text: its beginning and its end, where an instruction stands."""
    if len(text) <= WINDOW:
        return text
    tail = WINDOW // 3
    return text[: WINDOW - tail] + "\n" + text[-tail:]


def names(text: str) -> tuple[list[str], list[str], list[str]]:
    """A text's features by name: its words and pairs of them, its edges, its shape."""
    words = tokens(text)
    pairs = list(map(" ".join, pairwise(words)))
    shape = [f"#{kind}{value}" for kind, value in zip(_SHAPES, _shape(text, words), strict=True)]
    return words + pairs, _edges(words, pairs), shape


def _edges(words: list[str], pairs: list[str]) -> list[str]:
    first = words[:_EDGE] + pairs[: _EDGE - 1]
    last = words[-_EDGE:] + pairs[1 - _EDGE :]
    opening = ["^" + " ".join(words[:count]) for count in (1, 2, 3)]
    return ["<" + name for name in first] + [">" + name for name in last] + opening


def _shape(text: str, words: list[str]) -> Shape:
    """The values of `_SHAPES`."""
    size, count = len(text), text.count
    colon, line = text.find(":"), text.find("\n")
    lines = count("\n") if line >= 0 else 0
    before = min(colon, line) if colon >= 0 and lines else max(colon, line)
    raw = text.encode("utf-8", "replace")
    code = len(raw) - len(raw.translate(None, _CODE_SIGNS)) + count("()") + count("->")
    quotes = count('"') + count("“")
    return (
        size.bit_length(),
        len(words).bit_length(),
        min(lines, 9).bit_length(),
        line.bit_length() if lines else 0,
        min(code * 60 // (size + 1), 6) if code else 0,
        min(quotes, 3) if quotes else 0,
        (size - before).bit_length() if before >= 0 else 0,  # after the first colon or line: a supplied text
        words[-1] if words and not words[-1][0].isalpha() else "word",
        min(count("?"), 2),
    )


def ngrams(plain: str) -> bytes:
    """Packed rows, below BUCKETS, of the text's hashed runs of 3 to 5 characters, by where they begin.

    A run's hash is a polynomial in its characters, so all runs that begin at a character are one row of
    five characters times a matrix.
    """
    size = len(plain)
    if size < _SHORTEST:
        return b""
    codes = (plain + _PADDING).encode("utf-32-le", "replace")
    runs = np.ndarray((size, _LONGEST), np.uint32, codes, 0, (4, 4))  # the row at a character, overlapping
    packed = ((runs @ _HASH) >> _SHIFT).astype(np.intp).tobytes()
    if size == _SHORTEST:
        return packed[:_ROW_BYTES]
    end = (3 * size - 10) * _ROW_BYTES  # the last five begin runs of 3, 4 and 5 characters; 3 and 4; 3
    return packed[:end] + packed[end + _ROW_BYTES : end + 2 * _ROW_BYTES]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A vocabulary as texts are looked up in it: a word or a pair once, for all that it can be."""

    words: Mapping[str, Rows]
    pairs: Mapping[tuple[str, ...], Rows]
    openings: Mapping[tuple[str, ...], bytes]
    shapes: tuple[dict[int | str, bytes], ...]


def lookup(vocabulary: Mapping[str, int]) -> Lookup:
    """The vocabulary's rows, packed.

    It keeps the vocabulary's order, commonest first: what is looked up often lies together in memory.
    """
    packed = {name: row.to_bytes(_ROW_BYTES, sys.byteorder) for name, row in vocabulary.items()}
    known: dict[str, Rows] = {}
    for name in dict.fromkeys(each for full in packed for each in (full, full[1:])):
        rows = (packed.get(name, b""), packed.get("<" + name, b""), packed.get(">" + name, b""))
        if any(rows) and not _is_marked(name):
            known[name] = rows
    return Lookup(
        {name: rows for name, rows in known.items() if " " not in name},
        {tuple(name.split(" ")): rows for name, rows in known.items() if " " in name},
        {tuple(name[1:].split()): row for name, row in packed.items() if _is_opening(name)},
        tuple([_by_value(packed, "#" + kind) for kind in _SHAPES]),
    )


def _is_marked(name: str) -> bool:
    """Whether it is the name of an edge, an opening or a shape, and not of a sign or a pair with it."""
    return name[:1] in _MARKS and name[1:2] not in ("", " ")


def _is_opening(name: str) -> bool:
    """Without any words, a text's opening has the name of the sign."""
    return name[:1] == "^" and name[1:2] != " "


def _by_value(packed: Mapping[str, bytes], kind: str) -> dict[int | str, bytes]:
    found = ((name.removeprefix(kind), row) for name, row in packed.items() if name.startswith(kind))
    return {int(value) if value.isdecimal() and kind != "#ends" else value: row for value, row in found}


def blocks(text: str, known: Lookup) -> tuple[Indices, Sizes]:
    """Matrix rows, block after block, and each block's size; names that are not known are left out.

    The rows are those of `names`; its edges first, then its openings.
    """
    plain = _plain(text)
    words = _words(plain)
    places = map(known.words.get, words, repeat(_UNKNOWN))
    following = zip(words, words[1:], strict=False)  # noqa: RUF007 -- it makes one tuple, not one a pair
    pair_places = map(known.pairs.get, following, repeat(_UNKNOWN))
    of_words, firsts, lasts = zip(_UNKNOWN, *places, strict=False)
    of_pairs, pair_firsts, pair_lasts = zip(_UNKNOWN, *pair_places, strict=False)
    opening = (tuple(words[:1]), tuple(words[:2]), tuple(words[:3]))
    anywhere = b"".join(of_words + of_pairs)
    edges = firsts[: _EDGE + 1] + pair_firsts[:_EDGE] + lasts[-_EDGE:] + pair_lasts[1 - _EDGE :]
    edge = b"".join((*edges, *map(known.openings.get, opening, repeat(b""))))
    shape = b"".join(map(dict.get, known.shapes, _shape(text, words), repeat(b"")))
    runs = ngrams(plain)
    rows = np.frombuffer(b"".join((anywhere, edge, shape, runs)), np.intp)
    return rows, (_rows(anywhere), _rows(edge), _rows(shape), _rows(runs))


def _rows(packed: bytes) -> int:
    return len(packed) // _ROW_BYTES


def shares(sizes: Sizes) -> NDArray[np.float32]:
    """What each index of `blocks` counts: one over the square root of its block's size."""
    a, b, c, d = sizes
    every = (_SHARES[a] * a, _SHARES[b] * b, _SHARES[c] * c, _SHARES[d] * d)
    return np.frombuffer(b"".join(every), np.float32)
