"""Hashed n-grams of words and of characters: what an embedding blurs, spelling and other languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

CHARACTER_BUCKETS: Final = 8192
WORD_BUCKETS: Final = 4096
BUCKETS: Final = CHARACTER_BUCKETS + WORD_BUCKETS
LONGEST: Final = 2000  # characters of a text that count; more than the embedder reads
_SIZES: Final = (2, 3, 4, 5)
_WORD: Final = re.compile(r"\w+|[^\w\s]")

Sparse = tuple[NDArray[np.int64], NDArray[np.float32]]


def grams(text: str) -> Sparse:
    """Buckets and values: characters' and words' n-grams, each kind of unit length."""
    words = _WORD.findall(text[:LONGEST].lower())
    characters = _hashed(_characters(words), CHARACTER_BUCKETS, 0)
    return _joined(characters, _hashed(_words(words), WORD_BUCKETS, CHARACTER_BUCKETS))


def _characters(words: Iterable[str]) -> Iterator[str]:
    """The n-grams inside each word and its two spaces, never across words."""
    for word in words:
        padded = f" {word} "
        for size in _SIZES:
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size]


def _words(words: list[str]) -> Iterator[str]:
    yield from words
    yield from (f"{a} {b}" for a, b in pairwise(words))


def _hashed(tokens: Iterable[str], buckets: int, offset: int) -> Sparse:
    """Counts by bucket; one bit of the hash is the sign, so that collisions cancel on average."""
    values: dict[int, float] = {}
    for token, count in Counter(tokens).items():
        code = crc32(token.encode("utf-8", "surrogatepass"))
        bucket = offset + (code >> 1) % buckets
        values[bucket] = values.get(bucket, 0.0) + (count if code & 1 else -count)
    indices = np.fromiter(values, dtype=np.int64, count=len(values))
    counts = np.fromiter(values.values(), dtype=np.float32, count=len(values))
    length = float(np.linalg.norm(counts))
    return indices, counts / length if length else counts


def _joined(first: Sparse, second: Sparse) -> Sparse:
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])
