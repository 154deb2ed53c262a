"""Fits the tagger's table: a linear-chain conditional random field over hashed features.

The field is that of Lafferty, McCallum and Pereira (2001): the score of a row of tags is the sum of what each
token's features say of the tags around it and of the transitions. Its gradient comes from scaled forward and
backward sums (Rabiner, 1989); the steps are AdaGrad's (Duchi, Hazan and Singer, 2011), averaged over the last
rounds (Polyak and Juditsky, 1992).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gateway.classify.tagger import AROUND, COLUMNS, NEAR, PLACES, TAGS
from gateway.classify.tokenised import FEATURES, ROWS

Floats = NDArray[np.float32]
Whole = NDArray[np.intp]
_STEP: Final = 0.5
_PAST: Final = 100.0  # squares of slopes to begin with: without them what is rare would move most
_RIDGE: Final = 2e-5
_DROPPED: Final = 0.3
_BATCH: Final = 192  # documents


@dataclass(frozen=True, slots=True)
class Document:
    """`rows` as of `tokens`, a tag a token, and how much it counts."""

    rows: NDArray[np.uint32]
    tags: Whole
    weight: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents side by side: `found` of shape (documents · places, active rows).

    `tags` are of shape (documents, places). `active` are the rows that occur.
    A place beyond a document's end has no features.
    """

    found: Any
    active: Whole
    tags: Whole
    sizes: Whole
    weights: Floats


@dataclass(slots=True)
class Table:
    """What is fitted."""

    weights: Floats
    moves: Floats


def batches(documents: Sequence[Document], size: int = _BATCH) -> list[Batch]:
    """All documents with tokens, those of about the same length together."""
    ordered = sorted((d for d in documents if len(d.tags)), key=lambda d: len(d.tags))
    return [_batch(ordered[at : at + size]) for at in range(0, len(ordered), size)]


def _batch(documents: Sequence[Document]) -> Batch:
    sizes = np.array([len(d.tags) for d in documents])
    width = int(sizes.max())
    tags = np.zeros((len(documents), width), np.intp)
    counts = np.zeros((len(documents), width), np.intp)
    for number, document in enumerate(documents):
        tags[number, : sizes[number]] = document.tags
        counts[number, : sizes[number]] = FEATURES
    flat = np.concatenate([d.rows.T.ravel() for d in documents]).astype(np.int64)
    active, where = np.unique(flat, return_inverse=True)
    ends = np.concatenate([[0], np.cumsum(counts.ravel())])
    shape = (len(ends) - 1, len(active))
    found = csr_matrix((np.ones(len(flat), np.float32), where.astype(np.int32), ends), shape=shape)
    weights = np.array([d.weight for d in documents], np.float32)
    return Batch(found, active, tags, sizes, weights)


def thinned(batch: Batch, draw: np.random.Generator) -> Batch:
    """The batch without a share of its features, the others counting more: dropout (Srivastava et al., 2014).

    What is rare must not lean on one word that happens to tell.
    """
    kept = (draw.random(len(batch.found.data), np.float32) >= _DROPPED) / np.float32(1.0 - _DROPPED)
    found = csr_matrix((kept, batch.found.indices, batch.found.indptr), shape=batch.found.shape)
    return replace(batch, found=found)


def emissions(batch: Batch, weights: Floats) -> Floats:
    """Scores of shape (documents, places, tags)."""
    votes = (batch.found @ weights[batch.active]).reshape(*batch.tags.shape, COLUMNS)
    return _voted(votes, batch.sizes)


def _returned(batch: Batch, slope: Floats) -> Floats:
    """The gradient by the active rows, from that by the emissions: the transpose of `emissions`."""
    documents, width = batch.tags.shape
    votes = np.zeros((documents, width, COLUMNS), np.float32)
    for columns, there, here in _shifts(width):
        votes[:, there, columns] = slope[:, here]
    low, high, shares = _around(width, batch.sizes)
    votes[:, :, -TAGS:] = _summed(slope * shares, low, high)
    back: Floats = batch.found.T @ votes.reshape(documents * width, COLUMNS)
    return back


def _voted(votes: Floats, sizes: Whole) -> Floats:
    """Scores (documents, places, TAGS) from the votes (documents, places, COLUMNS)."""
    documents, width, _ = votes.shape
    scores = np.zeros((documents, width, TAGS), np.float32)
    for columns, there, here in _shifts(width):
        scores[:, here] += votes[:, there, columns]
    low, high, shares = _around(width, sizes)
    scores += _summed(votes[:, :, -TAGS:], low, high) * shares
    return scores


