"""Embeddings made in process, in the shape of OpenAI's: `local/minilm` for callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.backends.minilm import DIMENSIONS, MAX_TOKENS, MiniLM, Vectors
from gateway.backends.vectors import Wanted, vectors_body, wanted
from gateway.errors import ContextLength, ProviderRefused, ProviderTimeout
from gateway.interfaces import Emit
from gateway.labels import Cleared, clear
from gateway.policy.schema import Model
from gateway.types import Answer, Api, ChatRequest, Timeouts, Usage

MAX_CHARACTERS: Final = 16_384  # of one text, 64 a token: what is longer is not even counted


class LocalEmbeddings:
    """One model of the policy; `embedder` gives the embedder that all share, made when it is first used."""

    def __init__(self, model: Model, embedder: Callable[[], MiniLM]) -> None:
        self._model, self._embedder = model, embedder

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        """See ChatModel."""
        how = wanted(request.value)
        texts = clear(_texts(request.value, how), request.label, self._model, "embedder")
        try:
            async with asyncio.timeout(timeouts.total):
                vectors, used = await self._made(texts)
        except TimeoutError as error:
            raise ProviderTimeout(f"model {self._model.name!r} did not finish in time") from error
        body = await asyncio.to_thread(_body, vectors, self._model.name, used, how.base64)
        await emit(Answer(usage=Usage(input=used), raw=body, api=Api.EMBEDDINGS))

    async def close(self) -> None:
        """Nothing of its own is open."""

    async def _made(self, texts: Cleared[tuple[str, ...]]) -> tuple[Vectors, int]:
        embedder = self._embedder()
        counts = await embedder.tokens(texts)
        for i, count in enumerate(counts):
            if count > MAX_TOKENS:
                raise _too_long(i, f"has {count:,} tokens")
        return await embedder.embed(texts), sum(counts)


def _texts(request: ChatRequest, how: Wanted) -> tuple[str, ...]:
    """Raises ProviderRefused for what this model cannot do."""
    texts = tuple(message.text for message in request.messages)
    if not all(texts):
        said = "local/minilm has a vocabulary of its own: send 'input' as text, not as tokens"
        raise ProviderRefused(said, param="input")
    for i, text in enumerate(texts):
        if len(text) > MAX_CHARACTERS:
            raise _too_long(i, f"has {len(text):,} characters")
    if how.dimensions not in (None, DIMENSIONS):
        said = f"the vectors of local/minilm have {DIMENSIONS} dimensions, and no other number of them"
        raise ProviderRefused(said, param="dimensions")
    return texts


def _too_long(index: int, size: str) -> ContextLength:
    said = f"local/minilm reads {MAX_TOKENS} tokens of a text, and text {index + 1} of 'input' {size}"
    return ContextLength(f"{said}: send it in smaller pieces", param="input")


def _body(vectors: Vectors, model: str, used: int, base64: bool) -> bytes:
    return vectors_body(vectors.tolist(), model, used, base64)
