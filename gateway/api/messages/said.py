"""What one message of a Messages body says, and the messages of chat completions that say it too."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import msgspec

from gateway.api.content import Content, Part, body_of, called
from gateway.types import Api, Message, ToolCall

_json = msgspec.json.Encoder()


@dataclass(slots=True)
class Said(Content):
    """One message, taken up block by block."""

    api: ClassVar[Api] = Api.MESSAGES
    shown: list[Part] = field(default_factory=list)  # files in the results of tools
    results: list[Message] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    signed: bool = False  # the reasoning is of an upstream that alone can use it

    def result(self, call: str, inner: Said, failed: bool) -> None:
        """The result of a tool, which `inner` says; its files have no place there."""
        files = [part for part in inner.parts if part["type"] != "text"]
        text = "\n".join(inner.texts) or ("The result is in the next message." if files else "")
        text = f"Error: {text}" if failed else text
        raw = _json.encode({"role": "tool", "tool_call_id": call, "content": text})
        self.results.append(
            Message("tool", text, raw, trusted=False, unreadable=inner.hidden, tool_call_id=call)
        )
        self.results += inner.results
        self.shown += [*files, *inner.shown]
        self.needs |= inner.needs
        self.only = self.only or inner.only
        if inner.results or inner.calls or inner.thoughts:
            self.lacks("a call of a tool, its result, or reasoning, in the result of a tool,")

    def messages(self, role: str) -> list[Message]:
        """At least one."""
        return [*self.results, self._answer()] if role == "assistant" else self._question(role)

    def _question(self, role: str) -> list[Message]:
        """The results of tools, then what the user says."""
        if self.calls or self.thoughts:
            self.lacks(f"a call of a tool, or reasoning, in a message whose role is {role},")
        parts, unreadable = [*self.shown, *self.parts], self.unreadable
        if self.results and not parts:
            return [replace(result, unreadable=result.unreadable or unreadable) for result in self.results]
        question = Message(
            role,
            "\n".join(self.texts),
            _json.encode({"role": role, "content": body_of(parts)}),
            trusted=not self.shown,
            unreadable=unreadable or bool(self.shown),
            needs=frozenset(self.needs),
        )
        return [*self.results, question]

    def _answer(self) -> Message:
        """Reasoning goes back where it came without a seal: those upstreams ask for it in a loop of tools."""
        text, thoughts = "".join(self.texts), "".join(self.thoughts)
        raw: dict[str, Any] = {"role": "assistant", "content": text or (None if self.calls else "")}
        if thoughts and not self.signed:
            raw["reasoning_content"] = thoughts
        if self.calls:
            raw["tool_calls"] = called(self.calls)
        if self.results or len(self.parts) > len(self.texts):
            self.lacks("a file, or the result of a tool, among the assistant's words")
        return Message(
            "assistant",
            text,
            _json.encode(raw),
            trusted=self.plain,
            unreadable=self.unreadable,
            tool_calls=tuple(self.calls),
            reasoning=(thoughts,) if thoughts else (),
        )
