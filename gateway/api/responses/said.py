"""The messages of chat completions that say what the items of a response's input say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

from gateway.api.content import Content, Part, beyond, body_of, called
from gateway.api.loose import Loose
from gateway.api.opaque import is_opaque
from gateway.types import Api, Message, ToolCall

_json = msgspec.json.Encoder()


@dataclass(slots=True)
class Spoken(Content):
    """What one message says, or the output of a tool."""

    api: ClassVar[Api] = Api.RESPONSES

    def refuse(self, text: str) -> None:
        self.texts.append(text)
        self.parts.append({"type": "refusal", "refusal": text})
        self.hidden, self.plain = self.hidden or is_opaque(text), False


@dataclass(slots=True)
class _Answer:
    """One turn of the assistant: reasoning, then text, then calls."""

    natives: list[bytes] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    whole: bool = False  # it was one message of its own
    unreadable: bool = False
    plain: bool = True

    def message(self) -> Message:
        """Reasoning goes along with calls alone: only in a loop of tools do upstreams ask for it."""
        text, thoughts = "".join(self.texts), "".join(self.thoughts)
        says_text = all(part["type"] == "text" for part in self.parts)
        content = (text or (None if self.calls else "")) if says_text else self.parts
        raw: dict[str, Any] = {"role": "assistant", "content": content}
        if thoughts and self.calls:
            raw["reasoning_content"] = thoughts
        if self.calls:
            raw["tool_calls"] = called(self.calls)
        return Message(
            "assistant",
            text,
            _json.encode(raw),
            trusted=self.plain,
            unreadable=self.unreadable,
            needs=frozenset(self.needs),
            tool_calls=tuple(self.calls),
            reasoning=(thoughts,) if thoughts else (),
            native=b",".join(self.natives),
        )


@dataclass(slots=True)
class Said:
    """The conversation, taken up item by item; `only` is what chat completions have no words for.

    An assistant's items that follow one another are one message, as they came in one answer: `native` of a
    message is the JSON of its items, a comma between them.
    """

    aside: Loose
    only: str = ""
    _messages: list[Message] = field(default_factory=list)
    _answer: _Answer | None = None

    def loose(self) -> Loose:
        """For the strings beside the texts of one item."""
        return Loose(self.aside.room)

    def messages(self) -> tuple[Message, ...]:
        self._close()
        return tuple(self._messages)

    def system(self, text: str) -> None:
        """What a member of the body says to the model before the items do."""
        raw = _json.encode({"role": "system", "content": text})
        self._messages.append(Message("system", text, raw, unreadable=is_opaque(text), native=b""))

    def message(self, role: str, content: Spoken, native: bytes, easy: bool) -> None:
        """`easy`: its content is a string, so that it is no part of an answer."""
        self._take(content)
        if role == "assistant":
            self._spoken(content, native, easy)
            return
        self._close()
        self._messages.append(
            Message(
                role,
                "\n".join(content.texts),
                _json.encode({"role": role, "content": body_of(content.parts)}),
                unreadable=content.unreadable,
                needs=frozenset(content.needs),
                native=native,
            )
        )

    def _spoken(self, content: Spoken, native: bytes, easy: bool) -> None:
        answer = self._open(native, new=easy or self._full)
        answer.texts += content.texts
        answer.parts += content.parts
        answer.needs |= content.needs
        answer.plain = answer.plain and content.plain
        answer.unreadable = answer.unreadable or content.unreadable
        answer.whole = easy

    def thought(self, texts: Sequence[str], loose: Loose, plain: bool, native: bytes) -> None:
        self._read(loose)
        answer = self._open(native, new=self._full)
        answer.thoughts += texts
        answer.plain = answer.plain and plain
        answer.unreadable = answer.unreadable or loose.unreadable

    def call(self, call: ToolCall, loose: Loose, plain: bool, native: bytes) -> None:
        self._read(loose)
        answer = self._open(native, new=False)
        answer.calls.append(call)
        answer.plain = answer.plain and plain
        answer.unreadable = answer.unreadable or loose.unreadable

    def result(self, call: str, content: Spoken, native: bytes) -> None:
        self._take(content)
        self._close()
        raw = _json.encode({"role": "tool", "tool_call_id": call, "content": body_of(content.parts)})
        self._messages.append(
            Message(
                "tool",
                "\n".join(content.texts),
                raw,
                trusted=False,
                unreadable=content.unreadable,
                needs=frozenset(content.needs),
                tool_call_id=call,
                native=native,
            )
        )

    def other(self, kind: str, loose: Loose, unreadable: bool, native: bytes) -> None:
        """An item that chat completions do not know."""
        self._read(loose)
        self._close()
        self.only = self.only or beyond(Api.RESPONSES, "an item of type", kind)
        self._messages.append(
            Message(
                "assistant",
                "",
                b'{"role":"assistant","content":""}',
                trusted=False,
                unreadable=unreadable or loose.unreadable,
                native=native,
            )
        )

    @property
    def _full(self) -> bool:
        """Whether nothing but calls can be added to the turn that is open."""
        return self._answer is not None and (self._answer.whole or bool(self._answer.calls))

    def _open(self, native: bytes, new: bool) -> _Answer:
        if new:
            self._close()
        answer = self._answer = self._answer or _Answer()
        answer.natives.append(native)
        return answer

    def _close(self) -> None:
        if self._answer is not None:
            self._messages.append(self._answer.message())
        self._answer = None

    def _take(self, content: Spoken) -> None:
        self._read(content.loose)
        self.only = self.only or content.only

    def _read(self, loose: Loose) -> None:
        self.aside.take(loose)
