"""What the readers of upstreams' JSON share: counts of tokens, events by their names, and many choices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeVar

import msgspec

from gateway.backends.speech import NotJson

MOST_COUNTED: Final = 2**53  # tokens that a server may say it used: what any reader of JSON keeps exact
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # raised where JSON is decoded
E = TypeVar("E")


def count_of(said: float | None) -> int:
    """A number of tokens that can be added up and stored, whatever the server says."""
    return int(min(max(said or 0, 0), MOST_COUNTED))


class _Named(msgspec.Struct):
    type: str


_named: Final = msgspec.json.Decoder(_Named)


def event_by(decoder: msgspec.json.Decoder[E], bare: Callable[[str], E], data: bytes) -> E:
    """An event; one with members of other types than `decoder` knows is made by `bare` of its name alone.

    Raises:
        NotJson: it is no JSON, or has no name.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        pass
    except UNREADABLE as error:
        raise NotJson("it is not JSON") from error
    try:
        return bare(_named.decode(data).type)
    except UNREADABLE as error:
        raise NotJson("it is not an event of this API") from error


class _Choice(Protocol):
    index: int | None
    finish_reason: str | None


class Choices:
    """The ends of a stream's choices: `finished` once each of so many has its finish_reason."""

    __slots__ = ("_choices", "_finish", "_seen", "finished")

    def __init__(self, choices: int = 1) -> None:
        self._choices = max(choices, 1)
        self._seen: set[int] = set()
        self._finish: str | None = None  # of the first choice
        self.finished = False

    def _finishes(self, choices: Iterable[_Choice]) -> str | None:
        """The first choice's reason, once the last of them has one; None before that and after it."""
        for choice in choices:
            if choice.finish_reason:
                self._seen.add(choice.index or 0)
                if not choice.index or self._finish is None:
                    self._finish = choice.finish_reason
        if self.finished or len(self._seen) < self._choices:
            return None
        self.finished = True
        return self._finish
