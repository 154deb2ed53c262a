"""Fits linear models over one feature space, and calibrates them on rows that they have not seen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from gateway.classify.asked import Asked
from gateway.classify.features import ROWS, Floats, Indices, Part, features, head_and_tail
from gateway.classify.rows import Row

Doubles = NDArray[np.float64]
_STRENGTH: Final = 10.0  # inverse of the ridge
_STEPS: Final = 40  # stopped early: more steps fit the training rows only


def matrix(asked: Sequence[Asked]) -> Any:
    """Requests as a sparse matrix of shape (requests, ROWS), in float64: with less the solver stalls."""
    values: list[Floats] = [np.empty(0, np.float32)]
    rows: list[Indices] = [np.empty(0, np.uint32)]
    ends = [0]
    for each in asked:
        size = 0
        for text, part, share in _texts(each):
            found, shares = features(head_and_tail(text), part)
            rows.append(found)
            values.append(shares * np.float32(share))
            size += len(found)
        ends.append(ends[-1] + size)
    flat, where = np.concatenate(values).astype(np.float64), np.concatenate(rows).astype(np.int64)
    made = csr_matrix((flat, where, np.array(ends)), shape=(len(asked), ROWS))
    made.sum_duplicates()
    return made


def _texts(asked: Asked) -> Iterator[tuple[str, Part, float]]:
    yield asked.question, Part.QUESTION, 1.0
    for part, text, share in asked.leaning():
        yield text, part, share


@dataclass(frozen=True, slots=True)
class Fitted:
    """One head's weights, of shape (ROWS, labels), and bias."""

    labels: tuple[str, ...]
    weights: Doubles
    bias: Doubles

    def scores(self, requests: Any) -> Doubles:
        return np.asarray(requests @ self.weights + self.bias)


def fit(rows: Sequence[Row], requests: Any, labels: Sequence[str]) -> Fitted:
    """Multinomial logistic regression, labels balanced halfway."""
    wanted = np.array([labels.index(row.label) for row in rows])
    weights = np.array([row.weight for row in rows])
    totals = np.bincount(wanted, weights=weights, minlength=len(labels))
    balance = np.sqrt(totals[totals > 0].mean() / np.maximum(totals, 1e-9))
    model = LogisticRegression(C=_STRENGTH, max_iter=_STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(requests, wanted, sample_weight=weights * balance[wanted])
    full = np.zeros((requests.shape[1], len(labels)))
    bias = np.full(len(labels), -20.0)
    if len(model.classes_) == 2:  # scikit-learn keeps one column then: split it evenly
        full[:, model.classes_] = np.stack([-model.coef_[0] / 2, model.coef_[0] / 2], 1)
        bias[model.classes_] = [-model.intercept_[0] / 2, model.intercept_[0] / 2]
    else:
        full[:, model.classes_] = model.coef_.T
        bias[model.classes_] = model.intercept_
    return Fitted(tuple(labels), full, bias)
