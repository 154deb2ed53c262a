"""Measures how varied the team's text is: near-duplicates, and how labels spread over files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_matrix

from gateway.classify.rows import EXAMPLES, request

_ALIKE: Final = 0.5  # Jaccard similarity of word triples from which on two texts are near-duplicates
_WORD: Final = re.compile(r"\w+")
_COMMON: Final = 300  # texts that share a triple beyond which it tells nothing
_CHUNK: Final = 2000


@dataclass(frozen=True, slots=True)
class Variety:
    """One file: rows, the share of them that nearly repeat another of any file, how many task labels it has,
    and the share of the commonest.
    """

    file: str
    rows: int
    repeated: float
    tasks: int
    commonest: float


def measured(folder: Path = EXAMPLES) -> list[Variety]:
    """A line for every file, the last for all of them."""
    texts, files, tasks = list[str](), list[str](), list[str]()
    for path in sorted(folder.glob("*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            texts.append("\n".join(filter(None, request(row, "task"))))
            files.append(path.stem)
            tasks.append(_task(row, path.stem))
    repeated, of = near_duplicates(texts), np.array(files)
    lines = [_line(name, repeated[of == name], _where(tasks, of == name)) for name in dict.fromkeys(files)]
    return [*lines, _line("all", repeated, tasks)]


def near_duplicates(texts: Sequence[str]) -> Any:
    """Whether each text is nearly another: their word triples have a Jaccard similarity of _ALIKE or more.

    (Broder, 1997; worked out in full instead of sampled.) Triples that very many share do not count.
    """
    triples = _triples(texts)
    triples = triples[:, np.asarray(triples.sum(0)).ravel() <= _COMMON]
    sizes = np.asarray(triples.sum(1)).ravel()
    found = np.zeros(len(texts), bool)
    for start in range(0, len(texts), _CHUNK):
        shared = (triples[start : start + _CHUNK] @ triples.T).tocoo()
        rows = shared.row + start
        alike = shared.data / (sizes[rows] + sizes[shared.col] - shared.data) >= _ALIKE
        found[rows[alike & (rows != shared.col)]] = True
    return found


def _triples(texts: Sequence[str]) -> Any:
    """Texts by word triples, as a sparse matrix of zeros and ones."""
    known: dict[tuple[str, ...], int] = {}
    columns, ends = list[int](), [0]
    for text in texts:
        columns += {known.setdefault(triple, len(known)) for triple in _each_triple(text)}
        ends.append(len(columns))
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(texts), max(len(known), 1)))


def _each_triple(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    yield from zip(words, words[1:], words[2:], strict=False)


def _task(row: dict[str, Any], file: str) -> str:
    return str(row.get("task") or (row.get("label", "") if file.startswith("task") else ""))


def _where(values: Sequence[str], held: Any) -> list[str]:
    return [value for value, one in zip(values, held, strict=True) if one]


def _line(name: str, repeated: Any, tasks: Sequence[str]) -> Variety:
    counts = Counter(filter(None, tasks))
    commonest = max(counts.values(), default=0) / max(counts.total(), 1)
    return Variety(name, len(repeated), float(repeated.mean()), len(counts), commonest)
