"""Digests of conversations: no text is kept, and a digest says nothing without its key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from gateway.types import Message, ToolCall

DIGESTED: Final = frozenset({"user", "assistant"})  # the roles whose words make a conversation


class Talk:
    """A digest of a conversation that grows turn by turn; of one that has a name, the name and the turn."""

    def __init__(self, key: bytes, name: bytes | None) -> None:
        self._named = name is not None
        self._state = blake2b(name or b"", digest_size=16, key=key)

    def goes_on(self, role: str, text: str, calls: Sequence[ToolCall]) -> bytes:
        """The digest of the conversation up to this turn, which is part of it from now on."""
        if self._named:
            return self.once_said(role, text, calls)
        self._state.update(_turn(role, text, calls))
        return self._state.digest()

    def hear(self, role: str, text: str, calls: Sequence[ToolCall]) -> None:
        """The same, where nobody asks for the digest."""
        if not self._named:
            self._state.update(_turn(role, text, calls))

    def once_said(self, role: str, text: str, calls: Sequence[ToolCall]) -> bytes:
        """The digest that the conversation would have if this were its next turn."""
        state = self._state.copy()
        state.update(_turn(role, text, calls))
        return state.digest()


def _turn(role: str, text: str, calls: Sequence[ToolCall]) -> bytes:
    said = f"\0{role} {len(calls)} {_framed(_plain(text))}"
    for call in calls:
        parts = call.id, call.name, _canonical(call.arguments)
        said += "\0" + " ".join(map(_framed, parts))
    return _bytes(said)


def thought(digest: bytes, reasoning: Iterable[str]) -> Iterator[bytes]:
    """The digests of an answer's reasoning, which a caller may send back or leave out."""
    for text in reasoning:
        yield digest_of(_plain(text), digest)


def digest_of(text: str, key: bytes) -> bytes:
    return blake2b(_bytes(text), digest_size=16, key=key).digest()


def length(message: Message) -> int:
    """Characters of what a digest is made of."""
    if message.role not in DIGESTED:
        return 0
    if not message.tool_calls and not message.reasoning:
        return len(message.text)
    return sum(map(len, (message.text, *message.reasoning, *(c.arguments for c in message.tool_calls))))


def _plain(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def _framed(text: str) -> str:
    """With its length, so that no text can stand for a text and what follows it."""
    return f"{len(text)} {text}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _canonical(arguments: str) -> str:
    """The same for JSON that is the same: many clients parse a call's arguments and write them anew."""
    try:
        return msgspec.json.encode(msgspec.json.decode(arguments), order="sorted").decode()
    except (msgspec.DecodeError, RecursionError):
        return arguments
