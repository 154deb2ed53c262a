"""A classification head: exported linear models over a text's embedding and its n-grams, with calibration.

Two models, both multinomial logistic regressions: `topic` labels what is asked about, `stranger` says how
likely the request is none of this head's (it wants other labels). A label's probability is the product of
the first and the complement of the second; below its label's threshold the head is unsure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.tuning.grams import BUCKETS, Sparse, grams
from gateway.tuning.wording import asked

Vector = NDArray[np.float32]

FORMAT: Final = 1
FILE: Final = "head.npz"
_AGAIN: Final = "fit it again by `pointsman tune train`"
_NAME: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


class BadHead(ValueError):
    """A file that is no head, or a head that this version cannot read."""


class Verdict(NamedTuple):
    """The best label and the probability that it is right; `unsure`: better not answered."""

    label: str
    probability: float
    unsure: bool


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights by class: `embedding` (classes, dimensions), `grams` (classes, buckets), `bias` (classes,)."""

    embedding: NDArray[np.float32]
    grams: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float = 1.0

    def probabilities(self, vector: Vector, sparse: Sparse) -> NDArray[np.float64]:
        indices, values = sparse
        scores = self.embedding @ vector + self.grams[:, indices] @ values + self.bias
        return np.asarray(softmax(scores.astype(np.float64)[None, :], self.temperature)[0])


@dataclass(frozen=True, slots=True)
class Head:
    """What `pointsman tune train` makes. `made_from` is the SHA-256 of the examples, 12 digits."""

    name: str
    classes: tuple[str, ...]
    topic: Linear
    stranger: Linear | None  # its classes: ours, a stranger's; None: fitted without strangers
    thresholds: tuple[float, ...]  # by class; above 1: that label is never answered
    embedder: str
    dimensions: int
    made_from: str
    target: float  # of the accuracy of what is answered

    def readings(self, text: str) -> tuple[str, ...]:
        """The texts to embed, in order, for `predict`; none where there is nothing to classify."""
        ticket = asked(text)
        return (ticket, text.strip()) if ticket else ()

    def predict(self, text: str, vectors: NDArray[np.float32]) -> Verdict:
        """The verdict on a text; `vectors` are the embeddings of its readings, (2, dimensions)."""
        ticket, whole = self.readings(text)
        likely = self.topic.probabilities(vectors[0], grams(ticket))
        ours = 1.0 if self.stranger is None else self.stranger.probabilities(vectors[1], grams(whole))[0]
        best = int(likely.argmax())
        probability = float(likely[best] * ours)
        return Verdict(self.classes[best], probability, not probability >= self.thresholds[best])

    def save(self, path: Path) -> None:
        """One .npz file without pickled objects; the same head gives the same bytes."""
        arrays = {f"topic_{name}": array for name, array in _arrays(self.topic).items()}
        if self.stranger is not None:
            arrays |= {f"stranger_{name}": array for name, array in _arrays(self.stranger).items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        with unfinished.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, about=np.array(json.dumps(self._about())), **arrays)
        unfinished.replace(path)

    def _about(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "classes": self.classes,
            "thresholds": self.thresholds,
            "embedder": self.embedder,
            "dimensions": self.dimensions,
            "made_from": self.made_from,
            "target": self.target,
            "temperature": self.topic.temperature,
            "stranger_temperature": self.stranger.temperature if self.stranger else None,
        }

    @classmethod
    def load(cls, path: Path) -> Head:
        """The head in a file.

        Raises:
            BadHead: the file is missing, broken, of another format, or does not fit together.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            about = json.loads(str(arrays.pop("about")))
            return _checked(_head(about, arrays))
        except BadHead:
            raise
        except Exception as error:  # a broken archive raises whatever its broken part raises
            raise BadHead(f"{path.name} cannot be read as a head: {_AGAIN}") from error


def valid_name(name: str) -> str:
    """A head's name as it stands in a policy after `local/`.

    Raises:
        ValueError: it is no slug.
    """
    if _NAME.fullmatch(name) is None or len(name) > 64:
        raise ValueError(
            f"{name!r} cannot name a head: use small letters and digits, joined by - or _, at most 64 of them"
        )
    return name


def softmax(scores: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Rows of scores to rows of probabilities."""
    scaled = scores / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _arrays(linear: Linear) -> dict[str, NDArray[np.float32]]:
    return {"embedding": linear.embedding, "grams": linear.grams, "bias": linear.bias}


def _head(about: dict[str, Any], arrays: dict[str, NDArray[np.float32]]) -> Head:
    if about.get("format") != FORMAT:
        raise BadHead(f"the head has format {about.get('format')}, this version reads {FORMAT}: {_AGAIN}")
    stranger = about["stranger_temperature"]
    return Head(
        name=about["name"],
        classes=tuple(about["classes"]),
        topic=_linear("topic", arrays, about["temperature"]),
        stranger=None if stranger is None else _linear("stranger", arrays, stranger),
        thresholds=tuple(map(float, about["thresholds"])),
        embedder=about["embedder"],
        dimensions=int(about["dimensions"]),
        made_from=about["made_from"],
        target=float(about["target"]),
    )


def _linear(name: str, arrays: dict[str, NDArray[np.float32]], temperature: float) -> Linear:
    return Linear(
        embedding=arrays[f"{name}_embedding"],
        grams=arrays[f"{name}_grams"],
        bias=arrays[f"{name}_bias"],
        temperature=float(temperature),
    )


def _checked(head: Head) -> Head:
    if len(head.thresholds) != len(head.classes):
        raise BadHead(
            f"the head has {len(head.classes)} classes and {len(head.thresholds)} thresholds: {_AGAIN}"
        )
    for linear, classes in ((head.topic, len(head.classes)), (head.stranger, 2)):
        if linear is None:
            continue
        shapes = (linear.embedding.shape, linear.grams.shape, linear.bias.shape)
        if shapes != ((classes, head.dimensions), (classes, BUCKETS), (classes,)):
            raise BadHead(f"the head's weights do not fit its {classes} classes: {_AGAIN}")
    return head
