"""How difficulty is measured."""

import json
from pathlib import Path

import numpy as np
import pytest

from gateway.classify.difficulty import Attempts, apgr, attempts

#                       both solve it, only the stronger, only the weaker, none
WEAK, STRONG = np.array([1.0, 0.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0])
KNOWN = Attempts(("a", "b", "c", "d"), np.append(WEAK, 0.0), np.append(STRONG, 1.0))


def test_asking_the_stronger_first_where_only_it_succeeds_recovers_most() -> None:
    best = apgr(np.array([0.5, 1.0, 0.0, 0.5, 1.0]), KNOWN)
    worst = apgr(np.array([0.5, 0.0, 1.0, 0.5, 0.0]), KNOWN)

    # gains 1, 1, 0, 0, -1 in the best order: (0 + 1 + 2 + 2 + 2 + 1) / 6
    assert best == pytest.approx(8 / 6)
    assert worst == pytest.approx((0 - 1 - 1 - 1 + 0 + 1) / 6)


def test_problems_are_read_from_their_file(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    row = {"prompt": "What is 2 + 2?", "weak_ok": False, "strong_ok": True}
    (tmp_path / "train" / "difficulty.jsonl").write_text(json.dumps(row) + "\n")

    known = attempts(tmp_path)

    assert known is not None
    assert (known.prompts, known.weak.tolist(), known.strong.tolist()) == (("What is 2 + 2?",), [0.0], [1.0])


def test_a_folder_without_problems_gives_none(tmp_path: Path) -> None:
    assert attempts(tmp_path) is None
