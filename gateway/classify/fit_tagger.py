"""Fits the tagger's weights: `python -m gateway.classify.fit_tagger [--shared DIR] [--out FILE]`."""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from gateway.classify import marked
from gateway.classify.chain import Document, Table, fit
from gateway.classify.judged import Scored, judged
from gateway.classify.likeness import likeness
from gateway.classify.marked import Kind, Marked
from gateway.classify.swapped import lowered, pool, swapped
from gateway.classify.tagger import ENTITIES, FORMAT, WEIGHTS, Curve, Found, Steps, Tagger
from gateway.classify.tokenised import tokens

FOLDS: Final = 3
ALARMS: Final = 0.015  # share of unseen public texts in which something may be found
_ROUNDS: Final = 5
_WEIGHTS: Final = {Kind.SPANS: 1.0, Kind.OWN: 0.5, Kind.WEAK: 0.25, Kind.GENERATED: 0.15}
_AGAIN: Final = 0.5  # what a copy of a row with other names counts, and what a row does that a table marked
_COPIES: Final = 3
_SMALL: Final = 0.25  # share of copies without capitals
_GUESSED: Final = -2.0  # gain from which a table's mark is taken for one in a text that is about somebody
_NEGATIVES: Final = 8000  # public rows of the team's that are fitted on
_STEPS: Final = 127
_FAINT: Final = 0.6  # steps: what weighs less is left out


@dataclass(frozen=True, slots=True)
class Rows:
    """`told` are rows with known spans, `untold` those about somebody whose spans nobody marked."""

    told: Sequence[Marked]
    untold: Sequence[Marked]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, measure on rows held out, print, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, help="a folder with public rows in train/*.jsonl")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args(arguments)
    rows = gathered(chosen.shared)
    names = named(rows.told)
    unseen = [each for fold in range(FOLDS) for each in _unseen(rows, names, fold)]
    curves, threshold = calibrated(unseen)
    print(judged(unseen, curves, threshold))
    generated = [row for row in rows.told if row.kind is Kind.GENERATED]
    if generated:
        others = replace(rows, told=[row for row in rows.told if row.kind is not Kind.GENERATED])
        print(
            "generated rows, fitted without them\n",
            judged(_scored(_fitted(others, names), generated), curves, threshold),
        )
    save(chosen.out, replace(_fitted(rows, names), curves=curves, threshold=threshold))


def gathered(shared: Path | None) -> Rows:
    """All rows, each text once."""
    told = [*marked.written(), *marked.plain(), *(marked.given(shared) if shared else ())]
    return Rows(_once(told), _once(marked.plain(label="confidential")))


def _once(rows: Iterable[Marked]) -> list[Marked]:
    return list({row.text: row for row in rows}.values())


def named(rows: Sequence[Marked]) -> Steps:
    """How much words look like names: the pool's beside those of public text."""
    held = [name for places in pool().values() for each in places for name in (*each.first, *each.last)]
    return likeness(held, (row.text for row in rows if row.label == "public" and not row.spans))


def fold_of(row: Marked) -> int:
    """Rows of a block are held out together."""
    return _draw(row.block) % FOLDS


def _draw(text: str) -> int:
    return zlib.crc32(text.encode())


def _unseen(rows: Rows, names: Steps, fold: int) -> list[Scored]:
    told = [row for row in rows.told if fold_of(row) != fold]
    held = [row for row in rows.told if fold_of(row) == fold and row.kind is not Kind.GENERATED]
    return _scored(_fitted(replace(rows, told=told), names), held)


def _scored(tagger: Tagger, rows: Sequence[Marked]) -> list[Scored]:
    return [Scored(row, tagger.spans(tokens(row.text, tagger.names)), tagger.names) for row in rows]


def _fitted(rows: Rows, names: Steps) -> Tagger:
    """Fitted twice: the first table marks the rows that nobody marked (self-training; Yarowsky, 1995)."""
    documents = list(_documents(rows.told, names))
    first = quantised(fit(documents, _ROUNDS), names)
    guessed = [guess(first, row) for row in rows.untold]
    return quantised(fit([*documents, *_guesses(guessed, names)], _ROUNDS), names)


