"""Fits how hard a request is: the chance that the cheaper of two models fails at it.

What ranks requests for a pair of models is what the stronger one gains (Ong et al., RouteLLM, 2024), so that
is what is fitted; the ranking is then turned into a chance of failure (Platt, 1999).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from gateway.classify.asked import Asked
from gateway.classify.fit import Fitted, matrix

LABELS: Final = ("easy", "hard")
_STRENGTH: Final = 0.1  # inverse of the ridge: 1,319 rows bear no more
_FOLDS: Final = 5
_DRAWS: Final = 1000

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Attempts:
    """Problems, and whether the weaker and the stronger model solved each: 0 or 1, of shape (problems,)."""

    prompts: tuple[str, ...]
    weak: Doubles
    strong: Doubles


@dataclass(frozen=True, slots=True)
class Difficulty:
    """The fitted head, with `apgr` on held-out folds, that of the prompt's length, and an interval (95 %)
    of the difference, from drawing the problems again (Efron's bootstrap, paired).
    """

    head: Fitted
    rows: int
    apgr: float
    by_length: float
    gained: tuple[float, float]


def attempts(shared: Path) -> Attempts | None:
    """What is known of two models on the same problems; None where the folder has no such file."""
    path = shared / "train" / "difficulty.jsonl"
    if not path.exists():
        return None
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return Attempts(
        tuple(row["prompt"] for row in rows),
        np.array([row["weak_ok"] for row in rows], float),
        np.array([row["strong_ok"] for row in rows], float),
    )


def learned(known: Attempts) -> Difficulty:
    """Fit on all problems; measured on folds."""
    problems = matrix([Asked(prompt) for prompt in known.prompts])
    held = np.zeros(len(known.prompts))
    for rest, part in KFold(_FOLDS, shuffle=True, random_state=0).split(held):
        held[part] = _ranking(problems[rest], _gain(known)[rest]).decision_function(problems[part])
    length = np.array([len(prompt) for prompt in known.prompts], float)
    chance = LogisticRegression(C=1e6).fit(held[:, None], 1 - known.weak)
    head = _scaled(_ranking(problems, _gain(known)), chance.coef_[0, 0], chance.intercept_[0])
    return Difficulty(head, len(held), apgr(held, known), apgr(length, known), _interval(held, length, known))


def apgr(scores: Doubles, known: Attempts) -> float:
    """Average performance gap recovered: the share of what the stronger model gains over the weaker that is
    had by asking it for the highest scores, averaged over how many it is asked for. Chance gives 0.5.
    """
    gained = np.cumsum(_gain(known)[np.argsort(-scores, kind="stable")])
    return float(np.concatenate(([0.0], gained)).mean() / gained[-1])


def _gain(known: Attempts) -> Doubles:
    return known.strong - known.weak


def _ranking(problems: Any, gain: Doubles) -> LogisticRegression:
    """Every problem stands for both answers, as often as its gain says."""
    answers = np.repeat([1, 0], len(gain))
    counts = np.concatenate([(1 + gain) / 2, (1 - gain) / 2])
    model = LogisticRegression(C=_STRENGTH, max_iter=300)
    return model.fit(vstack([problems, problems]), answers, sample_weight=counts)


def _scaled(ranking: LogisticRegression, slope: float, start: float) -> Fitted:
    weights, bias = ranking.coef_[0] * slope / 2, (ranking.intercept_[0] * slope + start) / 2
    return Fitted(LABELS, np.stack([-weights, weights], 1), np.array([-bias, bias]))


def _interval(scores: Doubles, others: Doubles, known: Attempts) -> tuple[float, float]:
    draw, size = np.random.default_rng(0), len(scores)
    differences = []
    for _ in range(_DRAWS):
        at = draw.integers(size, size=size)
        drawn = Attempts((), known.weak[at], known.strong[at])
        differences.append(apgr(scores[at], drawn) - apgr(others[at], drawn))
    low, high = np.quantile(differences, (0.025, 0.975))
    return float(low), float(high)
