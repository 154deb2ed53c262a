"""Fits a classification head from examples; scikit-learn is imported here and nowhere on the serving path."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.tuning.examples import BadExamples, Example, check, fingerprint
from gateway.tuning.grams import BUCKETS, grams
from gateway.tuning.head import Head, Linear, Verdict, softmax
from gateway.tuning.measure import Figures, figures, threshold_for
from gateway.tuning.wording import asked

Embed = Callable[[tuple[str, ...]], Awaitable[NDArray[np.float32]]]
Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much
Scores = NDArray[np.float64]

FOLDS: Final = 5
TARGET: Final = 0.95
LEAST: Final = 0.5  # of a threshold: whatever the examples say, no answer is less likely than not
NEVER: Final = 1.01  # a threshold that no probability reaches
_STRENGTHS: Final = (1.0, 3.0, 10.0, 30.0)  # inverse regularisation, as scikit-learn counts it
_TEMPERATURES: Final = np.geomspace(0.2, 5.0, 81)
_SEED: Final = 7
_WRAPPED_SHARE: Final = 3  # every third example is read with an instruction around it as well
_WRAPPINGS: Final = (  # an instruction that leaves the labels to us makes nobody a stranger
    "Classify this: {}",
    "Classify this ticket: {}",
    "Which category does this belong to: {}",
    "Which category does this ticket belong to: {}",
    "Tag this message: {}",
    "Label the following.\n\n{}",
    'Categorize: "{}"',
    "Please sort this one: {}",
    "What kind of request is this?\n\n{}",
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A head and what it did on rows that each fold's fit had not seen."""

    head: Head
    cross_validated: Figures
    strength: float


@dataclass(frozen=True, slots=True)
class _Task:
    """One linear model to fit. `classes` counts from 0; a row of class -1 is scored, never fitted on."""

    features: Any  # a SciPy CSR matrix
    classes: NDArray[np.int64]
    folds: NDArray[np.int64]

    @property
    def fitted(self) -> NDArray[np.bool_]:
        return self.classes >= 0


@dataclass(frozen=True, slots=True)
class _Fit:
    """The best strength for a task, its out-of-fold scores of all rows, and the calibration."""

    strength: float
    scores: Scores
    temperature: float


async def train(
    name: str,
    examples: Sequence[Example],
    embed: Embed,
    *,
    embedder: str,
    target: float = TARGET,
    progress: Progress = lambda what, done, total: None,
) -> Trained:
    """Fits a head whose answers, cross-validated, are right at least as often as `target`, label by label.

    `embed` is called with one text at a time, as serving does: int8 weights embed a text a little
    differently beside others.

    Raises:
        BadExamples: too few rows, or no threshold reaches the target.
    """
    check(examples)
    labels = tuple(sorted({e.label for e in examples if e.label is not None}))
    folds = _folds([e.label for e in examples])
    topic_task = await _topic_task(examples, labels, folds, embed, progress)
    topic = _fit(topic_task, "fitting labels", progress)
    likely = softmax(topic.scores, topic.temperature)
    stranger_task = await _stranger_task(examples, folds, embed, progress)
    stranger = _fit(stranger_task, "fitting strangers", progress) if stranger_task else None
    ours = _ours(stranger, len(examples))
    guesses, sure = likely.argmax(axis=1), likely.max(axis=1) * ours
    thresholds = _thresholds(examples, labels, guesses, sure, target)
    head = Head(
        name=name,
        classes=labels,
        topic=_export(topic_task, topic),
        stranger=_export(stranger_task, stranger) if stranger_task and stranger else None,
        thresholds=thresholds,
        embedder=embedder,
        dimensions=topic_task.features.shape[1] - BUCKETS,
        made_from=fingerprint(examples),
        target=target,
    )
    verdicts = [
        Verdict(labels[g], float(p), bool(p < thresholds[g])) for g, p in zip(guesses, sure, strict=True)
    ]
    return Trained(head, figures([e.label for e in examples], verdicts), topic.strength)


async def judge(head: Head, examples: Sequence[Example], embed: Embed) -> Figures:
    """What a head does on rows that it was not fitted on, through the same door as a request."""
    verdicts = []
    for example in examples:
        readings = head.readings(example.text)
        vectors = [await embed((reading,)) for reading in readings]
        sure = head.predict(example.text, np.concatenate(vectors)) if readings else Verdict("", 0.0, True)
        verdicts.append(sure)
    return figures([e.label for e in examples], verdicts)


# What is fitted


async def _topic_task(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    folds: NDArray[np.int64],
    embed: Embed,
    progress: Progress,
) -> _Task:
    features = await _features([asked(e.text) for e in examples], embed, "reading examples", progress)
    classes = [-1 if e.label is None else labels.index(e.label) for e in examples]
    return _Task(features, np.array(classes), folds)


