"""Turns a text into feature numbers: known words, the text's edges and shape, hashed character n-grams.

A text becomes four blocks of indices into one weight matrix. A block's weights are added up and divided by
the square root of the block's size, so that a long text does not shout a short one down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise, repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
Place = tuple[int, int, int]
"""The matrix rows of a name anywhere, in the beginning and at the end; 0 where it is not known as such."""

BUCKETS: Final = 1 << 15  # rows of the matrix for hashed character n-grams; known words come after them
WINDOW: Final = 600  # characters that a model reads at a time
_SHORTEST, _LONGEST = 3, 5  # characters of a run
_EDGE: Final = 12  # words of the beginning and of the end that count once more, as such
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+|[^\w\s]")
_CODE: Final = ("{", "}", ";", "=", "<", "[", "_", "()", "->", "\\")
_DIGITS = str.maketrans("123456789", "000000000")
_EDGES: Final = ("", "<", ">")
_NOWHERE: Final[Place] = (0, 0, 0)
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


def _plain(text: str) -> str:
    return text.lower().translate(_DIGITS)


def tokens(text: str) -> list[str]:
    """Words, numbers (every digit a zero) and signs, in lower case."""
    return _TOKEN.findall(_plain(text))


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
    return words + pairs, _edges(words, pairs), _shape(text, words)


def _edges(words: list[str], pairs: list[str]) -> list[str]:
    first = words[:_EDGE] + pairs[: _EDGE - 1]
    last = words[-_EDGE:] + pairs[1 - _EDGE :]
    return ["<" + name for name in first] + [">" + name for name in last] + _opening(words)


def _opening(words: list[str]) -> list[str]:
    return ["^" + " ".join(words[:count]) for count in (1, 2, 3)]


def _shape(text: str, words: list[str]) -> list[str]:
    lines = text.count("\n")
    line = text.find("\n")
    opening = line if line >= 0 else len(text)
    code = sum(map(text.count, _CODE))
    return [
        f"#length{len(text).bit_length()}",
        f"#words{len(words).bit_length()}",
        f"#lines{min(lines, 9).bit_length()}",
        f"#opening{opening.bit_length() if lines else 0}",
        f"#code{min(code * 60 // (len(text) + 1), 6)}",
        f"#quote{min(text.count(chr(34)) + text.count('“'), 3)}",
        f"#body{_body(text).bit_length()}",
        f"#ends{words[-1] if words and not words[-1][0].isalpha() else 'word'}",
        f"#asks{min(text.count('?'), 2)}",
    ]


def _body(text: str) -> int:
    """How much text comes after the first colon or line break: a supplied text, mostly."""
    cut = min((at for at in (text.find(":"), text.find("\n")) if at >= 0), default=len(text))
    return len(text) - cut


def ngrams(text: str) -> Indices:
    """Hashed runs of 3 to 5 characters: indices below BUCKETS.

    A run's hash is a polynomial in its characters, so all runs that begin at a character are one row of
    five characters times a matrix.
    """
    plain = _plain(text)
    size = len(plain)
    codes = (plain + _PADDING).encode("utf-32-le", "replace")
    runs = np.ndarray((size, _LONGEST), np.uint32, codes, 0, (4, 4))  # the row at a character, overlapping
    hashes = (runs @ _HASH) >> _SHIFT
    whole = [hashes[: max(0, size - length + 1), column] for column, length in enumerate(_LENGTHS)]
    return np.concatenate(whole, dtype=np.intp, casting="unsafe")


def places(vocabulary: Mapping[str, int]) -> dict[str, Place]:
    """The vocabulary by plain name, so that a word or a pair is looked up once for all that it can be.

    It keeps the vocabulary's order, commonest first: what is looked up often lies together in memory.
    """
    plain = dict.fromkeys(name for known in vocabulary for name in (known, known[1:]))
    found = ((name, tuple(vocabulary.get(edge + name, 0) for edge in _EDGES)) for name in plain if name)
    return {name: (row, first, last) for name, (row, first, last) in found if row or first or last}


def blocks(text: str, known: Mapping[str, Place]) -> tuple[Indices, list[int]]:
    """Matrix rows, block after block, and each block's size; names that are not known are left out.

    The rows are those of `names`, in the same order.
    """
    words = tokens(text)
    pairs = list(map(" ".join, pairwise(words)))
    word_places = list(map(known.get, words, repeat(_NOWHERE)))
    pair_places = list(map(known.get, pairs, repeat(_NOWHERE)))
    first = word_places[:_EDGE] + pair_places[: _EDGE - 1]
    last = word_places[-_EDGE:] + pair_places[1 - _EDGE :]
    opening = map(known.get, _opening(words), repeat(_NOWHERE))
    anywhere = [place[0] for place in word_places + pair_places if place[0]]
    edges = [place[1] for place in first if place[1]] + [place[2] for place in last if place[2]]
    edges += [place[0] for place in opening if place[0]]
    shape = [known[name][0] for name in _shape(text, words) if name in known]
    runs = ngrams(text)
    rows = np.array(anywhere + edges + shape, dtype=np.intp)
    return np.concatenate((rows, runs)), [len(anywhere), len(edges), len(shape), len(runs)]


def shares(sizes: list[int]) -> NDArray[np.float32]:
    """What each index of `blocks` counts: one over the square root of its block's size."""
    each = np.empty(sum(sizes), dtype=np.float32)
    start = 0
    for size in sizes:
        each[start : start + size] = max(size, 1) ** -0.5
        start += size
    return each
