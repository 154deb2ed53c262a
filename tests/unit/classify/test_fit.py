"""Fitting."""

import numpy as np

from gateway.classify.asked import Asked
from gateway.classify.fit import fit, matrix
from gateway.classify.rows import Row

TEXTS = ["red apple pie", "red apple juice", "blue steel car", "blue steel bike"] * 3
ASKED = [Asked(text) for text in TEXTS]
ROWS = [Row(text, "food" if "apple" in text else "metal", "s", "MIT", 1.0) for text in TEXTS]


def test_a_model_learns_what_words_tell() -> None:
    fitted = fit(ROWS, matrix(ASKED), ("food", "metal", "never"))

    best = fitted.scores(matrix([Asked("apple cake"), Asked("steel pipe")])).argmax(1)

    assert list(best) == [0, 1]


def test_what_a_short_question_leans_on_is_learned_too() -> None:
    asked = [Asked("and now?", before=text) for text in TEXTS]
    rows = [Row("and now?", row.label, "s", "MIT", 1.0, before=row.text) for row in ROWS]
    fitted = fit(rows, matrix(asked), ("food", "metal"))

    best = fitted.scores(matrix([Asked("and now?", before=text) for text in ("apple cake", "steel pipe")]))

    assert list(best.argmax(1)) == [0, 1]


def test_fitting_twice_gives_the_same() -> None:
    one, two = (fit(ROWS, matrix(ASKED), ("food", "metal")) for _ in range(2))

    assert np.array_equal(one.weights, two.weights)
