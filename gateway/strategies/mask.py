"""Puts masked values back into the reply, as the last thing before it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import structs

from gateway.errors import ProviderBroken
from gateway.interfaces import Emit
from gateway.masks import Mask, Restoring
from gateway.strategies.unmasking.messages import MessagesEvents
from gateway.strategies.unmasking.responses import ResponsesEvents
from gateway.strategies.unmasking.words import Words
from gateway.types import Answer, Api, Delta, Event, ToolCallDelta

_NOT_SAID = frozenset({"role", "id", "type", "name", "object"})
_IN_CHOICES = frozenset({Api.CHAT, Api.COMPLETIONS})  # what an upstream of these says is a list of choices
_EVENTS: Mapping[Api, type[MessagesEvents] | type[ResponsesEvents]] = {
    Api.MESSAGES: MessagesEvents,
    Api.RESPONSES: ResponsesEvents,
}
_BODIES = frozenset({*_EVENTS, Api.COUNT})  # what an upstream of these says is an object of many texts
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ABOUT = frozenset({"index", "finish_reason", "logprobs"})  # of a choice: what is not its words
_TEXT = ("delta", "content")
_REASONING = ("delta", "reasoning_content")
_REFUSAL = ("delta", "refusal")
_CALLS = ("delta", "tool_calls")
_json = msgspec.json.Encoder()
Path = tuple[str | int, ...]  # members by name, items of lists by their `index`, else by their place
Channel = tuple[int, Path]  # of a choice


class Unmasking:
    """Wraps the caller's `emit`: what goes in says placeholders, what comes out says the values.

    `as_json`: the answer's text is JSON, so that values are escaped in it.
    """

    def __init__(self, mask: Mask, as_json: bool, emit: Emit) -> None:
        self._mask, self._as_json, self._emit = mask, as_json, emit
        self._channels: dict[Channel, Restoring] = {}
        self._native: MessagesEvents | ResponsesEvents | None = None

    async def emit(self, event: Event) -> None:
        """Raises ProviderBroken: an upstream's JSON cannot be read, so that no value can come back."""
        if isinstance(event, Answer):
            event = self._answer(event)
        elif isinstance(event, Delta):
            if event.raw is not None and event.api in _EVENTS:
                for each in self._events(event, event.raw):
                    await self._emit(each)
                return
            chunk = event.raw if event.api in _IN_CHOICES else None
            event = self._delta(event) if chunk is None else self._chunk(event, chunk)
        await self._emit(event)

    async def finish(self) -> None:
        """Whatever is held back still, where the stream had no finish."""
        for each in self._native.rest() if self._native is not None else ():
            await self._emit(each)
        text = "".join(self._rest((0, _TEXT)))
        if text:
            await self._emit(Delta(text=text))

    # Whole answers

    def _answer(self, answer: Answer) -> Answer:
        calls = tuple(replace(c, arguments=self._mask.restore(c.arguments, True)) for c in answer.tool_calls)
        restored = replace(
            answer,
            text=self._mask.restore(answer.text, self._as_json),
            reasoning=self._mask.restore(answer.reasoning),
            refusal=self._mask.restore(answer.refusal),
            tool_calls=calls,
        )
        if answer.raw is not None and answer.api in _BODIES:
            return replace(restored, raw=self._body(answer.raw))
        if answer.raw is None or answer.api not in _IN_CHOICES:
            return replace(restored, raw=None)
        body = msgspec.json.decode(answer.raw)
        body["choices"] = self._mask.restored(body["choices"], self._as_json)
        return replace(restored, raw=_json.encode(body))

    def _body(self, body: bytes) -> bytes:
        try:
            return Words(self._mask, self._as_json).body(body)
        except _UNREADABLE as error:
            raise ProviderBroken("the model's answer cannot be read, and values are masked in it") from error

    # Streams

    def _events(self, delta: Delta, raw: bytes) -> list[Delta]:
        """An upstream's own event, with what has to be said before it."""
        if self._native is None:
            self._native = _EVENTS[delta.api](self._mask, self._as_json)
        try:
            return self._native.said(delta, raw)
        except _UNREADABLE as error:
            raise ProviderBroken("the model's stream cannot be read, and values are masked in it") from error

    def _delta(self, delta: Delta) -> Delta:
        """A delta that the gateway made itself, or that came in another shape: it is made anew."""
        text = self._fed((0, _TEXT), delta.text)
        reasoning = self._fed((0, _REASONING), delta.reasoning)
        refusal = self._fed((0, _REFUSAL), delta.refusal)
        calls = [
            structs.replace(call, arguments=self._fed((0, _arguments(call.index)), call.arguments))
            for call in delta.tool_calls
        ]
        if delta.finish:
            text += "".join(self._rest((0, _TEXT)))
            reasoning += "".join(self._rest((0, _REASONING)))
            refusal += "".join(self._rest((0, _REFUSAL)))
            for channel in (c for c in self._channels if c[1][:2] == _CALLS):
                calls += [ToolCallDelta(int(channel[1][2]), arguments=rest) for rest in self._rest(channel)]
        return structs.replace(
            delta, text=text, reasoning=reasoning, refusal=refusal, tool_calls=tuple(calls), raw=None
        )

    def _chunk(self, delta: Delta, raw: bytes) -> Delta:
        """A chunk of an upstream's; every text in its choices is a channel of its own."""
        body = msgspec.json.decode(raw)
        choices = body.get("choices")
        first: Mapping[str, Any] = {}
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                index = choice.get("index")
                at = index if isinstance(index, int) else 0
                self._say(at, choice)
                said = choice.get("delta", choice)
                first = said if not at and isinstance(said, dict) else first
        return structs.replace(
            delta,
            text=_text(first, "content") or _text(first, "text"),
            reasoning=_text(first, "reasoning_content") or _text(first, "reasoning"),
            refusal=_text(first, "refusal"),
            tool_calls=_calls(first),
            raw=_json.encode(body),
        )

    def _say(self, index: int, choice: dict[str, Any]) -> None:
        for name in choice.keys() - _ABOUT:
            choice[name] = self._said(index, (name,), choice[name])
        if choice.get("finish_reason") is not None:
            for channel in [channel for channel in self._channels if channel[0] == index]:
                for rest in self._rest(channel):
                    _append(choice, channel[1], rest)

    def _said(self, choice: int, path: Path, value: Any) -> Any:
        if isinstance(value, str):
            return value if path[-1] in _NOT_SAID else self._fed((choice, path), value)
        if isinstance(value, dict):
            return {name: self._said(choice, (*path, name), item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._said(choice, (*path, _place(item, at)), item) for at, item in enumerate(value)]
        return value

    def _fed(self, channel: Channel, text: str) -> str:
        if channel not in self._channels:
            in_json = self._as_json or channel[1][-1:] == ("arguments",)
            self._channels[channel] = Restoring(self._mask, in_json)
        return self._channels[channel].feed(text)

    def _rest(self, channel: Channel) -> Iterator[str]:
        held = self._channels[channel].rest() if channel in self._channels else ""
        if held:
            yield held


def _arguments(index: int) -> Path:
    return (*_CALLS, index, "function", "arguments")


def _place(item: Any, at: int) -> int:
    index = item.get("index") if isinstance(item, dict) else None
    return index if isinstance(index, int) else at


def _append(value: Any, path: Path, text: str) -> None:
    """Puts `text` behind the text at the path, which is made where it is not there."""
    *ways, last = path
    for name, following in zip(ways, (*ways[1:], last), strict=True):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(name, str):
            value[name] = value.get(name) or empty
            value = value[name]
        else:
            items = [item for at, item in enumerate(value) if _place(item, at) == name]
            if not items:
                items = [{"index": name}]
                value.append(items[0])
            value = items[0]
    if isinstance(last, str):
        value[last] = (value.get(last) or "") + text
    else:
        value.append(text)


def _text(said: Mapping[str, Any], name: str) -> str:
    text = said.get(name)
    return text if isinstance(text, str) else ""


def _calls(said: Mapping[str, Any]) -> tuple[ToolCallDelta, ...]:
    calls = said.get("tool_calls")
    listed = enumerate(calls if isinstance(calls, list) else ())
    return tuple(_call(call, at) for at, call in listed if isinstance(call, dict))


def _call(call: Mapping[str, Any], at: int) -> ToolCallDelta:
    function = call.get("function")
    said = function if isinstance(function, dict) else {}
    return ToolCallDelta(
        _place(call, at), call.get("id") or "", said.get("name") or "", said.get("arguments") or ""
    )
