"""What one message of a Messages body says, and the messages of chat completions that say it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from gateway.api.loose import Loose
from gateway.api.opaque import is_opaque
from gateway.types import Message, ToolCall

_LONGEST_NAMED: Final = 64  # characters of a caller's word in an error
_json = msgspec.json.Encoder()
Part = dict[str, Any]


@dataclass(slots=True)
class Said:
    """Taken up block by block.

    `only` is what chat completions have no words for. `plain`: it is text, calls and reasoning alone, as an
    answer of the gateway's is that comes back.
    """

    loose: Loose
    texts: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    shown: list[Part] = field(default_factory=list)  # files in the results of tools
    results: list[Message] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    signed: bool = False  # the reasoning is of an upstream that alone can use it
    vision: bool = False
    unreadable: bool = False
    plain: bool = True
    only: str = ""

    def say(self, text: str) -> None:
        self.texts.append(text)
        self.parts.append({"type": "text", "text": text})
        self.unreadable = self.unreadable or is_opaque(text)

    def show(self, part: Part) -> None:
        """A file, as chat completions have it."""
        self.hide()
        self.parts.append(part)
        self.vision = self.vision or part["type"] == "image_url"

    def hide(self) -> None:
        """Something that cannot be read."""
        self.unreadable, self.plain = True, False

    def lacks(self, what: str, named: object = None) -> None:
        """`what` is beyond chat completions; `named` is the caller's word for it."""
        self.plain = False
        self.only = self.only or beyond(what, named)

    def result(self, call: str, inner: Said, failed: bool) -> None:
        """The result of a tool, which `inner` says; its files have no place there."""
        files = [part for part in inner.parts if part["type"] != "text"]
        text = "\n".join(inner.texts) or ("The result is in the next message." if files else "")
        text = f"Error: {text}" if failed else text
        raw = _json.encode({"role": "tool", "tool_call_id": call, "content": text})
        self.results.append(
            Message("tool", text, raw, trusted=False, unreadable=inner.unreadable, tool_call_id=call)
        )
        self.results += inner.results
        self.shown += [*files, *inner.shown]
        self.vision, self.only = self.vision or inner.vision, self.only or inner.only
        if inner.results or inner.calls or inner.thoughts:
            self.lacks("a call of a tool, its result, or reasoning, in the result of a tool,")

    def messages(self, role: str) -> list[Message]:
        """At least one."""
        return [*self.results, self._answer()] if role == "assistant" else self._question(role)

    def _question(self, role: str) -> list[Message]:
        """The results of tools, then what the user says."""
        if self.calls or self.thoughts:
            self.lacks(f"a call of a tool, or reasoning, in a message whose role is {role},")
        parts, unreadable = [*self.shown, *self.parts], self.unreadable or self.loose.unreadable
        if self.results and not parts:
            return [replace(result, unreadable=result.unreadable or unreadable) for result in self.results]
        question = Message(
            role,
            "\n".join(self.texts),
            _json.encode({"role": role, "content": _content(parts)}),
            trusted=not self.shown,
            unreadable=unreadable or bool(self.shown),
            needs=frozenset({"vision"} if self.vision else ()),
        )
        return [*self.results, question]

    def _answer(self) -> Message:
        """Reasoning goes back where it came without a seal: those upstreams ask for it in a loop of tools."""
        text, thoughts = "".join(self.texts), "".join(self.thoughts)
        raw: dict[str, Any] = {"role": "assistant", "content": text or (None if self.calls else "")}
        if thoughts and not self.signed:
            raw["reasoning_content"] = thoughts
        if self.calls:
            raw["tool_calls"] = [_call(call) for call in self.calls]
        if self.results or len(self.parts) > len(self.texts):
            self.lacks("a file, or the result of a tool, among the assistant's words")
        return Message(
            "assistant",
            text,
            _json.encode(raw),
            trusted=self.plain,
            unreadable=self.unreadable or self.loose.unreadable,
            tool_calls=tuple(self.calls),
            reasoning=(thoughts,) if thoughts else (),
        )


def beyond(what: str, named: object = None) -> str:
    """The clause for `ChatRequest.only`."""
    word = "" if named is None else f" '{str(named)[:_LONGEST_NAMED]}'"
    return f"{what}{word} exists only in the Messages API"


def _content(parts: Sequence[Part]) -> str | list[Part]:
    """One text as what every server takes; several stay several."""
    if len(parts) > 1 or (parts and parts[0]["type"] != "text"):
        return list(parts)
    return str(parts[0]["text"]) if parts else ""


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