def _documents(rows: Sequence[Marked], names: Steps) -> Iterator[Document]:
    draw, among = random.Random(3), pool()  # noqa: S311 -- a sample, not a secret
    negatives = sum(row.kind is Kind.OWN for row in rows)
    for row in rows:
        if row.kind is Kind.OWN and _draw(row.text) % negatives >= _NEGATIVES:
            continue
        yield document(row, names, _WEIGHTS[row.kind])
        if row.kind is Kind.SPANS and row.spans:
            for _ in range(_COPIES):
                copy = swapped(row, among, draw)
                yield document(lowered(copy) if draw.random() < _SMALL else copy, names, _AGAIN)


def _guesses(rows: Sequence[Marked], names: Steps) -> Iterator[Document]:
    draw, among = random.Random(4), pool()  # noqa: S311
    for row in rows:
        yield document(row, names, _AGAIN)
        if row.spans:
            yield document(swapped(row, among, draw), names, _AGAIN)


def guess(tagger: Tagger, row: Marked) -> Marked:
    """The row with what a tagger found in it."""
    read = tokens(row.text, tagger.names)
    spans = [
        (ENTITIES[found.tag - 1], int(read.starts[found.first]), int(read.ends[found.end - 1]))
        for found in tagger.spans(read)
        if found.gain > _GUESSED
    ]
    return replace(row, spans=tuple(spans))


def document(row: Marked, names: Steps, weight: float) -> Document:
    """The row as tokens with tags: a token that a span touches is of it."""
    read = tokens(row.text, names)
    tags = np.zeros(len(read.starts), np.intp)
    for entity, start, end in row.spans:
        tags[(read.starts < end) & (read.ends > start)] = 1 + ENTITIES.index(entity)
    return Document(read.rows, tags, weight)


def quantised(table: Table, names: Steps) -> Tagger:
    """The table in int8 steps, without what is faint."""
    scale = float(np.abs(table.weights).max()) / _STEPS
    steps = table.weights / scale
    whole = np.where(np.abs(steps) < _FAINT, 0, np.rint(steps)).astype(np.int16)
    moves = tuple(tuple(round(float(move), 4) for move in row) for row in table.moves)
    return Tagger(whole, scale, names, moves, (Curve(1.0, 0.0),) * len(ENTITIES), 0.5)


def calibrated(unseen: Sequence[Scored]) -> tuple[tuple[Curve, ...], float]:
    """A curve for each entity, and the confidence that few unseen public texts reach."""
    curves = tuple(_curve(unseen, tag + 1) for tag in range(len(ENTITIES)))
    public = [each for each in unseen if each.row.label == "public"]
    highest = [max((_sure(curves, found) for found in each.found), default=0.0) for each in public]
    return curves, float(np.quantile(highest, 1.0 - ALARMS))


def _sure(curves: Sequence[Curve], found: Found) -> float:
    return curves[found.tag - 1].confidence(found.gain, found.end - found.first)


def _curve(unseen: Sequence[Scored], tag: int) -> Curve:
    seen = [
        (f.gain / (f.end - f.first) ** 0.5, each.right(f))
        for each in unseen
        for f in each.found
        if f.tag == tag
    ]
    gains, right = np.array([gain for gain, _ in seen]), np.array([told for _, told in seen])
    model = LogisticRegression(C=10.0).fit(gains[:, None], right)
    return Curve(float(model.coef_[0, 0]), float(model.intercept_[0]))


def save(path: Path, tagger: Tagger) -> None:
    """Write what `Tagger.load` reads."""
    curves = [(curve.slope, curve.offset) for curve in tagger.curves]
    about = {"format": FORMAT, "scale": tagger.scale, "moves": tagger.moves, "curves": curves}
    about["threshold"] = tagger.threshold
    np.savez_compressed(
        path,
        weights=tagger.weights.astype(np.int8),
        names=tagger.names,
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
    )


if __name__ == "__main__":
    main()
