"""A server that plays bytes over real sockets, right or wrong, and counts what it is sent.

with WireUpstream(lambda talk: (talk.request(), talk.send(b"HTTP/1.1 200 OK\\r\\n"), talk.reset())) as up:
    ...
Each connection is played the script in a thread; whatever it leaves open is then served well.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType

WELL = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell"


class Talk:
    """One connection, as its script sees it; `number` counts from 1."""

    def __init__(self, plain: socket.socket, number: int, requests: list[bytes]) -> None:
        self.socket = plain
        self.number = number
        self._requests = requests

    def request(self) -> bytes:
        """The next request, whole. Raises ConnectionError when there is none."""
        said = self.head()
        lengths = [line for line in said.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(said) - said.index(b"\r\n\r\n") - 4 < length:
            said += self._more()
        self._requests.append(said)
        return said

    def head(self) -> bytes:
        """What comes until a request's head is there."""
        said = b""
        while b"\r\n\r\n" not in said:
            said += self._more()
        return said

    def _more(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError
        return data

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def trickle(self, data: bytes, seconds: float = 0.05) -> None:
        """Byte by byte."""
        for byte in data:
            self.socket.sendall(bytes([byte]))
            time.sleep(seconds)

    def half_close(self) -> None:
        """Nothing more is sent; what comes is read until the other side is done."""
        self.socket.shutdown(socket.SHUT_WR)
        while self.socket.recv(65536):
            pass

    def hang(self) -> None:
        """Until the other side goes."""
        while self.socket.recv(65536):
            pass

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """With RST in place of FIN, as a crash does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Script = Callable[[Talk], object]


class WireUpstream:
    """The server; `requests` is what came, `connections` how many were accepted, `resumed` of TLS which were
    taken up again."""

    def __init__(
        self, script: Script | None = None, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[bytes] = []
        self.resumed: list[bool] = []
        self.connections = 0
        self._script, self._host, self._tls = script, host, tls
        self._open: set[socket.socket] = set()

    def __enter__(self) -> WireUpstream:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._server = socket.create_server((self._host, 0), family=family, backlog=64)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for each in list(self._open):
            each.close()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._tls else ''}://{host}:{self.port}/"

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(plain, self.connections), daemon=True).start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        self._open.add(plain)
        try:
            talk = Talk(self._secured(plain), number, self.requests)
            self._open.add(talk.socket)
            if self._script is not None:
                self._script(talk)
            while talk.socket.fileno() >= 0:
                talk.request()
                talk.send(WELL)
        except (OSError, ValueError):
            pass  # the other side left, or the test is over
        finally:
            self._open.discard(plain)
            plain.close()
            if "talk" in locals():
                self._open.discard(talk.socket)
                talk.close()

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self._tls is None:
            return plain
        secured = self._tls.wrap_socket(plain, server_side=True)
        self.resumed.append(bool(secured.session_reused))
        return secured


def answer(body: bytes, *lines: bytes, status: bytes = b"200 OK") -> bytes:
    """A well-made response."""
    length = b"content-length: %d" % len(body)
    return b"\r\n".join((b"HTTP/1.1 " + status, length, *lines)) + b"\r\n\r\n" + body


def open_sockets() -> int:
    """How many sockets this process has open; event loops keep other descriptors of their own."""
    return sum(_link(name).startswith("socket:") for name in os.listdir("/proc/self/fd"))


def _link(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:  # closed meanwhile
        return ""


def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until it is; fails loudly when it stays false."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "what the test waits for never came"
        time.sleep(0.005)
