"""JSON of values that come again and again, kept by what tells them apart."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from msgspec import Raw

T = TypeVar("T")


class Constants(Generic[T]):
    """At most so many; then it begins anew.

    A key may hold the `id` of a value, since the value is kept beside its JSON: no other gets that id.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, tuple[Raw, T]] = {}

    def get(self, key: Hashable) -> Raw | None:
        found = self._kept.get(key)
        return None if found is None else found[0]

    def keep(self, key: Hashable, value: T, encoded: bytes) -> Raw:
        """Keeps `encoded` as long as `value`, and returns it."""
        if len(self._kept) >= self._most:
            self.clear()
        raw = Raw(encoded)
        self._kept[key] = raw, value
        return raw

    def clear(self) -> None:
        self._kept.clear()
