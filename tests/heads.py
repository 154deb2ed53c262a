"""A small task that a head can learn in a second, and an embedder that knows a few words, for the tests."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from gateway.tuning.examples import Example

_TOPICS = {
    "fruit": ("apple", "pear", "plum", "cherry", "quince"),
    "metal": ("iron", "copper", "zinc", "nickel", "tin"),
    "cloth": ("linen", "wool", "silk", "felt", "tweed"),
}
_VOICES = ("I like {}", "{} please", "where is the {} kept", "too much {} here", "no {} for me today")


def small_task(strangers: bool = True) -> tuple[Example, ...]:
    """Twenty-five rows for each of three labels, and fifteen to hand on."""
    rows = [
        Example(voice.format(word), label)
        for label, words in _TOPICS.items()
        for word, voice in itertools.product(words, _VOICES)
    ]
    orders = ("Translate into Latin: {}", "How many letters has {}", "Spell {} backwards")
    more = [Example(o.format(w), None) for o in orders for w in _TOPICS["fruit"]] if strangers else []
    return (*rows, *more)


async def embed_words(texts: tuple[str, ...]) -> NDArray[np.float32]:
    """Unit vectors of four numbers: which topic's words occur, and whether an order does."""
    rows = [[float(any(w in t.lower() for w in words)) for words in _TOPICS.values()] for t in texts]
    orders = [float(any(w in t for w in ("Translate", "many", "Spell"))) for t in texts]
    vectors = np.array([[*row, order + 0.1] for row, order in zip(rows, orders, strict=True)])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
