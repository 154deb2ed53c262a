"""Puts masked values back into the reply, as the last thing before it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from gateway.interfaces import Emit
from gateway.masks import Mask, Restoring
from gateway.types import Answer, Delta, Event, ToolCallDelta

_NOT_SAID = frozenset({"role", "id", "type", "name", "object"})
_json = msgspec.json.Encoder()
Channel = tuple[int, str, int]  # choice, member (or "arguments"), index of the tool call


class Unmasking:
    """Wraps the caller's `emit`: what goes in says placeholders, what comes out says the values.

    `as_json`: the answer's text is JSON, so that values are escaped in it.
    """

    def __init__(self, mask: Mask, as_json: bool, emit: Emit) -> None:
        self._mask, self._as_json, self._emit = mask, as_json, emit
        self._channels: dict[Channel, Restoring] = {}

    async def emit(self, event: Event) -> None:
        if isinstance(event, Answer):
            event = self._answer(event)
        elif isinstance(event, Delta):
            event = self._delta(event) if event.raw is None else self._chunk(event, event.raw)
        await self._emit(event)

    async def finish(self) -> None:
        """Whatever is held back still, where the stream had no finish."""
        text = "".join(self._rest((0, "content", 0)))
        if text:
            await self._emit(Delta(text=text))

    # Whole answers

    def _answer(self, answer: Answer) -> Answer:
        calls = tuple(replace(c, arguments=self._mask.restore(c.arguments, True)) for c in answer.tool_calls)
        restored = replace(answer, text=self._mask.restore(answer.text, self._as_json), tool_calls=calls)
        if answer.raw is None:
            return restored
        body = msgspec.json.decode(answer.raw)
        body["choices"] = self._mask.restored(body["choices"], self._as_json)
        return replace(restored, raw=_json.encode(body))

    # Streams

    def _delta(self, delta: Delta) -> Delta:
        """A delta that the gateway made itself."""
        text = self._fed((0, "content", 0), delta.text)
        calls = [
            replace(c, arguments=self._fed((0, "arguments", c.index), c.arguments)) for c in delta.tool_calls
        ]
        if delta.finish:
            text += "".join(self._rest((0, "content", 0)))
            for channel in [c for c in self._channels if c[1] == "arguments"]:
                calls += [ToolCallDelta(channel[2], arguments=rest) for rest in self._rest(channel)]
        return replace(delta, text=text, tool_calls=tuple(calls))

    def _chunk(self, delta: Delta, raw: bytes) -> Delta:
        """A chunk of an upstream's; its choices each have channels of their own."""
        body = msgspec.json.decode(raw)
        first: dict[str, Any] = {}
        for choice in body.get("choices") or []:
            said, index = choice.get("delta"), choice.get("index", 0)
            if isinstance(said, dict):
                self._say(index, said, choice.get("finish_reason") is not None)
                first = first if index else said
        return replace(delta, text=_text(first), tool_calls=_calls(first), raw=_json.encode(body))

    def _say(self, choice: int, said: dict[str, Any], last: bool) -> None:
        for name, text in said.items():
            if isinstance(text, str) and name not in _NOT_SAID:
                said[name] = self._fed((choice, name, 0), text)
            elif name != "tool_calls":
                said[name] = self._mask.restored(text, self._as_json)
        for call in said.get("tool_calls") or []:
            function = call.get("function") or {}
            if isinstance(function.get("arguments"), str):
                function["arguments"] = self._fed(
                    (choice, "arguments", call.get("index", 0)), function["arguments"]
                )
        if last:
            self._end(choice, said)

    def _end(self, choice: int, said: dict[str, Any]) -> None:
        """The last chunk of a choice also says what was held back."""
        for channel in [c for c in self._channels if c[0] == choice]:
            for rest in self._rest(channel):
                if channel[1] == "arguments":
                    call = {"index": channel[2], "function": {"arguments": rest}}
                    said["tool_calls"] = [*(said.get("tool_calls") or []), call]
                else:
                    said[channel[1]] = (said.get(channel[1]) or "") + rest

    def _fed(self, channel: Channel, text: str) -> str:
        if channel not in self._channels:
            self._channels[channel] = Restoring(self._mask, self._as_json or channel[1] == "arguments")
        return self._channels[channel].feed(text)

    def _rest(self, channel: Channel) -> Iterator[str]:
        held = self._channels[channel].rest() if channel in self._channels else ""
        if held:
            yield held


def _text(said: Mapping[str, Any]) -> str:
    text = said.get("content")
    return text if isinstance(text, str) else ""


def _calls(said: Mapping[str, Any]) -> tuple[ToolCallDelta, ...]:
    calls = enumerate(said.get("tool_calls") or [])
    functions = ((at, call, call.get("function") or {}) for at, call in calls)
    return tuple(
        ToolCallDelta(
            call.get("index", at), call.get("id") or "", f.get("name") or "", f.get("arguments") or ""
        )
        for at, call, f in functions
    )
