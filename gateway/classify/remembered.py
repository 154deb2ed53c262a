"""Remembers what reading a text gave, so that a text that comes again need not be read again."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A function of a text, its last `most` values kept; those that are not `worth` it are not kept.

    Texts themselves are not kept: a value is found by a digest under a key that the process draws for
    itself. Safe to share between threads.
    """

    def __init__(self, read: Callable[[str], Value], most: int, worth: Callable[[Value], bool]) -> None:
        self._read, self._most, self._worth = read, most, worth
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, Value] = OrderedDict()

    def __call__(self, text: str) -> Value:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest]
        value = self._read(text)
        if self._worth(value):
            self._keep(digest, value)
        return value

    def _keep(self, digest: bytes, value: Value) -> None:
        with self._lock:
            self._kept[digest] = value
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