async def _stranger_task(
    examples: Sequence[Example], folds: NDArray[np.int64], embed: Embed, progress: Progress
) -> _Task | None:
    if all(e.label is not None for e in examples):
        return None
    texts = [e.text.strip() for e in examples]
    whole = await _features(texts, embed, "reading instructions", progress)
    classes = np.array([int(e.label is None) for e in examples])
    wrapped = [i for i, e in enumerate(examples) if e.label is not None][::_WRAPPED_SHARE]
    draw = random.Random(_SEED)  # noqa: S311 - a variation, not a secret
    dressed = [draw.choice(_WRAPPINGS).format(asked(texts[i])) for i in wrapped]
    more = await _features(dressed, embed, "reading instructions", progress)
    return _Task(
        _stacked(whole, more),
        np.concatenate([classes, np.zeros(len(wrapped), dtype=np.int64)]),
        np.concatenate([folds, folds[wrapped]]),
    )


async def _features(texts: Sequence[str], embed: Embed, what: str, progress: Progress) -> Any:
    """A sparse matrix (texts, dimensions + buckets)."""
    from scipy.sparse import csr_matrix, hstack

    vectors = []
    for number, text in enumerate(texts, 1):
        vectors.append((await embed((text,)))[0])
        progress(what, number, len(texts))
    sparse = [grams(text) for text in texts]
    starts = np.cumsum([0, *(len(indices) for indices, _ in sparse)])
    columns = np.concatenate([indices for indices, _ in sparse])
    values = np.concatenate([values for _, values in sparse])
    counted = csr_matrix((values, columns, starts), shape=(len(texts), BUCKETS))
    return hstack([csr_matrix(np.stack(vectors)), counted]).tocsr()


def _stacked(first: Any, second: Any) -> Any:
    from scipy.sparse import vstack

    return vstack([first, second]).tocsr()


# How it is fitted


def _folds(labels: Sequence[str | None]) -> NDArray[np.int64]:
    """The fold in which each row is held out: every label is spread evenly."""
    from sklearn.model_selection import StratifiedKFold

    names = np.array([label or "" for label in labels])
    folds = np.zeros(len(names), dtype=np.int64)
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=_SEED).split(names, names)
    for number, (_, held_out) in enumerate(split):
        folds[held_out] = number
    return folds


def _fit(task: _Task, what: str, progress: Progress) -> _Fit:
    """Chooses the strength whose calibrated out-of-fold likelihood is best."""
    fits: list[tuple[float, _Fit]] = []
    for number, strength in enumerate(_STRENGTHS, 1):
        scores = _out_of_fold(task, strength)
        temperature, loss = _calibrated(scores[task.fitted], task.classes[task.fitted])
        fits.append((loss, _Fit(strength, scores, temperature)))
        progress(what, number, len(_STRENGTHS))
    return min(fits, key=lambda fit: fit[0])[1]


def _out_of_fold(task: _Task, strength: float) -> Scores:
    """Each row's scores (rows, classes) by the model that has not seen its fold."""
    scores = np.zeros((len(task.classes), int(task.classes.max()) + 1))
    for fold in range(FOLDS):
        held_out = task.folds == fold
        weights, bias = _weights(task, task.fitted & ~held_out, strength)
        scores[held_out] = task.features[held_out] @ weights.T + bias
    return scores


def _weights(task: _Task, rows: NDArray[np.bool_], strength: float) -> tuple[Scores, Scores]:
    """Weights (classes, features) and bias (classes,) of a multinomial logistic regression."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=2000).fit(task.features[rows], task.classes[rows])
    if len(model.coef_) > 1:
        return model.coef_, model.intercept_
    # Two classes come as one row: the score of the second against the first.
    return np.vstack([0 * model.coef_, model.coef_]), np.array([0.0, model.intercept_[0]])


def _calibrated(scores: Scores, classes: NDArray[np.int64]) -> tuple[float, float]:
    """The temperature with the least negative log-likelihood, and that (Guo et al., 2017)."""

    def loss(temperature: float) -> float:
        right = softmax(scores, temperature)[np.arange(len(classes)), classes]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    losses = [loss(t) for t in _TEMPERATURES]
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best]), losses[best]


def _ours(stranger: _Fit | None, rows: int) -> Scores:
    """How likely each of the first rows is no stranger."""
    if stranger is None:
        return np.ones(rows)
    return softmax(stranger.scores[:rows], stranger.temperature)[:, 0]


def _thresholds(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    guesses: NDArray[np.int64],
    sure: Scores,
    target: float,
) -> tuple[float, ...]:
    """One for each label: the answers reach the target both together and label by label."""
    truths = np.array([-1 if e.label is None else labels.index(e.label) for e in examples])
    together = threshold_for(sure, truths == guesses, target)
    if together is None:
        raise BadExamples(
            f"no threshold makes {target:.0%} of the answers right: give more rows, or labels further apart"
        )
    mine = [guesses == number for number in range(len(labels))]
    alone = [threshold_for(sure[m], truths[m] == n, target) for n, m in enumerate(mine)]
    return tuple(NEVER if t is None else max(t, together, LEAST) for t in alone)


def _export(task: _Task, fit: _Fit) -> Linear:
    """The weights fitted on every row, at the strength that did best."""
    weights, bias = _weights(task, task.fitted, fit.strength)
    dimensions = weights.shape[1] - BUCKETS
    return Linear(
        embedding=np.ascontiguousarray(weights[:, :dimensions], dtype=np.float32),
        grams=np.ascontiguousarray(weights[:, dimensions:], dtype=np.float32),
        bias=np.asarray(bias, dtype=np.float32),
        temperature=fit.temperature,
    )
