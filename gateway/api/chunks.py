"""What a stream of OpenAI's chunks is, whatever they say: its envelope, its usage and its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.dialect import event
from gateway.errors import GatewayError
from gateway.types import Usage

_DONE: Final = event(b"[DONE]")
_json = msgspec.json.Encoder()
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Chunks:
    """What is the same in the renderings of chat and of text completions; see Rendering.

    The chunk that says nothing but the usage waits for the end: only then is the cost known that it tells.
    """

    def __init__(self, id_: str, created: int) -> None:
        self._id = id_
        self._created = created
        self._usage: bytes | None = None

    def end(self, exchange: Exchange) -> list[bytes]:
        if self._usage is None:
            return [_DONE]
        cost = exchange.cost_usd
        return [event(self._usage if cost is None else _with_cost(self._usage, float(cost))), _DONE]

    def broken(self, error: GatewayError, exchange: Exchange) -> list[bytes]:
        return [event(_json.encode(error.body()))]

    def _held(self, usage: bytes) -> list[bytes]:
        """Holds a chunk of usage; what was held before it leaves."""
        before, self._usage = self._usage, usage
        return [] if before is None else [event(before)]

    def _envelope(
        self, kind: str, choices: Sequence[Any], usage: dict[str, Any] | None, exchange: Exchange
    ) -> bytes:
        """`kind` is the member `object`."""
        body: dict[str, Any] = {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": exchange.model or "",
            "choices": choices,
        }
        if usage is not None or wants_usage(exchange):
            body["usage"] = usage
        return _json.encode(body)


def wants_usage(exchange: Exchange) -> bool:
    return exchange.request is not None and exchange.request.include_usage


def usage_body(usage: Usage) -> dict[str, Any]:
    """Usage in OpenAI's shape, whose totals include the parts."""
    written = {"cache_write_tokens": usage.cache_write} if usage.cache_write else {}
    return {
        "prompt_tokens": usage.total_input,
        "completion_tokens": usage.total_output,
        "total_tokens": usage.total_input + usage.total_output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input,
            "audio_tokens": usage.audio_input,
            **written,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.audio_output,
        },
    }


def _with_cost(chunk: bytes, usd: float) -> bytes:
    """A chunk whose usage says what the request cost, in USD; the rest of it is as it came."""
    members = _members.decode(chunk)
    usage = _members.decode(members["usage"])
    usage["cost"] = msgspec.Raw(_json.encode(usd))
    members["usage"] = msgspec.Raw(_json.encode(usage))
    return _json.encode(members)
