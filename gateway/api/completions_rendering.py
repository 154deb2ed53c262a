"""Writes answers as text completions: an upstream's own as they came, others from what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.chat import usage_body, wants_usage, with_cost
from gateway.api.dialect import event
from gateway.errors import GatewayError
from gateway.types import Answer, Api, Delta, Usage

_DONE: Final = event(b"[DONE]")
_FINISHES: Final = {"tool_calls": "stop", "function_call": "stop"}  # of which text completions know nothing
_json = msgspec.json.Encoder()
_Choice = dict[str, Any]


class _Said(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _ChatChoice(msgspec.Struct):
    index: int | None = None
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    choices: list[_ChatChoice]


_chat = msgspec.json.Decoder(_Chat)


class CompletionsRendering:
    """See Rendering.

    The chunk that says nothing but the usage waits for the end: only then is the cost known that it tells.
    """

    def __init__(self, request_id: str, created: int) -> None:
        self._id = "cmpl-" + request_id
        self._created = created
        self._usage: bytes | None = None

    def delta(self, delta: Delta, exchange: Exchange) -> list[bytes]:
        wanted = wants_usage(exchange)
        if delta.raw is not None and delta.api is Api.COMPLETIONS:
            if delta.usage is None or delta.has_content:
                return [event(delta.raw)]
            return self._held(delta.raw) if wanted else []
        choices = _choices(delta)
        chunks = [event(self._envelope(choices, None, exchange))] if choices else []
        if delta.usage is None or not wanted:
            return chunks
        return [*chunks, *self._held(self._envelope([], usage_body(delta.usage), exchange))]

    def _held(self, usage: bytes) -> list[bytes]:
        """Holds a chunk of usage; what was held before it leaves."""
        before, self._usage = self._usage, usage
        return [] if before is None else [event(before)]

    def end(self, exchange: Exchange) -> list[bytes]:
        if self._usage is None:
            return [_DONE]
        cost = exchange.cost_usd
        return [event(self._usage if cost is None else with_cost(self._usage, float(cost))), _DONE]

    def broken(self, error: GatewayError, exchange: Exchange) -> list[bytes]:
        return [event(_json.encode(error.body()))]

    def whole(self, answer: Answer, exchange: Exchange) -> bytes:
        if answer.raw is not None and answer.api is Api.COMPLETIONS:
            return answer.raw
        return self._envelope(_choices(answer), usage_body(answer.usage or Usage()), exchange)

    def _envelope(
        self, choices: Sequence[_Choice], usage: dict[str, Any] | None, exchange: Exchange
    ) -> bytes:
        body: dict[str, Any] = {
            "id": self._id,
            "object": "text_completion",
            "created": self._created,
            "model": exchange.model or "",
            "choices": choices,
        }
        if usage is not None or wants_usage(exchange):
            body["usage"] = usage
        return _json.encode(body)


def _choices(said: Delta | Answer) -> list[_Choice]:
    """Every choice that says something; only an upstream's own JSON has more than the first."""
    if said.raw is None or said.api is not Api.CHAT:
        return _first(said)
    try:
        sent = _chat.decode(said.raw).choices
    except msgspec.DecodeError:  # JSON of another shape
        return _first(said)
    return [choice for one in sent for choice in _of_chat(one, isinstance(said, Answer))]


def _of_chat(choice: _ChatChoice, whole: bool) -> list[_Choice]:
    words = choice.message or choice.delta or _Said()
    text, finish = words.content or words.refusal or "", choice.finish_reason
    return [_choice(choice.index or 0, text, finish)] if whole or text or finish else []


def _first(said: Delta | Answer) -> list[_Choice]:
    text = said.text or said.refusal
    return [_choice(0, text, said.finish)] if text or said.finish else []


def _choice(index: int, text: str, finish: str | None) -> _Choice:
    return {
        "text": text,
        "index": index,
        "logprobs": None,
        "finish_reason": _FINISHES.get(finish or "", finish),
    }
