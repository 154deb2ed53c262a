"""Writes answers as text completions: an upstream's own as they came, others from what they say."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.chunks import Chunks, usage_body, wants_usage
from gateway.api.dialect import event
from gateway.types import Answer, Api, Delta, Usage

_OBJECT: Final = "text_completion"
_FINISHES: Final = {"tool_calls": "stop", "function_call": "stop"}  # of which text completions know nothing
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


class CompletionsRendering(Chunks):
    """See Rendering."""

    def __init__(self, request_id: str, created: int) -> None:
        super().__init__("cmpl-" + request_id, created)

    def delta(self, delta: Delta, exchange: Exchange) -> list[bytes]:
        wanted = wants_usage(exchange)
        if delta.raw is not None and delta.api is Api.COMPLETIONS:
            if delta.usage is None or delta.has_content:
                return [event(delta.raw)]
            return self._held(delta.raw) if wanted else []
        choices = _choices(delta)
        chunks = [event(self._envelope(_OBJECT, choices, None, exchange))] if choices else []
        if delta.usage is None or not wanted:
            return chunks
        return [*chunks, *self._held(self._envelope(_OBJECT, [], usage_body(delta.usage), exchange))]

    def whole(self, answer: Answer, exchange: Exchange) -> bytes:
        if answer.raw is not None and answer.api is Api.COMPLETIONS:
            return answer.raw
        return self._envelope(_OBJECT, _choices(answer), usage_body(answer.usage or Usage()), exchange)


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
