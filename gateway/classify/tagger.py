"""Finds names, addresses, dates of birth and ages in running text, where patterns do not reach.

A linear-chain conditional random field (Lafferty, McCallum and Pereira, 2001) over hashed features, fitted by
`fit_tagger`. What the features of a token say of the tags around it is one row of a table of int8 steps each.
Only where a tag other than OUTSIDE comes near are tags chosen, by Viterbi's algorithm.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import re2
from numpy.typing import NDArray

from gateway.classify.rule import Hit
from gateway.classify.spelling import spelled
from gateway.classify.tokenised import MOST, Hashes, Tokens, tokens

Floats = NDArray[np.float32]
Steps = NDArray[np.int16]

FORMAT: Final = 1
WEIGHTS: Final = Path(__file__).parent / "weights" / "tagger.npz"
ENTITIES: Final = ("person", "street_address", "date_of_birth", "age_with_name")
OUTSIDE: Final = 0
TAGS: Final = 1 + len(ENTITIES)
NEAR: Final = 3  # a token's features speak of so many tokens on either side …
AROUND: Final = 40  # … and, alike to all of them, of so many
PLACES: Final = 2 * NEAR + 1
COLUMNS: Final = (PLACES + 1) * TAGS
HITS: Final = 64
LEAN: Final = 3.0  # taken off OUTSIDE where tags are chosen: a span may lead over a weak token
_LOOSE: Final = LEAN + 2.0  # how far below OUTSIDE a tag may be and yet be of a span …
_SEED: Final = 1.0  # … some token of which is no further below than this
_GAP: Final = 2  # tokens between two stretches that are read as one
_STRIDES: Final = (COLUMNS * 2, (COLUMNS + TAGS) * 2, 2)
_CUES: Final = (
    "mrs?|ms|miss|dr|names?|named|called|dear|hi|hey|uncle|aunt|auntie|boss|wife|husband|son|daughter|brother"
    "|sister|mum|mom|dad|friend|neighbou?r|colleague|cousin|girlfriend|boyfriend|ex|gf|bf|patient|told|born|lives?"
)
_CANDIDATE: Final = r"[^A-Za-z][A-Z][a-z]|[A-Z]{3}|[^\x00-\x7f]|(?i:\b(?:" + _CUES + r") [a-z])"


def _candidates() -> Any:
    """Matches what may hold a name: a capital within, a foreign letter, or a word that leads to one."""
    options = re2.Options()
    options.log_errors = False
    found = re2.Set.SearchSet(options)
    found.Add(_CANDIDATE)
    found.Compile()
    return found


_CANDIDATES: Final = _candidates()


@dataclass(frozen=True, slots=True)
class Curve:
    """How sure a span of one entity is: a logistic curve over its gain (Platt, 1999)."""

    slope: float
    offset: float

    def confidence(self, gain: float, size: int) -> float:
        """`gain` is how much likelier than OUTSIDE the span's tags are, as a logarithm; `size` in tokens."""
        logit = self.slope * gain / math.sqrt(size) + self.offset
        return 1.0 / (1.0 + math.exp(-max(min(logit, 30.0), -30.0)))


@dataclass(frozen=True, slots=True)
class Found:
    """A run of tokens with one tag, by tokens, and its gain."""

    tag: int
    first: int
    end: int
    gain: float


