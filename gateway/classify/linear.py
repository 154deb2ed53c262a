"""Linear models that share one feature space: weights in, one probability per label out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.classify.features import Lookup, blocks, lookup, shares

Floats = NDArray[np.float32]
Scores = Sequence[float]
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Head:
    """One axis: its labels in the order of their columns, and what calibration found for it.

    `threshold` is the probability below which the best label is unsure; `doubt`, used by sensitivity only,
    is the probability of "confidential" from which on a text is not called public.
    """

    labels: tuple[str, ...]
    temperature: float
    threshold: float
    doubt: float
    columns: slice


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights of shape (features, columns of all heads), served as float32."""

    vocabulary: Mapping[str, int]
    weights: Floats
    bias: Floats
    heads: Mapping[str, Head]
    known: Lookup = field(init=False, repr=False)  # the vocabulary, as texts are looked up in it

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", lookup(self.vocabulary))

    def scores(self, text: str) -> Scores:
        """A score for every column of every head."""
        rows, sizes = blocks(text, self.known)
        total: Scores = (self.bias + shares(sizes).dot(self.weights.take(rows, 0))).tolist()
        return total  # a few numbers: the rest is quicker without NumPy

    def probabilities(self, head: str, scores: Scores) -> list[float]:
        """The calibrated probabilities of one head's labels."""
        chosen = self.heads[head]
        own = scores[chosen.columns]
        highest = max(own)
        powers = [math.exp((score - highest) / chosen.temperature) for score in own]
        total = sum(powers)
        return [power / total for power in powers]


def save(path: Path, model: LinearModel) -> None:
    """Write the model as int8 with a scale for every column (quantised weights move a score < 1%)."""
    scale = np.maximum(np.abs(model.weights).max(0) / 127.0, 1e-8).astype(np.float32)
    about = {
        "format": FORMAT,
        "heads": [[name, h.labels, h.temperature, h.threshold, h.doubt] for name, h in model.heads.items()],
    }
    np.savez_compressed(
        path,
        weights=np.rint(model.weights / scale).clip(-127, 127).astype(np.int8),
        scale=scale,
        bias=model.bias,
        vocabulary=np.frombuffer("\n".join(model.vocabulary).encode(), dtype=np.uint8),
        first=np.int64(next(iter(model.vocabulary.values()), 0)),
        about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
    )


def load(path: Path) -> LinearModel:
    """Read what `save` wrote; nothing in the file is executed.

    Raises:
        ValueError: the file was written by another version.
    """
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(file["about"].tobytes())
        if about["format"] != FORMAT:
            raise ValueError(f"{path.name} has format {about['format']}, not {FORMAT}: run `make weights`")
        words = file["vocabulary"].tobytes().decode().split("\n")
        weights = file["weights"].astype(np.float32) * file["scale"]
        first = int(file["first"])
        return LinearModel(
            {word: first + n for n, word in enumerate(words)}, weights, file["bias"], _heads(about["heads"])
        )


def _heads(rows: list[tuple[str, list[str], float, float, float]]) -> dict[str, Head]:
    heads: dict[str, Head] = {}
    start = 0
    for name, labels, temperature, threshold, doubt in rows:
        heads[name] = Head(tuple(labels), temperature, threshold, doubt, slice(start, start + len(labels)))
        start += len(labels)
    return heads
