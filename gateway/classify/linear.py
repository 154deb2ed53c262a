"""Linear models that share one feature space: weights in, one probability per label out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.classify.features import Floats, Part, features

FORMAT: Final = 2
_STEPS: Final = 127  # of a weight, on either side of nothing


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
    """Weights of shape (ROWS, columns of all heads) in int8 steps, a step's size by column, and the bias."""

    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats
    heads: Mapping[str, Head]

    def scores(self, text: str) -> Floats:
        """A score for every column of every head; a text is at most a window long."""
        return self.bias + self._added(text, Part.QUESTION)

    def leaning(self, text: str, part: Part) -> Floats:
        """What another part of the conversation, at most a window, adds to the scores of its question."""
        return self._added(text, part)

    def _added(self, text: str, part: Part) -> Floats:
        rows, shares = features(text, part)
        added: Floats = shares.dot(self.weights.take(rows, 0)) * self.scale
        return added

    def probabilities(self, head: str, scores: Floats) -> list[float]:
        """The calibrated probabilities of one head's labels."""
        chosen = self.heads[head]
        own: list[float] = scores[chosen.columns].tolist()  # a few numbers: quicker without NumPy
        highest = max(own)
        powers = [math.exp((score - highest) / chosen.temperature) for score in own]
        total = sum(powers)
        return [power / total for power in powers]


def quantised(weights: Floats, bias: Floats, heads: Mapping[str, Head]) -> LinearModel:
    """The model in int8 (which moves a score < 1%)."""
    scale = np.maximum(np.abs(weights).max(0) / _STEPS, 1e-8).astype(np.float32)
    steps = np.rint(weights / scale).clip(-_STEPS, _STEPS).astype(np.int8)
    return LinearModel(steps, scale, bias.astype(np.float32), heads)


def save(path: Path, model: LinearModel) -> None:
    about = {
        "format": FORMAT,
        "heads": [[name, h.labels, h.temperature, h.threshold, h.doubt] for name, h in model.heads.items()],
    }
    np.savez_compressed(
        path,
        weights=model.weights,
        scale=model.scale,
        bias=model.bias,
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
        return LinearModel(file["weights"], file["scale"], file["bias"], _heads(about["heads"]))


def _heads(rows: list[tuple[str, list[str], float, float, float]]) -> dict[str, Head]:
    heads: dict[str, Head] = {}
    start = 0
    for name, labels, temperature, threshold, doubt in rows:
        heads[name] = Head(tuple(labels), temperature, threshold, doubt, slice(start, start + len(labels)))
        start += len(labels)
    return heads
