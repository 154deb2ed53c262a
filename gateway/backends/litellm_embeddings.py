"""Models for embeddings of every provider that does not speak OpenAI's protocol, through the litellm SDK."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from gateway.backends.decoding import MOST_COUNTED
from gateway.backends.litellm import litellm, settings
from gateway.backends.litellm_errors import translated
from gateway.backends.vectors import vectors_body, wanted
from gateway.errors import ProviderBroken, ProviderRefused, ProviderTimeout
from gateway.interfaces import Emit
from gateway.policy.schema import Model
from gateway.types import Answer, Api, ChatRequest, Timeouts, Usage

# What a caller may set. A closed list: see litellm.py. How numbers are written is settled here.
_PASSED: Final = frozenset({"dimensions", "user"})
_OWN_TOKENS: Final = frozenset({"azure", "azure_ai"})  # providers of models that read OpenAI's tokens


class EmbeddingCall:
    """One request to one model. See `litellm.Call`."""

    def __init__(self, model: Model, name: str, request: ChatRequest, emit: Emit, timeouts: Timeouts) -> None:
        self._name, self._emit, self._total = name, emit, timeouts.total
        self._keywords = arguments(model, request, timeouts.total)
        self._wanted = wanted(request)

    async def run(self) -> None:
        try:
            async with asyncio.timeout(self._total):
                reply = await litellm().aembedding(**self._keywords)
        except TimeoutError as error:
            raise ProviderTimeout(f"{self._name} did not answer in time") from error
        except Exception as error:
            raise translated(self._name, error, False) from error
        await self._emit(await asyncio.to_thread(self._answer, reply))

    def _answer(self, reply: Any) -> Answer:
        """The reply in OpenAI's shape, its vectors as the caller wants them."""
        how, whole = self._wanted, reply.model_dump(mode="json")
        made = self._vectors(whole.get("data"))
        if how.dimensions and any(len(vector) != how.dimensions for vector in made):
            said = f"{self._name} makes vectors of {len(made[0])} dimensions, and no other number of them"
            raise ProviderRefused(said, param="dimensions")  # litellm left out what the provider lacks
        tokens = _tokens(whole.get("usage"))
        body = vectors_body(made, whole.get("model") or "", tokens or 0, how.base64)
        usage = None if tokens is None else Usage(input=tokens)
        return Answer(usage=usage, raw=body, api=Api.EMBEDDINGS)

    def _vectors(self, data: Any) -> list[list[float]]:
        items = data if isinstance(data, list) else []
        made: list[Any] = [item.get("embedding") if isinstance(item, dict) else None for item in items]
        if not made or not all(isinstance(vector, list) for vector in made):
            raise ProviderBroken(f"{self._name} answered with what are no embeddings")
        return made


def _tokens(usage: Any) -> int | None:
    """What the provider says it read; None where it says nothing."""
    told = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return told if isinstance(told, int) and 0 < told <= MOST_COUNTED else None


def arguments(model: Model, request: ChatRequest, total: float) -> dict[str, Any]:
    """The keywords for litellm: what the caller may set, then what it may not.

    Raises:
        ProviderRefused: it sent tokens, and this provider has others.
    """
    assert request.sent is not None, "a request is read from a body"
    if not all(message.text for message in request.messages) and model.provider not in _OWN_TOKENS:
        said = f"a model of {model.provider} has a vocabulary of its own: send 'input' as text, not as tokens"
        raise ProviderRefused(said, param="input")
    own = {name: msgspec.json.decode(raw) for name, raw in request.fields.items() if name in _PASSED}
    fixed = {
        "model": f"{model.provider}/{model.model}",
        "input": msgspec.json.decode(request.sent.body, type=_Sent).input,
        **settings(model, request, total),
    }
    return {**{name: value for name, value in own.items() if value is not None}, **fixed}


class _Sent(msgspec.Struct):
    input: Any
