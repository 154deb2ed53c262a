"""A small HTTP/1.1 client over one connection that stays open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answered:
    """A whole answer: of a stream, all of its events."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """What the model said."""
        if not self.headers.get("content-type", "").startswith("text/event-stream"):
            message = json.loads(self.body).get("choices", [{"message": {"content": ""}}])[0]["message"]
            return str(message["content"])
        events = [line[6:] for line in self.body.decode().splitlines() if line.startswith("data: {")]
        choices = [choice for event in events for choice in json.loads(event).get("choices", [])]
        return "".join(choice["delta"].get("content") or "" for choice in choices)


class KeepAlive:
    """One request after another; a connection that the server closes is an error."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def get(self, path: str) -> Answered:
        return await self._asked("GET", path, b"", {})

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        return await self._asked("POST", path, body, {"content-type": "application/json", **headers})

    async def _asked(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        named = {"host": self._host, "content-length": str(len(body)), **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        first, *rest = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        told = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in rest)}
        return Answered(int(first.split()[1]), told, await self._body(told))

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if "content-length" in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        pieces = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            pieces.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(pieces)
