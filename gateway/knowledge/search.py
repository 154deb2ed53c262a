"""The reading side of an index: finds the passages that answer a query, by words and by meaning."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.knowledge.scoring import LEXICAL_WEIGHT, absolute, coverage, fused, rarity
from gateway.knowledge.terms import Stemmer, content_words, words

Vectors = NDArray[np.float32]

CANDIDATES = 50  # passages that each index may propose
RAREST = 8  # terms of a query that the full-text index is asked for: all of them cost twenty times as much
LEADERS = 8  # passages, best by words, that say how much of the query words can cover
JUDGED = 6  # passages at least that get their absolute score, so that it does not hang on `top`
FLOOR = 0.15  # a passage that scores less is not given out: of the true ones, about one in 25 does
EMBEDDED = 0.9  # the share of passages that must have vectors before these are used
KNOWN = 2_000  # passages whose stems are remembered


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found; `score` is `scoring.absolute`."""

    text: str
    source: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class _Term:
    word: str
    passages: int  # that have it


class Searcher:
    """One connection to an index file, and its vectors in memory; belongs to one thread at a time."""

    def __init__(self, file: Path, embedder: str | None) -> None:
        self._connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self._embedder = embedder
        self._stemmer = Stemmer()
        self._stems: OrderedDict[int, frozenset[str]] = OrderedDict()
        self._total = 0
        self._ids = np.empty(0, dtype=np.int64)
        self._vectors: Vectors = np.empty((0, 0), dtype=np.float32)

    def close(self) -> None:
        self._stemmer.close()
        self._connection.close()

    def reload(self) -> None:
        """Take in what the index holds now."""
        self._total = int(self._connection.execute("SELECT count(*) FROM passages").fetchone()[0])
        rows = self._connection.execute(
            "SELECT passages.id, vector FROM passages JOIN vectors"
            " ON vectors.embedder = ? AND vectors.digest = passages.digest ORDER BY passages.id",
            (self._embedder,),
        ).fetchall()
        if len(rows) < EMBEDDED * self._total:
            rows = []
        self._ids = np.array([row[0] for row in rows], dtype=np.int64)
        whole = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
        self._vectors = whole.reshape(len(rows), -1) if rows else np.empty((0, 0), dtype=np.float32)

    @property
    def has_vectors(self) -> bool:
        return len(self._ids) > 0

    def search(self, query: str, vector: Vectors | None, top: int) -> tuple[Hit, ...]:
        """The best `top` passages at most, best first; `vector` is the query's, shape (dimensions,)."""
        self._connection.execute("BEGIN")  # one state of the index for all that follows
        try:
            return self._found(query, vector, max(top, JUDGED))[:top]
        finally:
            self._connection.execute("COMMIT")

    def _found(self, query: str, vector: Vectors | None, judged: int) -> tuple[Hit, ...]:
        terms = self._terms(query)
        weights = {stem: rarity(term.passages, self._total) for stem, term in terms.items()}
        lexical = self._by_words(terms)
        cosines = self._cosines(vector)
        leaders = sorted(lexical, key=lambda passage: -lexical[passage])[:LEADERS]
        share = max((coverage(weights, self._stems_of(passage)) for passage in leaders), default=0.0)
        order = fused(lexical, self._by_meaning(cosines), LEXICAL_WEIGHT * share)
        hits = (self._hit(passage, weights, cosines) for passage in order)
        there = islice((hit for hit in hits if hit is not None), judged)
        return tuple(sorted((hit for hit in there if hit.score >= FLOOR), key=lambda hit: -hit.score))

    def _terms(self, query: str) -> dict[str, _Term]:
        """What the query is about: stem → one of its words, and how many passages have it."""
        asked = content_words(query)
        terms: dict[str, _Term] = {}
        for word, stem in zip(asked, self._stemmer.stems(asked), strict=True):
            if stem not in terms:
                terms[stem] = _Term(word, self._passages_with(stem))
        return terms

    def _passages_with(self, stem: str) -> int:
        row = self._connection.execute("SELECT doc FROM vocabulary WHERE term = ?", (stem,)).fetchone()
        return int(row[0]) if row else 0

    def _by_words(self, terms: Mapping[str, _Term]) -> dict[int, float]:
        """Passage → BM25 (more is better) for the rarest terms that occur at all."""
        present = sorted((t for t in terms.values() if t.passages), key=lambda term: term.passages)
        if not present:
            return {}
        wanted = " OR ".join(f'"{term.word}"' for term in present[:RAREST])
        rows = self._connection.execute(
            "SELECT rowid, -rank FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (wanted, CANDIDATES)
        )
        return dict(rows.fetchall())

    def _cosines(self, vector: Vectors | None) -> Vectors | None:
        """The query's cosine with every passage of `_ids`."""
        if vector is None or not self.has_vectors or vector.shape[0] != self._vectors.shape[1]:
            return None
        return np.asarray(self._vectors @ vector, dtype=np.float32)

    def _by_meaning(self, cosines: Vectors | None) -> dict[int, float]:
        if cosines is None:
            return {}
        count = min(CANDIDATES, len(cosines))
        best = np.argpartition(-cosines, count - 1)[:count]
        return {int(self._ids[i]): float(cosines[i]) for i in best}

    def _cosine(self, passage: int, cosines: Vectors | None) -> float | None:
        if cosines is None:
            return None
        place = int(np.searchsorted(self._ids, passage))
        known = place < len(self._ids) and self._ids[place] == passage
        return float(cosines[place]) if known else None

    def _hit(self, passage: int, weights: Mapping[str, float], cosines: Vectors | None) -> Hit | None:
        """None: the passage is gone since the vectors were taken in."""
        row = self._connection.execute(
            "SELECT text, path, title FROM passages JOIN documents ON documents.id = document"
            " WHERE passages.id = ?",
            (passage,),
        ).fetchone()
        if row is None:
            return None
        covered = coverage(weights, self._stems_of(passage))
        return Hit(row[0], row[1], row[2], absolute(covered, self._cosine(passage, cosines)))

    def _stems_of(self, passage: int) -> frozenset[str]:
        """The stems of a passage and its headings. Remembered: a passage's id is never used again."""
        known = self._stems.get(passage)
        if known is None:
            row = self._connection.execute(
                "SELECT title || ' ' || text FROM passages WHERE id = ?", (passage,)
            ).fetchone()
            known = self._stems[passage] = frozenset(self._stemmer.stems(words(row[0])) if row else ())
            if len(self._stems) > KNOWN:
                self._stems.popitem(last=False)
        return known
