"""A bounded queue that is fair among callers: whoever asks much waits behind its own requests."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Takes turns among those who have somebody waiting, and within each in the order of arrival."""

    __slots__ = ("_lines", "_size")

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[asyncio.Future[T]]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def join(self, who: str) -> asyncio.Future[T]:
        """A place at the end of `who`'s own line."""
        place: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(who, deque()).append(place)
        self._size += 1
        return place

    def leave(self, who: str, place: asyncio.Future[T]) -> None:
        """Gives a place up; one that was served already is none any more."""
        line = self._lines.get(who)
        if line is not None and place in line:
            line.remove(place)
            self._size -= 1
            if not line:
                del self._lines[who]

    def next(self) -> asyncio.Future[T] | None:
        """Whose turn it is; it waits no more."""
        if not self._lines:
            return None
        who, line = self._lines.popitem(last=False)
        place = line.popleft()
        self._size -= 1
        if line:
            self._lines[who] = line  # behind all others
        return place
