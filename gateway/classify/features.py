"""Turns a text into feature numbers: known words, the text's edges and shape, hashed character n-grams.

A text becomes four blocks of indices into one weight matrix. A block's weights are added up and divided by
the square root of the block's size, so that a long text does not shout a short one down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]

BUCKETS: Final = 1 << 15  # rows of the matrix for hashed character n-grams; known words come after them
WINDOW: Final = 600  # characters that a model reads at a time
_SHORTEST, _LONGEST = 3, 5  # characters of a run
_EDGE: Final = 12  # words of the beginning and of the end that count once more, as such
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+|[^\w\s]")
_CODE: Final = ("{", "}", ";", "=", "<", "[", "_", "()", "->", "\\")
_DIGITS = str.maketrans("123456789", "000000000")
_MULTIPLIER: Final = np.uint32(2654435761)
_STEP: Final = np.uint32(65599)
_SHIFT: Final = np.uint32(32 - 15)


def tokens(text: str) -> list[str]:
    """Words, numbers (every digit a zero) and signs, in lower case."""
    return _TOKEN.findall(text.lower().translate(_DIGITS))


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
    opening = ["^" + " ".join(words[:count]) for count in (1, 2, 3)]
    return ["<" + name for name in first] + [">" + name for name in last] + opening


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
    """Hashed runs of 3 to 5 characters: indices below BUCKETS."""
    codes = np.frombuffer(text.lower().translate(_DIGITS).encode("utf-32-le", "replace"), dtype=np.uint32)
    grown = codes
    runs = []
    for length in range(2, _LONGEST + 1):
        if len(codes) < length:
            break
        grown = grown[:-1] * _STEP + codes[length - 1 :]
        if length >= _SHORTEST:
            runs.append(grown)
    if not runs:
        return np.empty(0, dtype=np.intp)
    return ((np.concatenate(runs) * _MULTIPLIER) >> _SHIFT).astype(np.intp)


def blocks(text: str, vocabulary: Mapping[str, int]) -> tuple[Indices, list[int]]:
    """Matrix rows, block after block, and each block's size; names that are not known are left out."""
    rows: list[int] = []
    sizes: list[int] = []
    for block in names(text):
        known = list(filter(None, map(vocabulary.get, block)))
        rows += known
        sizes.append(len(known))
    runs = ngrams(text)
    return np.concatenate((np.array(rows, dtype=np.intp), runs)), [*sizes, len(runs)]


def shares(sizes: list[int]) -> NDArray[np.float32]:
    """What each index of `blocks` counts: one over the square root of its block's size."""
    return np.repeat(np.array([max(size, 1) ** -0.5 for size in sizes], dtype=np.float32), sizes)
