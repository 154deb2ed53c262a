"""Messages: events to one JSON body, or to a stream of named events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.dialect import WholeOnly, event
from gateway.api.messages.blocks import Blocks, text_block, tool_use
from gateway.api.messages.errors import error_body
from gateway.errors import GatewayError
from gateway.types import Answer, Api, Delta, Usage

_STOPS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_END: Final = "message_stop"
# Members that the published description has in every message, of what happens at Anthropic's alone.
_UNSAID: Final = {"stop_details": None, "container": None}
_UNSAID_OF_USAGE: Final = {"cache_creation": None, "inference_geo": None, "service_tier": None}
_json = msgspec.json.Encoder()


class _Stopped(msgspec.Struct):
    """Of a choice: the sequence that ended it, as vLLM and SGLang call it."""

    stop_reason: str | int | None = None
    matched_stop: str | int | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Stopped] = []


_chunk = msgspec.json.Decoder(_Chunk)


class MessagesRendering:
    """See Rendering."""

    def __init__(self, request_id: str, created: int) -> None:
        self._request_id, self._id = request_id, "msg_" + request_id
        self._blocks = Blocks()
        self._begun = False
        self._relayed = ""  # the last of the upstream's own events, which begin and end themselves
        self._called = False
        self._refused = False
        self._finish = "stop"
        self._sequence: str | None = None
        self._usage: Usage | None = None

    def delta(self, delta: Delta, exchange: Exchange) -> list[bytes]:
        if delta.raw is not None and delta.api is Api.MESSAGES and not self._begun:
            self._relayed = delta.event
            return [event(delta.raw, delta.event)]
        events = [] if self._begun else self._start(exchange)
        self._begun = True
        self._take(delta, exchange)
        events += [_written(each) for each in self._blocks.think(delta.reasoning, delta.signature)]
        for text in filter(None, (delta.text, delta.refusal)):
            events += map(_written, self._blocks.say(text))
        for part in delta.tool_calls:
            events += map(_written, self._blocks.call(part))
        return events

    def _take(self, delta: Delta, exchange: Exchange) -> None:
        """What the end of the message says."""
        self._called = self._called or bool(delta.tool_calls)
        self._refused = self._refused or bool(delta.refusal)
        self._usage = delta.usage or self._usage
        if delta.finish:
            self._finish = delta.finish
            self._sequence = _sequence(delta, exchange)

    def _start(self, exchange: Exchange) -> list[bytes]:
        """What the prompt took is not known yet: the end says it."""
        message = self._message(exchange, [], None, None, Usage())
        return [_written({"type": "message_start", "message": message}), _written({"type": "ping"})]

    def end(self, exchange: Exchange) -> list[bytes]:
        if self._relayed:  # an upstream that broke off after all was said has not said that it ends
            return [] if self._relayed == _END else [_written({"type": _END})]
        stop = _stop_reason(self._finish, self._called, self._refused, self._sequence)
        delta = {"stop_reason": stop, "stop_sequence": self._sequence, **_UNSAID}
        usage = usage_body(self._usage or exchange.usage)
        return [
            *([] if self._begun else self._start(exchange)),
            *map(_written, self._blocks.close()),
            _written({"type": "message_delta", "delta": delta, "usage": usage}),
            _written({"type": _END}),
        ]

    def broken(self, error: GatewayError, exchange: Exchange) -> list[bytes]:
        return [event(error_body(error, self._request_id), "error")]

    def whole(self, answer: Answer, exchange: Exchange) -> bytes:
        if answer.raw is not None and answer.api is Api.MESSAGES:
            return answer.raw
        sequence = _sequence(answer, exchange)
        stop = _stop_reason(answer.finish, bool(answer.tool_calls), bool(answer.refusal), sequence)
        usage = answer.usage or exchange.usage
        return _json.encode(self._message(exchange, _content(answer), stop, sequence, usage))

    def _message(
        self, exchange: Exchange, content: list[Any], stop: str | None, sequence: str | None, usage: Usage
    ) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": exchange.model or "",
            "content": content,
            "stop_reason": stop,
            "stop_sequence": sequence,
            **_UNSAID,
            "usage": usage_body(usage) | _UNSAID_OF_USAGE,
        }


class CountRendering(WholeOnly):
    """See Rendering: a number of tokens, the upstream's own or an estimate."""

    def __init__(self, request_id: str, created: int) -> None:
        """A count carries neither."""

    def whole(self, answer: Answer, exchange: Exchange) -> bytes:
        if answer.raw is not None and answer.api is Api.COUNT:
            return answer.raw
        estimate = 0 if exchange.signals is None else exchange.signals.input_tokens
        return _json.encode({"input_tokens": estimate, "estimated": True})


def usage_body(usage: Usage) -> dict[str, Any]:
    """Usage in Anthropic's shape, whose kinds of input are disjoint, as the end of a stream tells it."""
    return {
        "input_tokens": usage.input + usage.audio_input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached_input,
        "output_tokens": usage.total_output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning} if usage.reasoning else None,
        "server_tool_use": None,
    }


def _written(said: dict[str, Any]) -> bytes:
    return event(_json.encode(said), said["type"])


def _stop_reason(finish: str, called: bool, refused: bool, sequence: str | None) -> str:
    """Servers that say `stop` of a turn that asks for tools are meant, too."""
    if refused:
        return "refusal"
    if sequence is not None:
        return "stop_sequence"
    return "tool_use" if called and finish == "stop" else _STOPS.get(finish, "end_turn")


def _sequence(said: Delta | Answer, exchange: Exchange) -> str | None:
    """The caller's stop sequence that ended it, where the upstream says so."""
    own = exchange.request.fields.get("stop") if exchange.request else None
    if own is None or said.raw is None or said.api is not Api.CHAT:
        return None
    try:
        choices = _chunk.decode(said.raw).choices
    except msgspec.DecodeError:
        return None
    told: Iterable[Any] = (
        each for choice in choices[:1] for each in (choice.stop_reason, choice.matched_stop)
    )
    known = msgspec.json.decode(own)
    return next((word for word in told if isinstance(word, str) and word in known), None)


def _content(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.reasoning or answer.signature:
        blocks.append({"type": "thinking", "thinking": answer.reasoning, "signature": answer.signature})
    blocks += [text_block(text) for text in (answer.text, answer.refusal) if text]
    return blocks + [tool_use(call.id, call.name, _input(call.arguments)) for call in answer.tool_calls]


def _input(arguments: str) -> dict[str, Any]:
    """The arguments as an object; what is none, since it was cut or is no JSON, stays as it is said."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"unparsed": arguments}
