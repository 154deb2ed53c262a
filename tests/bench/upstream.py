"""A fast scripted upstream in a process of its own: the same answer for everybody, whole or as a stream.

    python -m tests.bench.upstream PORT

A stream has EVENTS pieces, GAP seconds apart; one whose request says HOLD stops after its first piece and
stays open until the other side closes it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Final, cast

import httptools
import uvloop

EVENTS: Final = 50
GAP: Final = 0.005
FIRST: Final = b"word0"  # the first of what is said; nothing before it holds this
WHOLE_ENDS, STREAM_ENDS = b"word59", b"word%d" % (EVENTS - 1)
HOLD: Final = "hold-this-stream"
_FRAME: Final = {"id": "chatcmpl-bench", "created": 1700000000, "model": "bench"}
_USAGE: Final = {"prompt_tokens": 42, "completion_tokens": EVENTS, "total_tokens": 42 + EVENTS}


def _whole() -> bytes:
    text = " ".join(f"word{i}" for i in range(60))
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    body = json.dumps({**_FRAME, "object": "chat.completion", "choices": [choice], "usage": _USAGE}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def _chunk(choices: list[dict[str, Any]], **more: Any) -> bytes:
    body = {**_FRAME, "object": "chat.completion.chunk", "choices": choices, **more}
    event = b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(event), event)


def _pieces() -> list[bytes]:
    said = [{"index": 0, "delta": {"content": f"word{i} "}, "finish_reason": None} for i in range(EVENTS)]
    role = _chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    end = _chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]) + _chunk([], usage=_USAGE)
    first, *rest = [_chunk([choice]) for choice in said]
    return [_HEAD + role + first, *rest, end + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"]


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE, PIECES = _whole(), _pieces()


class Server(asyncio.Protocol):
    """Answers each request as its body asks: streaming or not."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser: Any = httptools.HttpRequestParser(self)
        self._body = b""

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        body, self._body = self._body, b""
        if b'"stream":true' not in body and b'"stream": true' not in body:
            self._transport.write(WHOLE)
        elif HOLD.encode() in body:
            self._transport.write(PIECES[0])
        else:
            self._piece(0)

    def _piece(self, number: int) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(PIECES[number])
        if number + 1 < len(PIECES):
            asyncio.get_running_loop().call_later(GAP, self._piece, number + 1)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
