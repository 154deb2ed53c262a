"""The writing side of a knowledge base's index: one SQLite file, kept in step with the documents.

Readers have connections of their own (`search.py`) and see whole transactions only: in the write-ahead
log a document is there with all of its passages or not at all.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from gateway.knowledge.chunking import Chunk, chunks
from gateway.knowledge.reading import Document, KnowledgeError, Problem

VERSION = 1  # of the tables and of the way documents are cut: another version is built anew
TOKENIZER = "porter unicode61 remove_diacritics 2"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")

_TABLES = f"""
CREATE TABLE documents (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, digest TEXT NOT NULL);
CREATE TABLE passages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  title TEXT NOT NULL, text TEXT NOT NULL, digest BLOB NOT NULL);
CREATE INDEX passages_document ON passages(document);
CREATE INDEX passages_digest ON passages(digest);
CREATE TABLE vectors (
  embedder TEXT NOT NULL, digest BLOB NOT NULL, vector BLOB NOT NULL,
  PRIMARY KEY (embedder, digest)) WITHOUT ROWID;
CREATE VIEW embeddable AS
  SELECT digest, min(title) AS title, min(text) AS text FROM passages GROUP BY digest;
CREATE VIRTUAL TABLE words USING fts5(
  title, text, content='passages', content_rowid='id', tokenize='{TOKENIZER}');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row);
CREATE TRIGGER passages_in AFTER INSERT ON passages BEGIN
  INSERT INTO words(rowid, title, text) VALUES (new.id, new.title, new.text); END;
CREATE TRIGGER passages_out AFTER DELETE ON passages BEGIN
  INSERT INTO words(words, rowid, title, text) VALUES ('delete', old.id, old.title, old.text); END;
PRAGMA user_version = {VERSION};
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update found, in documents, and what the index holds now, in passages."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    passages: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def index_file(folder: Path, name: str, root: Path, globs: tuple[str, ...]) -> Path:
    """Where the index of these documents lies: other documents under the same name have another file.

    So a request that still holds yesterday's policy never finds today's documents under its label.

    Raises:
        KnowledgeError: the name would not make a file name.
    """
    if not _NAME.fullmatch(name):
        raise KnowledgeError(
            f"the knowledge base's name {name!r} cannot name a file: use letters, digits, '-', '_' and '.'"
        )
    which = blake2b("\0".join((str(root.resolve()), *globs)).encode(), digest_size=4).hexdigest()
    return folder / f"{name}~{which}.sqlite"


def remove_others(file: Path) -> None:
    """Delete the indexes that this name had for other documents. Who has one open keeps it until closed."""
    name = file.name.partition("~")[0]
    for other in file.parent.glob(f"{name}~????????.sqlite*"):
        if not other.name.startswith(file.name):
            other.unlink(missing_ok=True)


class Index:
    """The one writer of an index file; belongs to one thread at a time."""

    def __init__(self, file: Path) -> None:
        self._connection = _open(file)

    def close(self) -> None:
        self._connection.close()

    def update(self, found: Iterable[Document | Problem]) -> Changes:
        """Bring the index in step with the documents found, in one transaction.

        A document that is unchanged by its digest is not touched; one that was not found vanishes.
        """
        counts = {"added": 0, "changed": 0, "unchanged": 0}
        problems: list[Problem] = []
        with self._transaction():
            gone = dict(self._connection.execute("SELECT path, digest FROM documents"))
            for item in found:
                if isinstance(item, Problem):
                    problems.append(item)
                else:
                    counts[self._take(item, gone.pop(item.path, None))] += 1
            self._drop(gone)
        return Changes(**counts, removed=len(gone), passages=self.passages(), problems=tuple(problems))

    def passages(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM passages").fetchone()[0])

    def without_vector(self, embedder: str, most: int) -> list[tuple[bytes, str]]:
        """Digest and text of passages that this embedder has not turned into vectors yet."""
        rows = self._connection.execute(
            "SELECT digest, title, text FROM embeddable"
            " WHERE digest NOT IN (SELECT digest FROM vectors WHERE embedder = ?) LIMIT ?",
            (embedder, most),
        )
        return [(digest, embedded_text(title, text)) for digest, title, text in rows]

    def count_without_vector(self, embedder: str) -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM embeddable"
            " WHERE digest NOT IN (SELECT digest FROM vectors WHERE embedder = ?)",
            (embedder,),
        ).fetchone()
        return int(row[0])

    def store_vectors(self, embedder: str, digests: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        rows = [
            (embedder, digest, np.asarray(vector, dtype="<f4").tobytes())
            for digest, vector in zip(digests, vectors, strict=True)
        ]
        with self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def forget_vectors(self, embedder: str | None) -> None:
        """Drop the vectors of other embedders and of passages that are gone."""
        with self._transaction():
            self._connection.execute(
                "DELETE FROM vectors WHERE embedder IS NOT ? OR digest NOT IN (SELECT digest FROM passages)",
                (embedder,),
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._connection:  # commits, or rolls back
            self._connection.execute("BEGIN IMMEDIATE")
            yield

    def _take(self, document: Document, known: str | None) -> str:
        if known == document.digest:
            return "unchanged"
        if known is not None:
            self._drop((document.path,))
        title = PurePosixPath(document.path).stem.replace("-", " ").replace("_", " ")
        cursor = self._connection.execute(
            "INSERT INTO documents (path, digest) VALUES (?, ?)", (document.path, document.digest)
        )
        self._connection.executemany(
            "INSERT INTO passages (document, title, text, digest) VALUES (?, ?, ?, ?)",
            [(cursor.lastrowid, c.title, c.text, _digest(c)) for c in chunks(document.text, title)],
        )
        return "added" if known is None else "changed"

    def _drop(self, paths: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM documents WHERE path = ?", [(path,) for path in paths])


def embedded_text(title: str, text: str) -> str:
    """What stands for a passage in vector space: its headings, then its words."""
    return f"{title}\n{text}"


def _digest(chunk: Chunk) -> bytes:
    return blake2b(embedded_text(chunk.title, chunk.text).encode(), digest_size=16).digest()


def _open(file: Path) -> sqlite3.Connection:
    """A connection to an index of this version; one of another version, or a broken one, is replaced."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _connect(file)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # locked, no space, no permission: not ours to delete
            raise KnowledgeError(f"the index {file.name} cannot be opened: {error}") from error
        for part in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            part.unlink(missing_ok=True)
        return _connect(file)


def _connect(file: Path) -> sqlite3.Connection:
    file.touch(mode=0o600)  # it holds the documents' text
    connection = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        _build(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _build(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == VERSION:
        return
    if version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise sqlite3.DatabaseError("made by another version")
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")
