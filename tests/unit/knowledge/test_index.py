"""The index keeps step with the documents and touches only what changed."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gateway.knowledge.index import Index, index_file, remove_others
from gateway.knowledge.reading import Document, KnowledgeError, Problem


def document(path: str, text: str) -> Document:
    return Document(path, text, f"digest of {text}")


def texts(file: Path) -> list[str]:
    with sqlite3.connect(file) as base:
        return [row[0] for row in base.execute("SELECT text FROM passages ORDER BY text")]


def found(file: Path, word: str) -> int:
    with sqlite3.connect(file) as base:
        row = base.execute("SELECT count(*) FROM words WHERE words MATCH ?", (word,)).fetchone()
        return int(row[0])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "kb.sqlite"


def test_new_changed_and_removed_documents_are_told_apart(file: Path) -> None:
    index = Index(file)
    first = index.update([document("a.md", "alpha"), document("b.md", "beta"), document("c.md", "gamma")])
    assert (first.added, first.passages) == (3, 3)
    second = index.update([document("a.md", "alpha"), document("b.md", "better")])
    assert (second.added, second.changed, second.removed, second.unchanged) == (0, 1, 1, 1)
    assert texts(file) == ["alpha", "better"]
    assert found(file, "beta") == found(file, "gamma") == 0
    assert found(file, "better") == 1


def test_an_unchanged_document_keeps_its_rows_across_a_restart(file: Path) -> None:
    index = Index(file)
    index.update([document("a.md", "alpha")])
    index.close()
    again = Index(file)
    assert not again.update([document("a.md", "alpha")]).any
    assert texts(file) == ["alpha"]


def test_a_passages_id_is_never_used_again(file: Path) -> None:
    index = Index(file)
    index.update([document("a.md", "alpha")])
    index.update([])
    index.update([document("b.md", "beta")])
    with sqlite3.connect(file) as base:
        assert base.execute("SELECT id FROM passages").fetchall() == [(2,)]


def test_problems_are_handed_on_and_a_reading_that_breaks_off_changes_nothing(file: Path) -> None:
    index = Index(file)
    problem = Problem("x.md", "is not UTF-8")
    assert index.update([problem, document("a.md", "alpha")]).problems == (problem,)

    def breaks() -> Iterator[Document]:
        yield document("b.md", "beta")
        raise KnowledgeError("the disk went away")

    with pytest.raises(KnowledgeError):
        index.update(breaks())
    assert texts(file) == ["alpha"]


def test_another_connection_sees_a_whole_update_or_none_of_it(file: Path) -> None:
    index = Index(file)
    index.update([document("a.md", "alpha")])
    seen: list[list[str]] = []

    def watched() -> Iterator[Document]:
        yield document("b.md", "beta")
        seen.append(texts(file))
        yield document("c.md", "gamma")

    index.update(watched())
    assert seen == [["alpha"]]
    assert texts(file) == ["beta", "gamma"]


def test_only_passages_without_a_vector_of_this_embedder_are_asked_for(file: Path) -> None:
    index = Index(file)
    index.update([document("a.md", "# A\n\nalpha\n\n# B\n\nbeta")])
    missing = index.without_vector("e1", 10)
    assert sorted(text for _, text in missing) == ["A\nalpha", "B\nbeta"]
    index.store_vectors("e1", [digest for digest, _ in missing], np.eye(2, 3, dtype=np.float32))
    assert index.without_vector("e1", 10) == []
    assert index.count_without_vector("e2") == 2
    index.update([document("a.md", "# A\n\nalpha\n\n# B\n\nbetter")])
    assert [text for _, text in index.without_vector("e1", 10)] == ["B\nbetter"]


def test_vectors_of_gone_passages_and_of_other_embedders_are_dropped(file: Path) -> None:
    index = Index(file)
    index.update([document("a.md", "alpha")])
    for embedder in ("old", "new"):
        missing = index.without_vector(embedder, 10)
        index.store_vectors(embedder, [missing[0][0]], np.ones((1, 3), dtype=np.float32))
    index.forget_vectors("new")
    with sqlite3.connect(file) as base:
        assert base.execute("SELECT embedder FROM vectors").fetchall() == [("new",)]
    index.update([])
    index.forget_vectors("new")
    with sqlite3.connect(file) as base:
        assert base.execute("SELECT count(*) FROM vectors").fetchone() == (0,)


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b""])
def test_a_file_that_is_no_index_is_built_anew(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    assert Index(file).update([document("a.md", "alpha")]).passages == 1


def test_an_index_of_another_version_is_built_anew(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as base:
        base.executescript("CREATE TABLE passages (x); PRAGMA user_version = 999;")
    assert Index(file).update([document("a.md", "alpha")]).added == 1


def test_only_its_owner_may_read_the_file(file: Path) -> None:
    Index(file).update([document("a.md", "alpha")])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in file.parent.iterdir())
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_other_documents_under_a_name_have_another_file_and_the_old_one_goes(tmp_path: Path) -> None:
    old = index_file(tmp_path, "kb", tmp_path, ("a/*.md",))
    new = index_file(tmp_path, "kb", tmp_path, ("b/*.md",))
    other = index_file(tmp_path, "kb-two", tmp_path, ("a/*.md",))
    assert old != new
    for path in (old, new, other):
        Index(path).close()
    remove_others(new)
    assert not old.exists()
    assert new.exists()
    assert other.exists()


@pytest.mark.parametrize("name", ["../kb", "a/b", "", ".hidden", "a~b", "x" * 101])
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KnowledgeError, match="cannot name a file"):
        index_file(tmp_path, name, tmp_path, ("*.md",))
