"""What Anthropic's Messages API answers: its events and its whole messages."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.anthropic.wire import Block, Event, Message, decoded, event_of, finish_of, usage_of
from gateway.backends.decoding import UNREADABLE
from gateway.backends.speech import Announced, NotJson
from gateway.types import Answer, Api, Delta, ToolCall, ToolCallDelta, Usage

_EMPTY = (b"", b"{}", b"null")


class Reader:
    """Reads one stream's events; `finished` once it has said why it stopped.

    `relays`: the caller speaks this API, and gets the events as they are. What is in none of them that the
    gateway knows is other content for such a caller, and nothing for any other.
    """

    __slots__ = ("_calls", "_relays", "_start", "finished")

    def __init__(self, relays: bool) -> None:
        self._relays = relays
        self._calls: dict[int, _Call] = {}  # by the index of their block
        self._start = Message()
        self.finished = False

    def delta(self, data: bytes) -> Delta:
        """The event as a Delta; its usage comes with its end, once it is whole.

        Raises NotJson or Announced.
        """
        event = event_of(data)
        raw = data if self._relays else None
        match event.type:
            case "content_block_delta":
                return self._piece(event, raw)
            case "content_block_start":
                return self._begun(event, raw)
            case "content_block_stop":
                return self._ended(event, raw)
            case "message_delta":
                return self._stopped(event, raw)
            case "message_start":
                self._start = event.message or self._start
            case "error":
                raise Announced(event.said_error)
            case "ping" | "message_stop":
                pass
            case _:
                return self._delta(event, raw, other=self._relays)
        return self._delta(event, raw)

    def _delta(self, event: Event, raw: bytes | None, **said: Any) -> Delta:
        return Delta(raw=raw, api=Api.MESSAGES, event=event.type, **said)

    def _piece(self, event: Event, raw: bytes | None) -> Delta:
        piece = event.delta
        if piece is None:
            return self._delta(event, raw, other=self._relays)
        match piece.type:
            case "text_delta":
                return Delta(piece.text or "", raw=raw, api=Api.MESSAGES, event=event.type)
            case "thinking_delta":
                return self._thought(event, raw, piece.thinking or "")
            case "signature_delta":
                return self._delta(event, raw, signature=piece.signature or "")
            case "input_json_delta" if event.index in self._calls:
                call, more = self._calls[event.index], piece.partial_json or ""
                call.said = call.said or bool(more)
                calls = (ToolCallDelta(call.place, arguments=more),) if more else ()
                return self._delta(event, raw, tool_calls=calls)
        return self._delta(event, raw, other=self._relays)

    def _thought(self, event: Event, raw: bytes | None, text: str) -> Delta:
        return self._delta(event, raw, reasoning=text, other=bool(text))

    def _begun(self, event: Event, raw: bytes | None) -> Delta:
        """A block begins: a call of a tool says its name, others mostly nothing yet."""
        block = event.content_block or Block()
        match block.type:
            case "text":
                return self._delta(event, raw, text=block.text or "")
            case "thinking":
                said = block.thinking or ""
                seal = block.signature or ""
                return self._delta(event, raw, reasoning=said, signature=seal, other=bool(said), thinks=True)
            case "redacted_thinking":
                return self._delta(event, raw, other=self._relays, thinks=True)
            case "tool_use":
                call = self._calls[event.index] = _Call(len(self._calls), bytes(block.input))
                return self._delta(event, raw, tool_calls=(ToolCallDelta(call.place, block.id, block.name),))
        return self._delta(event, raw, other=self._relays)

    def _ended(self, event: Event, raw: bytes | None) -> Delta:
        """A block ends. A call without fragments was called with what its beginning said, or with nothing."""
        call = self._calls.get(event.index)
        if call is None or call.said:
            return self._delta(event, raw)
        call.said = True
        whole = "{}" if call.input in _EMPTY else call.input.decode()
        return self._delta(event, raw, tool_calls=(ToolCallDelta(call.place, arguments=whole),))

    def _stopped(self, event: Event, raw: bytes | None) -> Delta:
        piece = event.delta
        usage = usage_of(self._start.usage, event.usage)
        if self.finished or piece is None or piece.stop_reason is None:
            return self._delta(event, raw, usage=usage)
        self.finished = True
        refusal = piece.refusal
        return self._delta(
            event, raw, finish=finish_of(piece.stop_reason), usage=usage, refusal=refusal, other=bool(refusal)
        )


class _Call:
    """A call of a tool that is being said: its place among the calls; `said` once there were arguments."""

    __slots__ = ("input", "place", "said")

    def __init__(self, place: int, given: bytes) -> None:
        self.place, self.input, self.said = place, given, False


def answer(body: bytes, relays: bool) -> Answer:
    """A whole message. Raises NotJson or Announced."""
    message = decoded(body)
    if message.content is None:
        raise NotJson("it has no content")
    thoughts = [block for block in message.content if block.type == "thinking"]
    return Answer(
        "".join(block.text or "" for block in message.content if block.type == "text"),
        tuple(_called(block) for block in message.content if block.type == "tool_use"),
        finish_of(message.stop_reason or "end_turn"),
        usage_of(message.usage, None),
        body if relays else None,
        reasoning="".join(block.thinking or "" for block in thoughts),
        refusal=message.refusal,
        signature=(thoughts[0].signature or "") if len(thoughts) == 1 else "",
        api=Api.MESSAGES,
    )


def _called(block: Block) -> ToolCall:
    given = bytes(block.input)
    return ToolCall(block.id, block.name, "{}" if given in _EMPTY else given.decode())


class _Count(msgspec.Struct):
    input_tokens: int


_count = msgspec.json.Decoder(_Count)


def counted(body: bytes) -> Answer:
    """A count of tokens, which says nothing and costs nothing. Raises NotJson."""
    try:
        _count.decode(body)
    except UNREADABLE as error:
        raise NotJson("it is not a count") from error
    return Answer(usage=Usage(), raw=body, api=Api.COUNT)
