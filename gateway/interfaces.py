"""The seams: what the flow asks of the parts that are joined in `app.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gateway.deployments.deployments import Deployments
from gateway.labels import Cleared
from gateway.types import (
    ChatRequest,
    Event,
    Finding,
    KeptResponse,
    Passage,
    Signals,
    Timeouts,
    ToolCall,
    ToolResult,
    ToolSpec,
)

Emit = Callable[[Event], Awaitable[None]]
Strategy = Callable[[ChatRequest, Emit], Coroutine[Any, Any, None]]
Row = bytes  # JSON
FindText = Callable[[str], tuple[Finding, ...]]


class Classifier(Protocol):
    """Understands a request from its text alone: CPU only, well under a millisecond for a short one."""

    def classify(self, request: ChatRequest) -> Signals: ...
    def find(self, text: str) -> tuple[Finding, ...]:
        """What has a shape in a text that flows in, in order of place."""
        ...


class ChatModel(Protocol):
    """One deployment of a model that answers a conversation, asked once a call: whoever calls tries again.

    A streaming request gets `Delta`s, the last content one with `finish` set, then one with `usage`
    (the same or a later one); any other gets one `Answer`. It ends within the timeouts. Raises ProviderError
    and nothing else; cancelling the task ends the upstream call.
    """

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None: ...
    async def close(self) -> None: ...


class Embedder(Protocol):
    """Turns texts into unit vectors, float32 of shape (number of texts, dimensions)."""

    @property
    def dimensions(self) -> int: ...
    async def embed(self, texts: Cleared[tuple[str, ...]]) -> NDArray[np.float32]: ...


class Encoder(Protocol):
    """The small transformer, asked where the classifier is unsure. Raises ProviderError when it cannot."""

    async def scores(self, text: Cleared[str]) -> Sequence[float]:
        """A score for each label of each axis."""
        ...


class Retriever(Protocol):
    """One knowledge base."""

    @property
    def ready(self) -> bool: ...
    async def search(self, query: Cleared[str], top: int) -> tuple[Passage, ...]:
        """The best passages, best first; their scores are between 0 and 1."""
        ...

    async def relevance(self, query: Cleared[str]) -> float:
        """How surely the documents answer the query, 0 to 1, comparable between queries."""
        ...


class ToolServer(Protocol):
    """One source of tools. Raises ProviderError when it cannot be reached."""

    async def tools(self) -> tuple[ToolSpec, ...]: ...
    async def call(self, call: Cleared[ToolCall]) -> ToolResult: ...
    async def close(self) -> None: ...


class Parts(Protocol):
    """The outside, by the policy's names: what `app.py` has built for the policy in force."""

    def model(self, name: str) -> Deployments[ChatModel]: ...
    def knowledge(self, name: str) -> Retriever: ...
    def tools(self, name: str) -> ToolServer: ...


class Ledger(Protocol):
    """Takes one row for every request, as the gate has passed it; a row holds no content."""

    def write(self, row: Cleared[Row]) -> None: ...


class ResponseStore(Protocol):
    """Keeps responses for the callers that got them; nobody else learns that there is one."""

    def keep(self, response: Cleared[KeptResponse]) -> None: ...
    def response(self, caller: str, id_: str) -> KeptResponse | None: ...
    def holding(self, caller: str, item: str) -> KeptResponse | None:
        """The caller's last response whose output, that of the last of its turns, has an item of this id."""
        ...

    def forget(self, caller: str, id_: str) -> None:
        """Of one that there is not there is nothing to forget."""
        ...


@runtime_checkable
class ResponseHolder(Protocol):
    """A model whose upstream keeps responses."""

    async def forget(self, id_: Cleared[str]) -> None:
        """Has one deleted, within seconds. Raises ProviderError."""
        ...
