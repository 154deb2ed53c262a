"""Texts to vectors through the gate: what the embedder is not cleared for is searched by words only."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from gateway.errors import GatewayError
from gateway.interfaces import Embedder
from gateway.labels import Cleared, NotCleared, clear
from gateway.policy.schema import Model
from gateway.types import Label

_log = logging.getLogger("pointsman.knowledge")
Vectors = NDArray[np.float32]


class Meaning:
    """An embedder and the policy's word on what it may receive."""

    def __init__(self, embedder: Embedder, destination: Model) -> None:
        self._embedder, self._destination = embedder, destination
        self.identity = f"{destination.provider}/{destination.model}"  # whose vectors they are, in the index
        self._warned = False

    def may_have(self, label: Label) -> bool:
        return label <= self._destination.clearance

    async def of_passages(self, texts: tuple[str, ...], label: Label) -> Vectors:
        """Unit vectors, shape (texts, dimensions).

        Raises:
            NotCleared: the embedder may not have this label.
            GatewayError: the embedder failed.
        """
        return await self._embedder.embed(clear(texts, label, self._destination, "embedder"))

    async def of_query(self, query: Cleared[str]) -> Vectors | None:
        """Shape (dimensions,); None where the embedder may not have the query, or failed."""
        try:
            texts: tuple[str, ...] = (query.value,)
            vectors = await self._embedder.embed(clear(texts, query.label, self._destination, "embedder"))
        except NotCleared:
            return None
        except GatewayError as error:
            self._warn(error)
            return None
        self._warned = False
        return np.asarray(vectors[0], dtype=np.float32)

    def _warn(self, error: GatewayError) -> None:
        """Once for a failure that lasts: every request would say it."""
        if not self._warned:
            _log.warning("Searching by words only, since the embedder fails: %s", error.message)
        self._warned = True
