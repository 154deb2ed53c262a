"""Linear models: scores, probabilities, the file."""

from pathlib import Path

import numpy as np
import pytest

from gateway.classify.features import BUCKETS
from gateway.classify.linear import Head, LinearModel, load, save


def model() -> LinearModel:
    weights = np.zeros((BUCKETS + 2, 3), dtype=np.float32)
    weights[BUCKETS] = [3, 0, 1]
    weights[BUCKETS + 1] = [0, 3, -1]
    heads = {
        "first": Head(("a", "b"), 1.0, 0.5, 0.0, slice(0, 2)),
        "second": Head(("c",), 2.0, 0.5, 0.1, slice(2, 3)),
    }
    return LinearModel({"yes": BUCKETS, "no": BUCKETS + 1}, weights, np.zeros(3, dtype=np.float32), heads)


def test_known_words_move_the_scores() -> None:
    scores = model().scores("yes")

    assert model().probabilities("first", scores)[0] > 0.9
    assert model().probabilities("first", model().scores("unheard"))[0] == pytest.approx(0.5)


def test_a_temperature_softens() -> None:
    hot = Head(("a", "b"), 4.0, 0.5, 0.0, slice(0, 2))
    soft = LinearModel(model().vocabulary, model().weights, model().bias, {"first": hot})

    assert (
        soft.probabilities("first", soft.scores("yes"))[0]
        < model().probabilities("first", model().scores("yes"))[0]
    )


def test_a_model_comes_back_from_its_file(tmp_path: Path) -> None:
    save(tmp_path / "m.npz", model())
    back = load(tmp_path / "m.npz")

    assert back.heads == model().heads
    assert np.allclose(back.scores("yes no"), model().scores("yes no"), atol=0.05)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", about=np.frombuffer(b'{"format": 99}', dtype=np.uint8))

    with pytest.raises(ValueError, match="make weights"):
        load(tmp_path / "m.npz")
