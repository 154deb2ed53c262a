"""A caller that speaks HTTP/1.1 byte by byte, so that it can do everything that clients should not."""

from __future__ import annotations

import json
import select
import socket
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Heard:
    """One reply; of a stream, all of its bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """One connection; nothing is sent but what is said."""

    def __init__(self, url: str, seconds: float = 10.0) -> None:
        parts = urlsplit(url)
        self._at, self._seconds = (parts.hostname or "", parts.port or 80), seconds

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(self._at, timeout=self._seconds)
        self._file = self._socket.makefile("rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def ask(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> None:
        """A request; an underscore in a header's name stands for a hyphen."""
        named = {"host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            named = {"content-type": "application/json", "content-length": str(len(body)), **named}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))

    def read(self, count: int) -> bytes:
        return self._file.read1(count)

    def head(self) -> Heard:
        """The head of the next reply."""
        first = self._file.readline()
        if not first:
            raise EOFError
        headers: dict[str, str] = {}
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return Heard(int(first.split()[1]), headers, b"")

    def hear(self, *, bodiless: bool = False) -> Heard:
        """The next reply, whole; raises EOFError where the connection ends instead."""
        head = self.head()
        body = b"" if bodiless or head.status < 200 else self._body(head.headers)
        return Heard(head.status, head.headers, body)

    def event(self) -> bytes:
        """The next piece of a chunked body."""
        size = int(self._file.readline(), 16)
        piece = self._file.read(size)
        self._file.readline()
        return piece

    @property
    def is_closed(self) -> bool:
        """Whether the other side ends the connection, as soon as it says anything at all."""
        try:
            return self._file.read1(1) == b""
        except ConnectionError:
            return True

    @property
    def has_something(self) -> bool:
        """Whether something has come that nobody has read yet."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def ends_while_sending(self, again: bytes, seconds: float) -> bool:
        """Says the same thing again and again, until the other side ends the connection."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.send(again)
                if self.has_something:
                    return self.is_closed
                time.sleep(0.05)
        except ConnectionError:
            return True
        return False

    def rest(self) -> bytes:
        """Everything until the other side ends the connection."""
        try:
            return self._file.read()
        except ConnectionError:
            return b""

    def _body(self, headers: dict[str, str]) -> bytes:
        if "content-length" in headers:
            return self._file.read(int(headers["content-length"]))
        pieces = []
        while piece := self.event():
            pieces.append(piece)
        return b"".join(pieces)
