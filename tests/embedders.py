"""Embedders for tests: the real one, and a small one that remembers what it was given."""

from __future__ import annotations

import os
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.backends.minilm import MiniLM
from gateway.errors import ProviderUnavailable
from gateway.labels import Cleared
from gateway.policy.schema import Model
from gateway.types import Label


def real(**options: int) -> MiniLM:
    """MiniLM, with its own options. Without its packages the test is skipped on a laptop, and fails in CI."""
    try:
        return MiniLM(**options)
    except ProviderUnavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(error.message)


def destination(name: str = "minilm", clearance: Label = Label.RESTRICTED) -> Model:
    return Model(name, "local", name, kind="embedding", clearance=clearance)


class WordCounts:
    """An embedder of its own: a text is its words, counted into 64 places. Remembers what it was given."""

    dimensions = 64

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.failing = False

    async def embed(self, texts: Cleared[tuple[str, ...]]) -> NDArray[np.float32]:
        if self.failing:
            raise ProviderUnavailable("the embedder is away")
        self.seen += texts.value
        vectors = np.full((len(texts.value), self.dimensions), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts.value):
            for word in text.lower().split():
                vectors[row, crc32(word.strip(".,?!").encode()) % self.dimensions] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / lengths, dtype=np.float32)
