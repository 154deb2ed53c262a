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

    __slots__ = ("_begun", "_buffer", "_limit", "_return")

    def __init__(self, limit: int = 16 * 1024 * 1024) -> None:
        self._buffer = b""
        self._limit = limit
        self._begun = False
        self._return = False  # the last byte was a CR: an LF after it is the same line end

    def feed(self, data: bytes) -> list[bytes]:
        """Raises TooLong when one event is larger than the limit."""
        if self._is_one(data):
            return [data[6:-2]]
        if self._return or b"\r" in data:
            data = self._lines(data)
        buffer = self._buffer + data if self._buffer else data
        if not self._begun:
            if len(buffer) < 3 and _BOM.startswith(buffer):
                self._buffer = buffer
                return []
            self._begun = True
            buffer = buffer.removeprefix(_BOM)
        *blocks, self._buffer = buffer.split(b"\n\n")
        if len(self._buffer) > self._limit:
            raise TooLong(f"an event is longer than {self._limit} bytes")
        return [event for event in map(_data, blocks) if event]

    def _is_one(self, data: bytes) -> bool:
        """Whether it is one event of one line, as most that arrive, and nothing waits for more."""
        return (
            self._begun
            and not (self._buffer or self._return)
            and data.startswith(b"data: ")
            and data.endswith(b"\n\n")
            and data.count(b"\n") == 2
            and b"\r" not in data
            and len(data) > 8
        )

    def rest(self) -> bytes:
        """The data of a last event that no empty line ends."""
        block, self._buffer = self._buffer, b""
        return _data(block)

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
