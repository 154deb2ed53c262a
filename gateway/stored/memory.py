"""Keeps responses in the memory of the process, bounded in bytes, in number and in time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import msgspec

from gateway.labels import Cleared
from gateway.types import KeptResponse

MOST: Final = 50_000  # responses
MOST_BYTES: Final = 128 * 1024 * 1024  # of JSON, all responses together
SWEEP_SECONDS: Final = 60.0  # between looks for what is over
LONGEST: Final = 7 * 24 * 3600.0  # seconds, whatever a policy says
_SHARE: Final = 4  # of all bytes, one conversation may take a part of so many
_OVERHEAD: Final = 1024  # bytes of a response beside its JSON


class _Item(msgspec.Struct):
    id: str = ""


_item = msgspec.json.Decoder(_Item)


@dataclass(slots=True)
class _Own:
    """One caller's responses, the oldest first, with the bytes that they take."""

    kept: OrderedDict[str, tuple[float, KeptResponse]] = field(default_factory=OrderedDict)
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
        kept = response.value
        self.forget(kept.caller, kept.id)
        if (
            _size(kept.body, *(item for turn in kept.turns for item in turn.items))
            > self._most_bytes // _SHARE
        ):
            return
        self._put(self._callers.setdefault(kept.caller, _Own()), kept)
        while self._count > self._most or self._size > self._most_bytes:
            largest = max(self._callers, key=lambda name: self._callers[name].size)
            self._drop(largest, next(iter(self._callers[largest].kept)))

    def response(self, caller: str, id_: str) -> KeptResponse | None:
        own = self._callers.get(caller)
        kept = None if own is None else own.kept.get(id_)
        return None if kept is None or self._clock() > kept[0] else kept[1]

    def holding(self, caller: str, item: str) -> KeptResponse | None:
        own = self._callers.get(caller)
        return None if own is None else self.response(caller, own.items.get(item, ""))

    def forget(self, caller: str, id_: str) -> bool:
        known = self.response(caller, id_) is not None
        own = self._callers.get(caller)
        if own is not None and id_ in own.kept:
            self._drop(caller, id_)
        return known

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
            if now > kept[0]
        ]
        for caller, id_ in over:
            self._drop(caller, id_)

    def _put(self, own: _Own, kept: KeptResponse) -> None:
        own.kept[kept.id] = (self._clock() + min(kept.keep, LONGEST), kept)
        size = _size(kept.body)
        for turn in kept.turns:
            holders = own.holders.get(id(turn), 0)
            own.holders[id(turn)] = holders + 1
            size += 0 if holders else _size(*turn.items)
        for item in kept.turns[-1].items:
            own.items[_id(item)] = kept.id
        own.size += size
        self._size += size
        self._count += 1

    def _drop(self, caller: str, id_: str) -> None:
        own = self._callers[caller]
        _, kept = own.kept.pop(id_)
        size = _size(kept.body)
        for turn in kept.turns:
            own.holders[id(turn)] -= 1
            if not own.holders[id(turn)]:
                del own.holders[id(turn)]
                size += _size(*turn.items)
        for item in map(_id, kept.turns[-1].items):
            if own.items.get(item) == id_:
                del own.items[item]
        own.size -= size
        self._size -= size
        self._count -= 1
        if not own.kept:
            del self._callers[caller]


def _size(*parts: bytes) -> int:
    return _OVERHEAD + sum(map(len, parts))


def _id(item: bytes) -> str:
    return _item.decode(item).id
