"""Finding passages in an index, by words and by meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gateway.knowledge.index import Index
from gateway.knowledge.reading import Document
from gateway.knowledge.search import Searcher

DOCUMENTS = {
    "tent.md": "# Tents\n\nA tent is washed by hand with lukewarm water.",
    "lamp.md": "# Lamps\n\nThe wick of a lamp is trimmed to four millimetres.",
    "shop.md": "# Shops\n\nThe shop in Kassel opens at ten.",
}


def indexed(file: Path, documents: dict[str, str], vectors: dict[str, list[float]] | None = None) -> Index:
    """An index of these documents; `vectors` gives each passage that contains a key its own."""
    index = Index(file)
    index.update([Document(path, text, text) for path, text in documents.items()])
    for digest, text in index.without_vector("e", 1000):
        for key, vector in (vectors or {}).items():
            if key in text:
                index.store_vectors("e", [digest], np.array([vector], dtype=np.float32))
    return index


def searcher(file: Path, embedder: str | None = None) -> Searcher:
    made = Searcher(file, embedder)
    made.reload()
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kb.sqlite"


def test_a_passage_is_found_by_other_forms_of_its_words(file: Path) -> None:
    indexed(file, DOCUMENTS)
    (hit,) = searcher(file).search("How do I wash tents?", None, 3)
    assert (hit.source, hit.title) == ("tent.md", "Tents")
    assert hit.score > 0.9


def test_one_word_of_many_is_enough_to_be_found_and_scores_low(file: Path) -> None:
    indexed(file, DOCUMENTS)
    (hit,) = searcher(file).search("kassel museum ticket", None, 3)
    assert hit.source == "shop.md"
    assert hit.score < 0.3


def test_nothing_is_found_where_nothing_comes_near(file: Path) -> None:
    indexed(file, DOCUMENTS)
    assert searcher(file).search("quantum chromodynamics", None, 3) == ()
    assert searcher(file).search("how do you do?", None, 3) == ()
    assert searcher(file).search("", None, 3) == ()


@pytest.mark.parametrize(
    "query", ['tent" OR "lamp', "tent AND NEAR(", "tent*", "title:tent", "'; DROP tent", "ten\0t tent"]
)
def test_a_query_is_words_and_never_syntax(file: Path, query: str) -> None:
    indexed(file, DOCUMENTS)
    assert any(hit.source == "tent.md" for hit in searcher(file).search(query, None, 3))


def test_meaning_finds_what_words_do_not(file: Path) -> None:
    indexed(file, DOCUMENTS, {"tent": [1, 0, 0], "lamp": [0, 1, 0], "shop": [0, 0, 1]})
    query = np.array([0.9, 0.1, 0.0], dtype=np.float32)
    found = searcher(file, "e").search("canvas shelter", query, 3)
    assert found[0].source == "tent.md"
    assert searcher(file, "e").search("canvas shelter", None, 3) == ()


def test_vectors_of_another_embedder_or_of_too_few_passages_are_not_used(file: Path) -> None:
    indexed(file, DOCUMENTS, {"tent": [1, 0, 0], "lamp": [0, 1, 0]})
    assert not searcher(file, "e").has_vectors
    assert not searcher(file, "other").has_vectors
    assert not searcher(file, None).has_vectors


def test_a_query_vector_of_another_length_is_left_aside(file: Path) -> None:
    indexed(file, DOCUMENTS, {"tent": [1, 0, 0], "lamp": [0, 1, 0], "shop": [0, 0, 1]})
    found = searcher(file, "e").search("tents", np.ones(5, dtype=np.float32), 3)
    assert [hit.source for hit in found] == ["tent.md"]


def test_the_best_score_does_not_hang_on_how_many_are_asked_for(file: Path) -> None:
    indexed(file, {f"{n}.md": f"# T\n\nlamp number {n} " + "oil " * n for n in range(1, 9)})
    search = searcher(file)
    one, many = search.search("lamp oil 3", None, 1), search.search("lamp oil 3", None, 8)
    assert len(one) == 1
    assert one[0] == many[0]
    assert [hit.score for hit in many] == sorted((hit.score for hit in many), reverse=True)


def test_a_document_that_is_gone_is_not_found_even_before_a_reload(file: Path) -> None:
    index = indexed(file, DOCUMENTS, {"tent": [1, 0, 0], "lamp": [0, 1, 0], "shop": [0, 0, 1]})
    search = searcher(file, "e")
    index.update([Document("lamp.md", DOCUMENTS["lamp.md"], DOCUMENTS["lamp.md"])])
    found = search.search("tent", np.array([1, 0, 0], dtype=np.float32), 3)
    assert "tent.md" not in {hit.source for hit in found}


def test_an_empty_index_answers_with_nothing(file: Path) -> None:
    indexed(file, {})
    assert searcher(file, "e").search("tent", np.ones(3, dtype=np.float32), 3) == ()
