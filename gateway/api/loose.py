"""Strings beside what a model reads as a message's text: they can carry a secret too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.api.members import Members
from gateway.api.opaque import is_base64, is_opaque, is_sealed
from gateway.api.outline import Room, outline
from gateway.masks import named, number_text

# Names that say nothing; any other is read as text, since a name can carry a secret too.
_NAMES = frozenset(
    (
        *("temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens", "presence_penalty"),
        *("frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "seed", "stream", "stream_options"),
        *("tools", "tool_choice", "parallel_tool_calls", "response_format", "metadata", "user", "store"),
        *("name", "tool_calls", "tool_call_id", "refusal", "audio", "type", "text", "image_url"),
    )
)
# From nine digits on a number may be a card's or a person's; even an account's has 34 at most.
_LONG_NUMBER, _TOO_LONG_FRACTION = 10**8, 10**40
_FILES = frozenset({"data", "file_data", "image_url", "url"})  # members that hold a file's bytes
_NUMBERS = (int, float)
_any = msgspec.json.Decoder()


@dataclass(slots=True)
class Loose:
    """Strings beside what a model reads as a message's text, and whether something there is no text.

    `sealed` are those that are base64 from end to end: they say nothing, and look like anything, but for what
    has a shape, as plain keys, cards and accounts do, which are of that alphabet too.
    """

    room: Room
    texts: list[str] = field(default_factory=list)
    sealed: list[str] = field(default_factory=list)
    unreadable: bool = False

    def add(self, text: str, name: str = "") -> None:
        """A string in a member of this name; in the bytes of a file nothing is looked for."""
        if is_opaque(text):
            self.unreadable = True
            if is_base64(text):
                self.sealed += () if name in _FILES else (text,)
                return
        self.texts.append(text)

    def seal(self, value: object) -> bool:
        """Whether a value may be what an upstream encrypted; it is taken up as that then."""
        if not isinstance(value, str) or not is_sealed(value):
            return False
        self.sealed.append(value)
        return True

    def take(self, other: Loose) -> None:
        """The strings of another; what could not be read there is told of what it stands beside."""
        self.texts += other.texts
        self.sealed += other.sealed


def beside(members: Members, read: frozenset[str], loose: Loose) -> None:
    """Whatever could carry text, names and long numbers included, but for members that are read elsewhere."""
    for name, value in members.items():
        if name in read:
            continue
        if name not in _NAMES:
            loose.add(named(name, value))
        if value is None or (isinstance(value, _NUMBERS) and abs(value) < _LONG_NUMBER):
            continue  # no text, nor are true and false
        for own, text in _walk(name, value, loose.room):
            loose.add(text, own)


def _walk(name: str, value: Any, room: Room) -> Iterator[tuple[str, str]]:
    """Each text, with the name of the member that it is in."""
    stack = [(name, value)]
    while stack:
        name, item = stack.pop()
        if isinstance(item, str):
            yield name, item
            if name == "arguments":
                yield from _arguments(item, room)
        elif isinstance(item, dict):
            yield from (("", named(own, each)) for own, each in item.items())
            stack.extend(item.items())
        elif isinstance(item, list):
            stack += [(name, each) for each in item if each]
        elif isinstance(item, _NUMBERS) and _is_long(item):
            yield "", number_text(item)


def _is_long(number: float) -> bool:
    """A fraction is of no more digits than that, however far its point is away."""
    return abs(number) >= _LONG_NUMBER and (isinstance(number, int) or abs(number) < _TOO_LONG_FRACTION)


def _arguments(text: str, room: Room) -> Iterator[tuple[str, str]]:
    """The strings in a call's arguments, which are JSON in a string: escapes must not hide what they say."""
    room.take(outline(text.encode("utf-8", "replace")).values)
    try:
        value = _any.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return
    if not isinstance(value, str):
        yield from _walk("", value, room)
