"""A bounded store of what was lately so."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Lately(Generic[Value]):
    """The last values of each caller, each kept for `seconds`.

    Beyond `most` in all, the caller that has the most loses its oldest: nobody crowds out the others.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kept: dict[str, OrderedDict[bytes, tuple[float, Value]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, caller: str, key: bytes, value: Value) -> None:
        own = self._kept.setdefault(caller, OrderedDict())
        self._count += key not in own
        own[key] = (self._clock(), value)
        own.move_to_end(key)
        while self._is_over(next(iter(own.values()))[0]):
            self._drop(caller, 1)
        if self._count > self._most:
            largest = max(self._kept, key=lambda name: len(self._kept[name]))
            self._drop(largest, len(self._kept[largest]) // 10 + 1)

    def get(self, caller: str, key: bytes) -> Value | None:
        own = self._kept.get(caller)
        kept = None if own is None else own.get(key)
        return None if kept is None or self._is_over(kept[0]) else kept[1]

    def _is_over(self, at: float) -> bool:
        return self._clock() - at > self._seconds

    def _drop(self, caller: str, count: int) -> None:
        """Forgets the oldest of a caller."""
        own = self._kept[caller]
        for _ in range(count):
            own.popitem(last=False)
        self._count -= count
        if not own:
            del self._kept[caller]
