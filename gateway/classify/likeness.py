"""Fits how much a word looks like a name, from its hash and its affixes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from gateway.classify.tokenised import AFFIXES, LOOKS, ROWS, STEP, named

_STRENGTH: Final = 1.0  # inverse of the ridge
_LONGEST: Final = 40


def likeness(names: Iterable[str], others: Iterable[str]) -> NDArray[np.int16]:
    """By row, in steps of which STEP are a logit, half of LOOKS more than it is.

    `others` are texts in which few words are names.
    """
    held = _words(names)
    common = _words(others)
    words = [*held, *common]
    found = np.stack([named(word) for word in words]).astype(np.int64)
    ends = np.arange(len(words) + 1) * AFFIXES
    seen = csr_matrix((np.ones(found.size), found.ravel(), ends), shape=(len(words), ROWS))
    wanted = np.arange(len(words)) < len(held)
    weights = np.array([2.0] * len(held) + [min(1.0 + np.log(n), 4.0) * 0.5 for n in common.values()])
    model = LogisticRegression(C=_STRENGTH, max_iter=200)
    model.fit(seen, wanted, sample_weight=weights)
    steps = model.coef_[0] + (model.intercept_[0] + LOOKS / 2) / AFFIXES
    return np.asarray(np.rint(steps * STEP).clip(-(1 << 12), 1 << 12).astype(np.int16))


def _words(texts: Iterable[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for text in texts:
        found.update(re.findall(r"[^\W\d_]+", text.lower()))
    return Counter({word: found[word] for word in sorted(found) if len(word) < _LONGEST})
