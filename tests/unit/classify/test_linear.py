"""Linear models: scores, probabilities, the file."""

from pathlib import Path

import numpy as np
import pytest

from gateway.classify.features import ROWS, Part, features
from gateway.classify.linear import Head, LinearModel, load, quantised, save


def model(temperature: float = 1.0) -> LinearModel:
    weights = np.zeros((ROWS, 3), dtype=np.float32)
    weights[features("yes")[0]] = [3, 0, 1]
    weights[features("no")[0]] = [0, 3, -1]
    weights[features("yes", Part.BEFORE)[0]] = [3, 0, 0]
    heads = {
        "first": Head(("a", "b"), temperature, 0.5, 0.0, slice(0, 2)),
        "second": Head(("c",), 2.0, 0.5, 0.1, slice(2, 3)),
    }
    return quantised(weights, np.zeros(3, dtype=np.float32), heads)


def test_known_words_move_the_scores() -> None:
    assert model().probabilities("first", model().scores("yes"))[0] > 0.9
    assert model().probabilities("first", model().scores("no"))[0] < 0.1
    assert model().scores("").tolist() == [0, 0, 0]


def test_what_was_said_before_adds_to_them() -> None:
    added = model().leaning("yes", Part.BEFORE)

    assert added[0] > 1
    assert (model().scores("") + added)[0] > (model().scores("") + model().leaning("yes", Part.ANSWER))[0]


def test_a_temperature_softens() -> None:
    hot, cold = model(4.0), model()

    assert (
        hot.probabilities("first", hot.scores("yes"))[0] < cold.probabilities("first", cold.scores("yes"))[0]
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