def _shifts(width: int) -> Iterator[tuple[slice, slice, slice]]:
    """The columns of each place near by, and which tokens speak in them of which."""
    for place in range(PLACES):
        shift = place - NEAR
        if abs(shift) < width:
            there = slice(max(shift, 0), width + min(shift, 0))
            here = slice(max(-shift, 0), width + min(-shift, 0))
            yield slice(place * TAGS, (place + 1) * TAGS), there, here


def _around(width: int, sizes: Whole) -> tuple[Whole, Whole, Floats]:
    """Of each token the first and the end of those around it, and one over the root of their number."""
    places = np.arange(width)[None]
    low = np.minimum(np.maximum(places - AROUND, 0), sizes[:, None])
    high = np.maximum(np.minimum(places + AROUND + 1, sizes[:, None]), low)
    shares: Floats = (1.0 / np.sqrt(np.maximum(high - low, 1))).astype(np.float32)[:, :, None]
    return low, high, shares


def _summed(values: Floats, low: Whole, high: Whole) -> Floats:
    sums = np.zeros((values.shape[0], values.shape[1] + 1, TAGS), np.float32)
    np.cumsum(values, axis=1, out=sums[:, 1:])
    documents = np.arange(len(values))[:, None]
    total: Floats = sums[documents, high] - sums[documents, low]
    return total


def slopes(scores: Floats, batch: Batch, moves: Floats) -> tuple[float, Floats, Floats]:
    """The loss (negative log likelihood), and its gradient by scores and transitions."""
    documents, width = batch.tags.shape
    inside = np.arange(width)[None] < batch.sizes[:, None]
    highest = scores.max(2, keepdims=True)
    own = np.exp(scores - highest)
    ways = np.exp(moves)
    ahead = np.empty_like(scores)
    scale = np.ones((documents, width), np.float32)
    for at in range(width):
        now = own[:, at] if at == 0 else (ahead[:, at - 1] @ ways) * own[:, at]
        if at:
            now = np.where(inside[:, at, None], now, ahead[:, at - 1])
        total = now.sum(1)
        scale[:, at] = np.where(inside[:, at], total, 1.0)
        ahead[:, at] = now / scale[:, at, None]
    behind = np.ones_like(scores)
    crossed = np.zeros((TAGS, TAGS), np.float32)
    weights = batch.weights
    for at in range(width - 1, 0, -1):
        coming = own[:, at] * behind[:, at] / scale[:, at, None]
        coming = np.where(inside[:, at, None], coming, 0.0)
        crossed += ((ahead[:, at - 1] * weights[:, None]).T @ coming) * ways
        behind[:, at - 1] = np.where(inside[:, at, None], coming @ ways.T, 1.0)
    chances = ahead * behind
    chances /= np.maximum(chances.sum(2, keepdims=True), 1e-20)
    rows, places = np.nonzero(inside)
    told = batch.tags[rows, places]
    loss = (np.log(scale) + highest[:, :, 0])[inside] @ weights[rows]
    loss -= (scores[rows, places, told] * weights[rows]).sum()
    slope = chances * inside[:, :, None]
    slope[rows, places, told] -= 1.0
    slope *= weights[:, None, None]
    both = inside[:, 1:]
    pairs = (batch.tags[:, :-1][both], batch.tags[:, 1:][both])
    each = np.broadcast_to(weights[:, None], both.shape)[both]
    np.subtract.at(crossed, pairs, each)
    loss -= (moves[pairs] * each).sum()
    return float(loss), slope, crossed


def fit(documents: Sequence[Document], rounds: int = 10, seed: int = 5) -> Table:
    """The table that makes the documents' tags likely."""
    parts = batches(documents)
    table = Table(np.zeros((ROWS, COLUMNS), np.float32), np.zeros((TAGS, TAGS), np.float32))
    past, past_moves = np.full((ROWS, COLUMNS), _PAST, np.float32), np.full((TAGS, TAGS), 1.0, np.float32)
    mean = Table(np.zeros_like(table.weights), np.zeros_like(table.moves))
    draw = np.random.default_rng(seed)
    for number in range(rounds):
        for index in draw.permutation(len(parts)):
            batch = thinned(parts[index], draw)
            _, slope, crossed = slopes(emissions(batch, table.weights), batch, table.moves)
            steps = _returned(batch, slope) + _RIDGE * len(batch.sizes) * table.weights[batch.active]
            past[batch.active] += steps * steps
            table.weights[batch.active] -= _STEP * steps / np.sqrt(past[batch.active])
            past_moves += crossed * crossed
            table.moves -= _STEP * crossed / np.sqrt(past_moves)
        if number >= rounds // 2:
            mean.weights += table.weights / (rounds - rounds // 2)
            mean.moves += table.moves / (rounds - rounds // 2)
    return mean