@dataclass(frozen=True, slots=True)
class Tagger:
    """`weights`, of shape (ROWS, COLUMNS), in steps of `scale`; `names` as of `tokens`."""

    weights: Steps
    scale: float
    names: Steps
    moves: tuple[tuple[float, ...], ...]
    curves: tuple[Curve, ...]
    threshold: float

    @staticmethod
    def load(path: Path = WEIGHTS) -> Tagger:
        """Read what `save` wrote; nothing in the file is executed.

        Raises:
            ValueError: the file was written by another version.
        """
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            if about["format"] != FORMAT:
                raise ValueError(f"{path.name} has format {about['format']}, not {FORMAT}")
            moves = tuple(tuple(row) for row in about["moves"])
            curves = tuple(Curve(*curve) for curve in about["curves"])
            weights = file["weights"].astype(np.int16)
            return Tagger(weights, about["scale"], file["names"], moves, curves, about["threshold"])

    def find(self, text: str) -> tuple[Hit, ...]:
        """At most HITS hits by characters, in order of place, none over another."""
        if not _CANDIDATES.Match(text.encode("utf-8", "replace")):
            return ()
        hits: list[Hit] = []
        for at, part in pieces(text):
            hits += self._hits(part, at)
            if len(hits) >= HITS:
                break
        return tuple(hits[:HITS])

    def _hits(self, text: str, at: int) -> Iterator[Hit]:
        read = tokens(text, self.names)
        past = 0
        for found in self.spans(read):
            curve = self.curves[found.tag - 1]
            confidence = curve.confidence(found.gain, found.end - found.first)
            if confidence < self.threshold:
                continue
            start, end = spelled(text, read, found.first, found.end, ENTITIES[found.tag - 1])
            start = max(start, past)
            if start < end:
                past = end
                yield Hit(ENTITIES[found.tag - 1], at + start, at + end, confidence)

    def spans(self, read: Tokens) -> list[Found]:
        """What may be a span, sure or not."""
        if not len(read.starts):
            return []
        scores = self.scores(read.rows)
        others = scores[:, 1:].max(1) - scores[:, 0]
        if others.max() < -_SEED:
            return []
        near = (others > -_LOOSE).nonzero()[0].tolist()
        return [
            found
            for first, end in _stretches(near)
            if others[first:end].max() >= -_SEED
            for found in self._chosen(scores, first, end)
        ]

    def scores(self, rows: Hashes) -> Floats:
        """A score for every tag of every token."""
        size = rows.shape[1]
        votes = np.zeros((size + 2 * NEAR, COLUMNS), np.int16)
        own = votes[NEAR:-NEAR]
        np.add.reduce(self.weights.take(rows, 0), 0, out=own)
        near = np.ndarray((size, PLACES, TAGS), np.int16, votes, 0, _STRIDES)
        scores: Floats = np.add.reduce(near, 1, np.float32)
        scores += _around(own[:, -TAGS:])
        scores *= self.scale
        return scores

    def _chosen(self, scores: Floats, first: int, end: int) -> Iterator[Found]:
        """The runs of the likeliest tags of a stretch that stands between tokens that are OUTSIDE."""
        own: list[list[float]] = scores[first:end].tolist()
        tags = _best(own, self.moves)
        moves, still = self.moves, self.moves[OUTSIDE][OUTSIDE]
        at = 0
        while at < len(tags):
            tag, begin = tags[at], at
            while at < len(tags) and tags[at] == tag:
                at += 1
            if tag == OUTSIDE:
                continue
            gain = sum(row[tag] - row[OUTSIDE] for row in own[begin:at])
            gain += (at - begin - 1) * moves[tag][tag] + moves[OUTSIDE][tag] + moves[tag][OUTSIDE]
            yield Found(tag, first + begin, first + at, gain - (at - begin + 1) * still)


def _around(votes: Steps) -> Floats:
    """The sum of the votes of the tokens around each, over the square root of their number."""
    size = len(votes)
    if size <= AROUND:
        total: Floats = np.add.reduce(votes, 0, np.float32) * np.float32(size**-0.5)
        return total
    sums = np.zeros((size + 1, TAGS), np.float32)
    np.add.accumulate(votes, 0, np.float32, out=sums[1:])
    places = np.arange(size)
    low, high = np.maximum(places - AROUND, 0), np.minimum(places + AROUND + 1, size)
    near: Floats = (sums.take(high, 0) - sums.take(low, 0)) * ((high - low) ** -0.5)[:, None].astype(
        np.float32
    )
    return near


def _stretches(near: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and end of the runs of these places, runs that are close to each other taken as one."""
    first = last = -1
    for place in near:
        if first < 0:
            first = place
        elif place > last + 1 + _GAP:
            yield first, last + 1
            first = place
        last = place
    if first >= 0:
        yield first, last + 1


def _best(own: Sequence[Sequence[float]], moves: Sequence[Sequence[float]]) -> list[int]:
    """The likeliest tags (Viterbi, 1967), OUTSIDE before and behind, LEAN taken off it."""
    entering = moves[OUTSIDE]
    totals = [score + move for score, move in zip(own[0], entering, strict=True)]
    totals[OUTSIDE] -= LEAN
    before: list[list[int]] = []
    columns = list(zip(*moves, strict=True))
    for row in own[1:]:
        origins: list[int] = []
        reached: list[float] = []
        for score, column in zip(row, columns, strict=True):
            ways = [total + move for total, move in zip(totals, column, strict=True)]
            best = max(ways)
            origins.append(ways.index(best))
            reached.append(best + score)
        reached[OUTSIDE] -= LEAN
        totals = reached
        before.append(origins)
    ends = [total + row[OUTSIDE] for total, row in zip(totals, moves, strict=True)]
    tags = [ends.index(max(ends))]
    for origins in reversed(before):
        tags.append(origins[tags[-1]])
    return tags[::-1]


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """The text in pieces of at most MOST characters, with where they begin; cut at a space if they can be."""
    at = 0
    while at < len(text):
        end = at + MOST
        if end < len(text):
            space = max(text.rfind("\n", at + MOST // 2, end), text.rfind(" ", at + MOST // 2, end))
            end = space + 1 if space > 0 else end
        yield at, text[at:end]
        at = end
