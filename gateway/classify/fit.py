"""Fits linear models over one feature space, and calibrates them on rows that they have not seen."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from gateway.classify.features import BUCKETS, blocks, head_and_tail, lookup, names, shares
from gateway.classify.rows import Row

Doubles = NDArray[np.float64]
_WORDS: Final = 30_000  # names kept; the commonest
_STRENGTH: Final = 10.0  # inverse of the ridge
_STEPS: Final = 40  # stopped early: more steps fit the training rows only
_SHAPE: Final = 0.4  # how much the few features of shape count beside words


@dataclass(frozen=True, slots=True)
class Space:
    """The features that all heads share: which names are known, and how much each feature's rarity counts."""

    vocabulary: Mapping[str, int]
    rarity: Doubles

    def matrix(self, texts: Sequence[str]) -> Any:
        """Texts as a sparse matrix of shape (texts, features)."""
        values: list[NDArray[np.float64]] = []
        indices: list[NDArray[np.intp]] = []
        ends = [0]
        known = lookup(self.vocabulary)
        for text in texts:
            rows, sizes = blocks(head_and_tail(text), known)
            indices.append(rows)
            values.append(self.rarity[rows] * shares(sizes))
            ends.append(ends[-1] + len(rows))
        flat = np.concatenate(values) if values else np.empty(0)
        where = np.concatenate(indices) if indices else np.empty(0, dtype=np.intp)
        shape = (len(texts), len(self.rarity))
        matrix = csr_matrix((flat.astype(np.float32), where, np.array(ends)), shape=shape)
        matrix.sum_duplicates()
        return matrix


def space(texts: Sequence[str]) -> Space:
    """Learn the vocabulary (names in two texts or more) and every feature's rarity, scaled to about one."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update({name for block in names(head_and_tail(text)) for name in block})
    kept = sorted((n for n, count in seen.items() if count > 1), key=lambda n: (-seen[n], n))[:_WORDS]
    vocabulary = {name: BUCKETS + n for n, name in enumerate(kept)}
    plain = Space(vocabulary, np.ones(BUCKETS + len(kept)))
    matrix = plain.matrix(texts)
    matrix.data[:] = 1.0
    often = np.asarray(matrix.sum(0)).ravel()
    rarity = (1.0 + np.log((1.0 + len(texts)) / (1.0 + often))) / 5.0
    rarity[[row for name, row in vocabulary.items() if name[0] == "#" and len(name) > 1]] *= _SHAPE
    return Space(vocabulary, rarity)


@dataclass(frozen=True, slots=True)
class Fitted:
    """One head's weights, of shape (features, labels), and bias."""

    labels: tuple[str, ...]
    weights: Doubles
    bias: Doubles

    def scores(self, matrix: Any) -> Doubles:
        return np.asarray(matrix @ self.weights + self.bias)


def fit(rows: Sequence[Row], matrix: Any, labels: Sequence[str]) -> Fitted:
    """Multinomial logistic regression, labels balanced halfway."""
    wanted = np.array([labels.index(row.label) for row in rows])
    weights = np.array([row.weight for row in rows])
    totals = np.bincount(wanted, weights=weights, minlength=len(labels))
    balance = np.sqrt(totals[totals > 0].mean() / np.maximum(totals, 1e-9))
    model = LogisticRegression(C=_STRENGTH, max_iter=_STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, wanted, sample_weight=weights * balance[wanted])
    full = np.zeros((matrix.shape[1], len(labels)))
    bias = np.full(len(labels), -20.0)
    if len(model.classes_) == 2:  # scikit-learn keeps one column then: split it evenly
        full[:, model.classes_] = np.stack([-model.coef_[0] / 2, model.coef_[0] / 2], 1)
        bias[model.classes_] = [-model.intercept_[0] / 2, model.intercept_[0] / 2]
    else:
        full[:, model.classes_] = model.coef_.T
        bias[model.classes_] = model.intercept_
    return Fitted(tuple(labels), full * 1.0, bias)
