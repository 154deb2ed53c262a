"""Values back into the events of OpenAI's Responses API, and their numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from msgspec import structs

from gateway.masks import Mask
from gateway.strategies.unmasking.channels import Channels, Rest, retold
from gateway.strategies.unmasking.words import Json, Words, encode, read, written
from gateway.types import Delta

_DELTA: Final = ".delta"
_DONE: Final = ".done"
_PLACES: Final = ("output_index", "content_index", "summary_index")
# What ends more than one kind of text: all that is said where it is.
_PARTS: Final = frozenset(
    f"response.{part}.done" for part in ("output_item", "content_part", "reasoning_summary_part")
)
_ENDS: Final = frozenset(f"response.{end}" for end in ("completed", "incomplete", "failed", "cancelled"))
_TEXT: Final = "response.output_text.delta"
_ARGUMENTS: Final = "arguments.delta"  # JSON, as the end of its events' name
_CITED: Final = "response.output_text.annotation.added"
_NUMBER: Final = "sequence_number"
# Of a piece, and not of the piece that says the rest of it.
_ITS_OWN: Final = frozenset({_NUMBER, "obfuscation"})


@dataclass(frozen=True, slots=True)
class _Place:
    type: str
    indices: tuple[Any, ...]  # as _PLACES names them


class ResponsesEvents:
    """One stream's events, in their order; each has the number after the one before it."""

    def __init__(self, mask: Mask, as_json: bool) -> None:
        self._words = Words(mask, as_json)
        self._channels = Channels[_Place](mask)
        self._texts: dict[tuple[Any, ...], list[str]] = {}  # as the model said them, by their indices
        self._added = 0  # events
        self._next: int | None = None  # the number of an event that comes now

    def said(self, delta: Delta, raw: bytes) -> list[Delta]:
        """The event that `raw` is, behind whatever has to be said before it."""
        event = read(raw)
        kind = str(event.get("type"))
        number = event.get(_NUMBER)
        self._next = number + self._added if isinstance(number, int) else self._next
        if kind.endswith(_DELTA) and isinstance(event.get("delta"), str):
            return [self._piece(event, kind, delta, raw)]
        before = self._rest(partial(_closes, event, kind))
        return [*before, self._whole(event, kind, delta, raw)]

    def rest(self) -> list[Delta]:
        """What never ended."""
        return self._rest(lambda place: True)

    def _rest(self, closes: Callable[[_Place], bool]) -> list[Delta]:
        return [self._inserted(rest) for rest in self._channels.close(closes)]

    def _inserted(self, rest: Rest) -> Delta:
        event = rest.event
        if self._next is not None:
            event = {**event, _NUMBER: self._next}
            self._next, self._added = self._next + 1, self._added + 1
        return structs.replace(rest.delta, raw=encode(event))

    def _piece(self, event: Json, kind: str, delta: Delta, raw: bytes) -> Delta:
        place = _Place(kind, _indices(event))
        if kind == _TEXT:
            self._texts.setdefault(place.indices, []).append(event["delta"])
        as_json = kind.endswith(_ARGUMENTS) or (kind == _TEXT and self._words.as_json)
        about = self._words.back({**event, "delta": None})
        said = self._channels.feed(place, event["delta"], as_json, delta, partial(_piece_event, about))
        told = {**about, "delta": said}
        return structs.replace(retold(delta, said), raw=self._numbered(event, told, raw))

    def _whole(self, event: Json, kind: str, delta: Delta, raw: bytes) -> Delta:
        told = self._words.back(event)
        if kind == _CITED:
            text = "".join(self._texts.get(_indices(event), ()))
            told["annotation"] = self._words.moved(told.get("annotation"), text)
        return structs.replace(self._words.delta(delta), raw=self._numbered(event, told, raw))

    def _numbered(self, event: Json, told: Json, raw: bytes) -> bytes:
        if isinstance(event.get(_NUMBER), int) and self._next is not None:
            told[_NUMBER], self._next = self._next, self._next + 1
        return written(event, told, raw)


def _indices(event: Json) -> tuple[Any, ...]:
    return tuple(index if isinstance(index := event.get(name), int) else None for name in _PLACES)


def _closes(event: Json, kind: str, place: _Place) -> bool:
    """Whether the event ends what is said at the place."""
    if kind in _ENDS:
        return True
    ended = kind.endswith(_DONE) and kind.removesuffix(_DONE) == place.type.removesuffix(_DELTA)
    if not ended and kind not in _PARTS:
        return False
    pairs = zip(_indices(event), place.indices, strict=True)
    return all(its is None or its == own for its, own in pairs)


def _piece_event(like: Json, text: str) -> Json:
    """An event as one before it, which says this text."""
    kept = {name: value for name, value in like.items() if name not in _ITS_OWN}
    empty: Json = {"logprobs": []} if "logprobs" in kept else {}
    return {**kept, **empty, "delta": text}
