"""The texts that a stream says in pieces: each is a channel, in which a placeholder may come cut."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import structs

from gateway.masks import Mask, Restoring
from gateway.types import Delta

Place = TypeVar("Place", bound=Hashable)
Write = Callable[[str], dict[str, Any]]
"""An event of a channel's kind that says this text."""


@dataclass(slots=True)
class _Channel:
    restoring: Restoring
    delta: Delta
    write: Write


@dataclass(frozen=True, slots=True)
class Rest:
    """What a channel held back and turned out to be no placeholder; `delta` has no JSON yet."""

    event: dict[str, Any]
    delta: Delta


class Channels(Generic[Place]):
    """The channels of one stream, by their places in it, until they close."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._open: dict[Place, _Channel] = {}

    def feed(self, place: Place, text: str, as_json: bool, delta: Delta, write: Write) -> str:
        """What of the text can be said now; `delta` and `write` tell how the rest is said in the end."""
        channel = self._open.get(place)
        if channel is None:
            channel = self._open[place] = _Channel(Restoring(self._mask, as_json), delta, write)
        if text:
            channel.delta, channel.write = delta, write
        return channel.restoring.feed(text)

    def close(self, closes: Callable[[Place], bool]) -> Iterator[Rest]:
        """What the channels held back that end here."""
        for place in [place for place in self._open if closes(place)]:
            channel = self._open.pop(place)
            rest = channel.restoring.rest()
            if rest:
                yield Rest(channel.write(rest), retold(channel.delta, rest))


def retold(delta: Delta, said: str) -> Delta:
    """A piece of one text, whichever of a delta's fields that is, which says `said` instead."""
    return structs.replace(
        delta,
        text=said if delta.text else "",
        reasoning=said if delta.reasoning else "",
        refusal=said if delta.refusal else "",
        tool_calls=tuple(structs.replace(call, arguments=said) for call in delta.tool_calls),
    )
