"""A knowledge base from folder to passage."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from gateway.errors import NotReady, ProviderUnavailable
from gateway.interfaces import Retriever
from gateway.knowledge.base import KnowledgeBase
from gateway.knowledge.reading import KnowledgeError
from gateway.labels import Cleared, clear
from gateway.policy.schema import Knowledge
from gateway.types import Label
from tests.embedders import WordCounts, destination

pytestmark = pytest.mark.anyio

SPEC = Knowledge("kb", ("docs/*.md",), label=Label.INTERNAL, trusted=True, embed_with="e")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    write(tmp_path, "tent.md", "# Tents\n\nA tent is washed by hand with lukewarm water.")
    write(tmp_path, "lamp.md", "# Lamps\n\nThe wick of a lamp is trimmed to four millimetres.")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / "docs" / name).write_text(text)


def base(
    root: Path,
    embedder: WordCounts | None = None,
    spec: Knowledge = SPEC,
    clearance: Label = Label.RESTRICTED,
) -> KnowledgeBase:
    return KnowledgeBase(
        spec,
        root=root,
        folder=root / "data" / "knowledge",
        embedder=embedder,
        embed_destination=destination(clearance=clearance),
    )


def ask(text: str, label: Label = Label.PUBLIC) -> Cleared[str]:
    return clear(text, label, SPEC, "retriever")


async def test_a_passage_says_where_it_is_from_and_carries_the_bases_label(root: Path) -> None:
    kb: Retriever = (made := base(root, WordCounts()))
    await made.refresh()
    passage = (await kb.search(ask("how is a tent washed"), 2))[0]
    assert passage.text == "A tent is washed by hand with lukewarm water."
    assert (passage.source, passage.title, passage.knowledge) == ("docs/tent.md", "Tents", "kb")
    assert (passage.label, passage.trusted) == (Label.INTERNAL, True)
    assert 0.9 < passage.score <= 1.0
    assert await kb.relevance(ask("how is a tent washed")) == passage.score
    await made.close()


async def test_before_the_documents_are_read_a_search_says_so_and_relevance_is_nil(root: Path) -> None:
    kb = base(root)
    assert not kb.ready
    assert kb.age_seconds is None
    with pytest.raises(NotReady, match="still being read"):
        await kb.search(ask("tent"), 3)
    assert await kb.relevance(ask("tent")) == 0.0
    await kb.close()


async def test_only_what_changed_is_embedded_again(root: Path) -> None:
    embedder = WordCounts()
    kb = base(root, embedder)
    await kb.refresh()
    assert len(embedder.seen) == 2
    write(root, "lamp.md", "# Lamps\n\nA lamp burns paraffin.")
    changes = await kb.refresh()
    assert (changes.changed, changes.unchanged) == (1, 1)
    assert embedder.seen[2:] == ["Lamps\nA lamp burns paraffin."]
    await kb.close()
    again = base(root, embedder)
    assert not (await again.refresh()).any
    assert len(embedder.seen) == 3
    await again.close()


async def test_a_removed_document_is_not_found_any_more(root: Path) -> None:
    kb = base(root, WordCounts())
    await kb.refresh()
    (root / "docs" / "tent.md").unlink()
    assert (await kb.refresh()).removed == 1
    assert "docs/tent.md" not in {p.source for p in await kb.search(ask("tent washed by hand"), 5)}
    await kb.close()


async def test_without_an_embedder_words_alone_are_searched(root: Path) -> None:
    kb = base(root)
    await kb.refresh()
    assert (await kb.search(ask("wash a tent"), 3))[0].source == "docs/tent.md"
    await kb.close()


async def test_an_embedder_without_clearance_for_the_documents_gets_none_of_them(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    embedder = WordCounts()
    kb = base(root, embedder, clearance=Label.PUBLIC)
    with caplog.at_level(logging.WARNING):
        await kb.refresh()
    assert embedder.seen == []
    assert "not cleared for internal documents" in caplog.text
    assert await kb.search(ask("wash a tent"), 3)
    await kb.close()


async def test_a_query_that_the_embedder_may_not_have_is_searched_by_words(root: Path) -> None:
    embedder = WordCounts()
    kb = base(root, embedder, clearance=Label.INTERNAL)
    await kb.refresh()
    found = await kb.search(ask("wash a tent", Label.CONFIDENTIAL), 3)
    assert found[0].source == "docs/tent.md"
    assert not any("wash a tent" in text for text in embedder.seen)
    await kb.close()


async def test_words_are_searchable_while_the_embedder_works_and_when_it_fails(root: Path) -> None:
    embedder = WordCounts()
    embedder.failing = True
    kb = base(root, embedder)
    with pytest.raises(ProviderUnavailable):
        await kb.refresh()
    assert kb.ready
    assert (await kb.search(ask("wash a tent"), 3))[0].source == "docs/tent.md"
    embedder.failing = False
    await kb.refresh()
    assert len(embedder.seen) == 2
    await kb.close()


async def test_progress_is_told_in_passages(root: Path) -> None:
    told: list[tuple[int, int]] = []
    kb = KnowledgeBase(
        SPEC,
        root=root,
        folder=root / "data",
        embedder=WordCounts(),
        embed_destination=destination(),
        progress=lambda done, total: told.append((done, total)),
    )
    await kb.refresh()
    assert told == [(2, 2)]
    await kb.close()


async def test_age_counts_from_the_last_look_at_the_documents(root: Path) -> None:
    now = 1_000.0
    kb = KnowledgeBase(SPEC, root=root, folder=root / "data", clock=lambda: now)
    await kb.refresh()
    now = 1_060.0
    assert kb.age_seconds == 60.0
    await kb.close()


async def test_a_file_that_is_left_out_is_said_once_and_the_rest_is_indexed(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (root / "docs" / "broken.md").write_bytes(b"caf\xe9")
    kb = base(root)
    with caplog.at_level(logging.WARNING):
        await kb.refresh()
        await kb.refresh()
    assert [r.getMessage() for r in caplog.records] == [
        "knowledge kb: docs/broken.md is not UTF-8 at byte 3: save it as UTF-8"
    ]
    assert await kb.search(ask("tent"), 1)
    await kb.close()


async def test_a_root_that_is_missing_fails_the_refresh_and_shows_no_path(root: Path) -> None:
    kb = KnowledgeBase(SPEC, root=root / "nowhere", folder=root / "data")
    with pytest.raises(KnowledgeError) as caught:
        await kb.refresh()
    assert str(root) not in caught.value.message
    assert not kb.ready
    await kb.close()


async def test_a_last_good_index_goes_on_serving_when_the_root_goes_away(root: Path) -> None:
    documents = root / "root"
    shutil.copytree(root / "docs", documents / "docs")
    kb = KnowledgeBase(SPEC, root=documents, folder=root / "data")
    await kb.refresh()
    shutil.rmtree(documents)
    with pytest.raises(KnowledgeError):
        await kb.refresh()
    assert await kb.search(ask("tent"), 1)
    await kb.close()


async def test_searches_run_while_a_refresh_does(root: Path) -> None:
    for n in range(50):
        write(root, f"{n}.md", f"# N\n\nDocument number {n} about a tent.")
    kb = base(root, WordCounts())
    await kb.refresh()
    for n in range(50):
        write(root, f"{n}.md", f"# N\n\nDocument number {n} about a tent, again.")
    refresh = asyncio.create_task(kb.refresh())
    found = [await kb.search(ask("tent"), 3) for _ in range(50)]
    await refresh
    assert all(len(passages) == 3 for passages in found)
    await kb.close()


async def test_one_name_for_other_documents_never_serves_the_old_ones(root: Path) -> None:
    (root / "more").mkdir()
    (root / "more" / "shop.md").write_text("# Shop\n\nThe shop opens at ten.")
    old, new = base(root), base(root, spec=Knowledge("kb", ("more/*.md",)))
    await old.refresh()
    await new.refresh()
    assert await new.search(ask("tent"), 3) == ()
    assert (await old.search(ask("tent"), 3))[0].source == "docs/tent.md"
    assert await old.search(ask("shop opens"), 3) == ()
    await old.close()
    await new.close()


async def test_two_refreshes_at_once_do_the_work_once(root: Path) -> None:
    embedder = WordCounts()
    kb = base(root, embedder)
    await asyncio.gather(kb.refresh(), kb.refresh())
    assert len(embedder.seen) == 2
    await kb.close()


async def test_after_closing_a_search_says_so(root: Path) -> None:
    kb = base(root)
    await kb.refresh()
    await kb.close()
    with pytest.raises(NotReady):
        await kb.search(ask("tent"), 1)
