"""Models for embeddings behind an OpenAI-compatible API."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway.backends.calling import ask
from gateway.backends.completions import announce, usage_of
from gateway.backends.decoding import UNREADABLE
from gateway.backends.http import Pool
from gateway.backends.openai import endpoint
from gateway.backends.speech import NotJson, Reader, Speech
from gateway.backends.splice import with_member
from gateway.interfaces import Emit
from gateway.labels import Cleared
from gateway.policy.schema import Model
from gateway.types import Answer, Api, ChatRequest, Timeouts

MAX_ANSWER: Final = 192 * 1024 * 1024  # bytes: 2,048 vectors of 4,096 numbers in decimals
_NOTHING = msgspec.Raw(b"")
_json = msgspec.json.Encoder()


class OpenAIEmbeddings:
    """One model of the policy, asked with the caller's own bytes; the pool is shared and stays open."""

    def __init__(self, model: Model, pool: Pool) -> None:
        self._model, self._pool = model, pool
        self._speech = Speech(
            endpoint(model, "/embeddings"), self._body, _never_streamed, vectors, most=MAX_ANSWER
        )

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        """See ChatModel."""
        await ask(self._speech, self._pool, request.value, emit, self._model, timeouts)

    async def close(self) -> None:
        """Nothing of its own is open."""

    def _body(self, request: ChatRequest) -> bytes:
        assert request.sent is not None, "what is sent on as it came has come"
        return with_member(request.sent.body, "model", _json.encode(self._model.model))


def _never_streamed(_: ChatRequest) -> Reader:
    raise AssertionError("embeddings are not streamed")


class _Vectors(msgspec.Struct):
    data: msgspec.Raw = _NOTHING
    usage: msgspec.Raw = _NOTHING
    error: msgspec.Raw = _NOTHING


_decoder = msgspec.json.Decoder(_Vectors)


def vectors(body: bytes) -> Answer:
    """A reply with vectors, of which only the usage is read. Raises NotJson or Announced."""
    try:
        whole = _decoder.decode(body)
    except UNREADABLE as error:
        raise NotJson("it is not a JSON object") from error
    if not memoryview(whole.data):
        announce(whole.error)
        raise NotJson("it has no data")
    return Answer(usage=usage_of(whole.usage), raw=body, api=Api.EMBEDDINGS)
