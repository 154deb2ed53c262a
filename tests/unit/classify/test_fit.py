"""Fitting."""

import numpy as np

from gateway.classify.fit import fit, space
from gateway.classify.rows import Row

TEXTS = ["red apple pie", "red apple juice", "blue steel car", "blue steel bike"] * 3
ROWS = [Row(text, "food" if "apple" in text else "metal", "s", "MIT", 1.0) for text in TEXTS]


def test_a_model_learns_what_words_tell() -> None:
    features = space(TEXTS)
    fitted = fit(ROWS, features.matrix(TEXTS), ("food", "metal", "never"))

    best = fitted.scores(features.matrix(["apple cake", "steel pipe"])).argmax(1)

    assert list(best) == [0, 1]


def test_the_vocabulary_keeps_what_occurs_twice() -> None:
    features = space(["red apple", "red pear"])

    assert "red" in features.vocabulary
    assert "apple" not in features.vocabulary


def test_fitting_twice_gives_the_same() -> None:
    features = space(TEXTS)
    one, two = (fit(ROWS, features.matrix(TEXTS), ("food", "metal")) for _ in range(2))

    assert np.array_equal(one.weights, two.weights)
