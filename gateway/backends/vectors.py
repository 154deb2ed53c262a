"""Embeddings in the shape of OpenAI's, of vectors that the gateway got in another."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from struct import pack
from typing import Any, Final, NamedTuple

import msgspec

from gateway.errors import ProviderRefused
from gateway.types import ChatRequest

_FORMATS: Final = ("float", "base64")
_json = msgspec.json.Encoder()


class Wanted(NamedTuple):
    """How a caller wants its vectors."""

    dimensions: int | None
    base64: bool


def wanted(request: ChatRequest) -> Wanted:
    """Raises ProviderRefused for a format that nobody knows."""
    dimensions = msgspec.json.decode(request.fields.get("dimensions", b"null"))
    encoding = msgspec.json.decode(request.fields.get("encoding_format", b"null")) or "float"
    if encoding not in _FORMATS:
        raise ProviderRefused(f"'encoding_format' must be {' or '.join(_FORMATS)}", param="encoding_format")
    return Wanted(dimensions, encoding == "base64")


def vectors_body(vectors: Iterable[Sequence[float]], model: str, tokens: int, base64: bool) -> bytes:
    """The body of a reply; `tokens` are what the texts took."""
    data: list[Any] = [
        {"object": "embedding", "index": i, "embedding": _base64(vector) if base64 else vector}
        for i, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return _json.encode({"object": "list", "data": data, "model": model, "usage": usage})


def _base64(vector: Sequence[float]) -> str:
    """OpenAI's base64 is of float32, little end first."""
    return b64encode(pack(f"<{len(vector)}f", *vector)).decode()
