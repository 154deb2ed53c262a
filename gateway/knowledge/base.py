"""One knowledge base of the policy: keeps its index in step with the documents, and searches it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from gateway.errors import NotReady
from gateway.interfaces import Embedder
from gateway.knowledge.index import Changes, Index, index_file, remove_others
from gateway.knowledge.meaning import Meaning
from gateway.knowledge.reading import LIMITS, KnowledgeError, Limits, Problem, read
from gateway.knowledge.search import Hit, Searcher, Vectors
from gateway.labels import Cleared
from gateway.policy.schema import Knowledge, Model
from gateway.types import Passage

_log = logging.getLogger("pointsman.knowledge")
T = TypeVar("T")

EMBED_AT_ONCE = 256  # passages between two commits
Progress = Callable[[int, int], None]  # passages embedded so far, passages that had to be


class KnowledgeBase:
    """Implements `interfaces.Retriever`. Building one does nothing: `refresh` reads and indexes.

    Words are searchable as soon as the documents are read; meaning joins when all is embedded, and never
    where the embedder is not cleared for the documents' label or the query's.
    """

    def __init__(
        self,
        spec: Knowledge,
        *,
        root: Path,
        folder: Path,
        embedder: Embedder | None = None,
        embed_destination: Model | None = None,
        limits: Limits = LIMITS,
        progress: Progress = lambda done, total: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`root` is the knowledge root; `folder` takes the index file. Without `embedder`: words only."""
        self._spec, self._root, self._folder, self._limits = spec, root, folder, limits
        self._meaning = Meaning(embedder, embed_destination) if embedder and embed_destination else None
        self._progress, self._clock = progress, clock
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"index-{spec.name}")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix=f"search-{spec.name}")
        self._one_at_a_time = asyncio.Lock()
        self._index: Index | None = None
        self._searcher: Searcher | None = None
        self._refreshed: float | None = None
        self._passages = 0
        self._told: frozenset[Problem] = frozenset()

    @property
    def ready(self) -> bool:
        """Whether the documents as they are can be searched, by words at least."""
        return self._searcher is not None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be found: no document, or none with a word in it."""
        return self._passages == 0

    @property
    def age_seconds(self) -> float | None:
        """How long ago the documents were last read; None: they were not yet."""
        return None if self._refreshed is None else max(0.0, self._clock() - self._refreshed)

    async def refresh(self) -> Changes:
        """Bring the index in step with the documents; only what changed is read in and embedded.

        Raises:
            KnowledgeError: the documents cannot be read, or the index cannot be written.
            ProviderError: the embedder failed; search goes on by words.
        """
        async with self._one_at_a_time:
            changes = await self._write(self._update)
            self._refreshed, self._passages = self._clock(), changes.passages
            await self._read(self._reload)
            self._tell(changes)
            if await self._embed():
                await self._read(self._reload)
            return changes

    async def search(self, query: Cleared[str], top: int) -> tuple[Passage, ...]:
        """The best passages, best first; none where nothing comes near an answer.

        Raises:
            NotReady: the documents were not read yet.
        """
        if not self.ready:
            raise NotReady(f"The knowledge base '{self._spec.name}' is still being read; try again shortly.")
        vector = await self._meaning.of_query(query) if self._meaning else None
        hits = await self._read(lambda: self._searched(query.value, vector, top))
        return tuple(self._passage(hit) for hit in hits)

    async def relevance(self, query: Cleared[str]) -> float:
        """How surely the documents answer the query, 0 to 1: the best passage's score."""
        found = await self.search(query, 1) if self.ready else ()
        return found[0].score if found else 0.0

    async def close(self) -> None:
        """Ends after what is being written or read."""
        await asyncio.gather(self._write(self._close_index), self._read(self._close_searcher))
        self._writer.shutdown(wait=False)
        self._reader.shutdown(wait=False)

    # In the writer's thread

    def _update(self) -> Changes:
        spec, file = self._spec, self._index_file()
        try:
            self._index = self._index or Index(file)
            changes = self._index.update(read(self._root, spec.documents, self._limits))
            self._index.forget_vectors(self._meaning.identity if self._meaning else None)
        except (sqlite3.Error, OSError) as error:
            raise KnowledgeError(f"the index of {spec.name!r} cannot be written: {_told(error)}") from error
        remove_others(file)
        return changes

    def _missing(self) -> list[tuple[bytes, str]]:
        assert self._index is not None
        assert self._meaning is not None
        return self._index.without_vector(self._meaning.identity, EMBED_AT_ONCE)

    def _store(self, digests: Sequence[bytes], vectors: Vectors) -> None:
        assert self._index is not None
        assert self._meaning is not None
        self._index.store_vectors(self._meaning.identity, digests, vectors)

    def _close_index(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None

    # In the reader's thread

    def _reload(self) -> None:
        searcher = self._searcher or Searcher(
            self._index_file(), self._meaning.identity if self._meaning else None
        )
        searcher.reload()
        self._searcher = searcher

    def _searched(self, query: str, vector: Vectors | None, top: int) -> tuple[Hit, ...]:
        if self._searcher is None:
            raise NotReady(f"The knowledge base '{self._spec.name}' is closed.")
        return self._searcher.search(query, vector, top)

    def _close_searcher(self) -> None:
        if self._searcher is not None:
            self._searcher.close()
            self._searcher = None

    # Between the two

    async def _embed(self) -> bool:
        """Give every passage a vector that has none; whether there was anything to do."""
        if self._meaning is None:
            return False
        if not self._meaning.may_have(self._spec.label):
            _log.warning(
                "Knowledge %s is searched by words only: its embedder is not cleared for %s documents",
                self._spec.name,
                self._spec.label.word,
            )
            return False
        done, total = 0, await self._write(self._count_missing)
        while missing := await self._write(self._missing):
            vectors = await self._meaning.of_passages(tuple(text for _, text in missing), self._spec.label)
            await self._write(partial(self._store, [digest for digest, _ in missing], vectors))
            done += len(missing)
            self._progress(done, total)
        return total > 0

    def _count_missing(self) -> int:
        assert self._index is not None
        assert self._meaning is not None
        return self._index.count_without_vector(self._meaning.identity)

    def _passage(self, hit: Hit) -> Passage:
        spec = self._spec
        return Passage(hit.text, hit.source, hit.title, spec.name, hit.score, spec.label, spec.trusted)

    def _tell(self, changes: Changes) -> None:
        """One line when something changed; one for every file that is newly left out."""
        if changes.any:
            counted = ("added", "changed", "removed", "passages")
            fields = {"knowledge": self._spec.name} | {name: getattr(changes, name) for name in counted}
            _log.info("knowledge indexed", extra={"fields": fields})
        for problem in changes.problems:
            if problem not in self._told:
                _log.warning("knowledge %s: %s %s", self._spec.name, problem.path, problem.why)
        self._told = frozenset(changes.problems)

    def _index_file(self) -> Path:
        return index_file(self._folder, self._spec.name, self._root, self._spec.documents)

    async def _write(self, step: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, step)

    async def _read(self, step: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, step)


def _told(error: Exception) -> str:
    """What went wrong, without a path of the machine."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
