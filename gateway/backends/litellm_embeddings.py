"""Models for embeddings of every provider that does not speak OpenAI's protocol, through the litellm SDK."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from struct import pack
from typing import Any, Final, NamedTuple

import msgspec

from gateway.backends.embeddings import vectors
from gateway.backends.litellm import litellm, settings, translated
from gateway.backends.speech import NotJson
from gateway.errors import ProviderBroken, ProviderRefused, ProviderTimeout
from gateway.interfaces import Emit
from gateway.policy.schema import Model
from gateway.types import ChatRequest

# What a caller may set. A closed list: see litellm.py. How numbers are written is settled here.
_PASSED: Final = frozenset({"dimensions", "user"})
_OWN_TOKENS: Final = frozenset({"azure", "azure_ai"})  # providers of models that read OpenAI's tokens
_FORMATS: Final = ("float", "base64")
_json = msgspec.json.Encoder()


class EmbeddingCall:
    """One request to one model; `begun` once its answer has left. See `litellm.Call`."""

    def __init__(self, model: Model, name: str, request: ChatRequest, emit: Emit) -> None:
        self._model, self._name, self._emit = model, name, emit
        self._keywords = arguments(model, request)
        self._wanted = _wanted(request)
        self.begun = False

    async def run(self) -> None:
        try:
            async with asyncio.timeout(self._model.timeouts.total):
                reply = await litellm().aembedding(**self._keywords)
        except TimeoutError as error:
            raise ProviderTimeout(f"{self._name} did not answer in time") from error
        except Exception as error:
            raise translated(self._name, error, False) from error
        body = await asyncio.to_thread(self._body, reply)
        try:
            answer = vectors(body)
        except NotJson as error:
            raise ProviderBroken(f"{self._name} answered with what are no embeddings") from error
        self.begun = True
        await self._emit(answer)

    def _body(self, reply: Any) -> bytes:
        """The reply in OpenAI's shape, its vectors as the caller wants them."""
        wanted, whole = self._wanted, reply.model_dump(mode="json")
        usage = whole.get("usage") or {}
        told = {name: usage.get(name) or 0 for name in ("prompt_tokens", "total_tokens")}
        made = [item["embedding"] for item in whole["data"]]
        if wanted.dimensions and any(len(vector) != wanted.dimensions for vector in made):
            said = f"{self._name} makes vectors of {len(made[0])} dimensions, and no other number of them"
            raise ProviderRefused(said, param="dimensions")  # litellm left out what the provider lacks
        written = map(_base64, made) if wanted.base64 else made
        data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(written)]
        answer = {"object": "list", "data": data, "model": whole.get("model") or "", "usage": told}
        return _json.encode(answer)


def arguments(model: Model, request: ChatRequest) -> dict[str, Any]:
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
        **settings(model, request),
    }
    return {**{name: value for name, value in own.items() if value is not None}, **fixed}


class _Sent(msgspec.Struct):
    input: Any


class _Wanted(NamedTuple):
    """How the caller wants its vectors."""

    dimensions: int | None
    base64: bool


def _wanted(request: ChatRequest) -> _Wanted:
    dimensions = msgspec.json.decode(request.fields.get("dimensions", b"null"))
    encoding = msgspec.json.decode(request.fields.get("encoding_format", b"null")) or "float"
    if encoding not in _FORMATS:
        raise ProviderRefused(f"'encoding_format' must be {' or '.join(_FORMATS)}", param="encoding_format")
    return _Wanted(dimensions, encoding == "base64")


def _base64(vector: Sequence[float]) -> str:
    """OpenAI's base64 is of float32, little end first."""
    return b64encode(pack(f"<{len(vector)}f", *vector)).decode()
