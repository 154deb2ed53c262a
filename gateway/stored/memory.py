"""Keeps responses in the memory of the process, bounded in bytes, in number and in time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from gateway.labels import Cleared
from gateway.stored.items import id_of
from gateway.types import KeptResponse, Turn

MOST: Final = 50_000  # responses
MOST_BYTES: Final = 128 * 1024 * 1024  # of all responses together, about
SWEEP_SECONDS: Final = 60.0  # between looks for what is over
LONGEST: Final = 7 * 24 * 3600.0  # seconds, whatever a policy says
_SHARE: Final = 4  # of all bytes, one conversation may take a part of so many
# Bytes beside the JSON: of a response or a turn, of each item, and of each turn that a response refers to.
_OVERHEAD: Final = 1024
_ITEM: Final = 256
_REFERENCE: Final = 8


@dataclass(frozen=True, slots=True)
class _Kept:
    """A response until its time is over. `size`: bytes without its turns; `items`: ids of its output's.

    Those of an input are the caller's own words: they would name anew what was answered.
    """

    response: KeptResponse
    until: float
    size: int
    items: tuple[str, ...]


@dataclass(slots=True)
class _Own:
    """One caller's responses, the oldest first, with the bytes that they take."""

    kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    holders: dict[int, int] = field(default_factory=dict)  # how many responses hold a turn, by its identity
    items: dict[str, str] = field(default_factory=dict)  # an item's id → that of the last response with it
    size: int = 0


class Memory:
    """A ResponseStore. Turns that several responses of one conversation hold are kept once.

    Beyond the bounds, the caller that takes the most loses its oldest: nobody crowds out the others. What is
    kept is changed by the event loop's thread alone; others may look things up.
    """

    def __init__(
        self, most: int = MOST, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most, self._most_bytes, self._clock = most, most_bytes, clock
        self._callers: dict[str, _Own] = {}
        self._count = self._size = 0

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """Bytes, about."""
        return self._size

    def keep(self, response: Cleared[KeptResponse]) -> None:
        """Keeps it, unless its conversation is larger than a quarter of all that may be kept."""
        given = response.value
        kept = self._kept(given)
        self.forget(given.caller, given.id)
        if kept.size + sum(map(_size, given.turns)) > self._most_bytes // _SHARE:
            return
        self._put(self._callers.setdefault(given.caller, _Own()), kept)
        while self._count > self._most or self._size > self._most_bytes:
            largest = max(self._callers, key=lambda name: self._callers[name].size)
            self._drop(largest, next(iter(self._callers[largest].kept)))

    def response(self, caller: str, id_: str) -> KeptResponse | None:
        own = self._callers.get(caller)
        kept = None if own is None else own.kept.get(id_)
        return None if kept is None or self._clock() > kept.until else kept.response

    def holding(self, caller: str, item: str) -> KeptResponse | None:
        own = self._callers.get(caller)
        return None if own is None else self.response(caller, own.items.get(item, ""))

    def forget(self, caller: str, id_: str) -> None:
        own = self._callers.get(caller)
        if own is not None and id_ in own.kept:
            self._drop(caller, id_)

    async def sweeping(self) -> None:
        """Drops what is over, for as long as it runs."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep()

    def sweep(self) -> None:
        now = self._clock()
        over = [
            (caller, id_)
            for caller, own in self._callers.items()
            for id_, kept in own.kept.items()
            if now > kept.until
        ]
        for caller, id_ in over:
            self._drop(caller, id_)

    def _kept(self, response: KeptResponse) -> _Kept:
        """All that may fail is worked out here, before anything changes."""
        return _Kept(
            response,
            until=self._clock() + min(response.keep, LONGEST),
            size=_OVERHEAD + len(response.body) + _REFERENCE * len(response.turns),
            items=tuple(map(id_of, response.turns[-1].output)),
        )

    def _put(self, own: _Own, kept: _Kept) -> None:
        response, size = kept.response, kept.size
        own.kept[response.id] = kept
        for turn in response.turns:
            holders = own.holders.get(id(turn), 0)
            own.holders[id(turn)] = holders + 1
            size += 0 if holders else _size(turn)
        own.items.update(dict.fromkeys(kept.items, response.id))
        own.size += size
        self._size += size
        self._count += 1

    def _drop(self, caller: str, id_: str) -> None:
        own = self._callers[caller]
        kept = own.kept.pop(id_)
        size = kept.size
        for turn in kept.response.turns:
            own.holders[id(turn)] -= 1
            if not own.holders[id(turn)]:
                del own.holders[id(turn)]
                size += _size(turn)
        for item in kept.items:
            if own.items.get(item) == id_:
                del own.items[item]
        own.size -= size
        self._size -= size
        self._count -= 1
        if not own.kept:
            del self._callers[caller]


def _size(turn: Turn) -> int:
    return _OVERHEAD + sum(len(item) + _ITEM for item in turn.items)
