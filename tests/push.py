"""An upstream that says what a test has it say, piece by piece, and notices when it may say no more."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Push:
    """Takes one request, begins a stream, and leaves the rest to `send`."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        if self._asked.is_set():
            self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def wait(self, seconds: float = 10.0) -> None:
        """Until a request is here, whole."""
        assert self._asked.wait(seconds)

    def send(self, piece: bytes) -> None:
        self._socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))

    def end(self) -> None:
        self._socket.sendall(b"0\r\n\r\n")

    def flood(self, piece: bytes, times: int, seconds: float) -> int:
        """Sends a piece again and again, until nothing more is taken for so long; how often it was taken."""
        self._socket.settimeout(seconds)
        data = b"%x\r\n%b\r\n" % (len(piece), piece)
        for count in range(times):
            try:
                self._socket.sendall(data)
            except TimeoutError:
                return count
        return times

    def is_left(self, seconds: float) -> bool:
        """Whether the other side closes the connection within so long."""
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _take(self) -> None:
        taken, _ = self._listener.accept()
        request = b""
        while not _whole(request):
            request += taken.recv(65536)
        self._socket = taken
        taken.sendall(HEAD)
        self._asked.set()


def _whole(request: bytes) -> bool:
    head, found, body = request.partition(b"\r\n\r\n")
    lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(found) and len(body) >= int(lengths[0])
