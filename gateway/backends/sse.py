"""Server-sent events from bytes: the data of each event, however the bytes are cut."""

from __future__ import annotations

_BOM = b"\xef\xbb\xbf"


class TooLong(ValueError):
    """An event is longer than allowed."""


class Events:
    """Feed it bytes, get the data of the events that became whole (HTML standard, 9.2.6).

    An event without data is none. Comments, ids, names and times to wait are left out: they are between an
    upstream and who asks it, as chat completions' data says all of an answer.
    """

    __slots__ = ("_begun", "_limit", "_return", "_size", "_waiting")

    def __init__(self, limit: int = 16 * 1024 * 1024) -> None:
        self._waiting: list[bytes] = []  # pieces of an event that is not whole, put together once it is
        self._size = 0  # of those, in bytes
        self._limit = limit
        self._begun = False
        self._return = False  # the last byte was a CR: an LF after it is the same line end

    def feed(self, data: bytes) -> list[bytes]:
        """Raises TooLong when one event is larger than the limit."""
        if self._is_one(data):
            return [data[6:-2]]
        if self._return or b"\r" in data:
            data = self._lines(data)
        if self._begun and not self._ends(data):
            self._wait(data)
            return []
        buffer = self._taken() + data
        if not self._begun:
            if len(buffer) < 3 and _BOM.startswith(buffer):
                self._wait(buffer)
                return []
            self._begun = True
            buffer = buffer.removeprefix(_BOM)
        *blocks, rest = buffer.split(b"\n\n")
        self._wait(rest)
        return [event for event in map(_data, blocks) if event]

    def _ends(self, data: bytes) -> bool:
        """Whether these bytes end an event."""
        if b"\n\n" in data:
            return True
        return bool(self._waiting) and data.startswith(b"\n") and self._waiting[-1].endswith(b"\n")

    def _wait(self, data: bytes) -> None:
        if data:
            self._waiting.append(data)
            self._size += len(data)
        if self._size > self._limit:
            raise TooLong(f"an event is longer than {self._limit} bytes")

    def _taken(self) -> bytes:
        """What has waited, which waits no more."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        return data

    def _is_one(self, data: bytes) -> bool:
        """Whether it is one event of one line, as most that arrive, and nothing waits for more."""
        return (
            self._begun
            and not (self._waiting or self._return)
            and data.startswith(b"data: ")
            and data.endswith(b"\n\n")
            and data.count(b"\n") == 2
            and b"\r" not in data
            and len(data) > 8
        )

    def rest(self) -> bytes:
        """The data of a last event that no empty line ends."""
        return _data(self._taken())

    def _lines(self, data: bytes) -> bytes:
        if self._return and data.startswith(b"\n"):
            data = data[1:]
        self._return = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _data(block: bytes) -> bytes:
    if block.startswith(b"data: ") and b"\n" not in block:
        return block[6:]
    return b"\n".join(_values(block))


def _values(block: bytes) -> list[bytes]:
    lines = (line for line in block.split(b"\n") if line.startswith(b"data"))
    parts = (line.partition(b":") for line in lines)
    return [value.removeprefix(b" ") for name, _, value in parts if name == b"data"]
