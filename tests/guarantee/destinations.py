"""Destinations that record every byte: scripted models and tool servers, each on a port of its own."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from gateway.types import Api, Label
from tests.guarantee.apis import api_of, events, offered, turns, whole
from tests.guarantee.conversations import ModelStep, ToolStep
from tests.guarantee.needles import Kind, Needle, Needles, Shape

PLACEHOLDER = re.compile(r"\[[A-Z_]+_[0-9]+\]")
LONGER = 0.6  # seconds: longer than any timeout of a world


@dataclass(slots=True)
class Seen:
    """Bytes that one destination got: a request, or what came of one; `at` is their order in the world."""

    at: int
    destination: str
    data: bytes
    needles: frozenset[Needle]
    method: str = ""  # of JSON-RPC
    tool: str = ""
    answered: bool = False  # a tool's call: something of the tool came back in time

    @property
    def conversations(self) -> set[int]:
        return {needle.conversation for needle in self.needles if needle.conversation is not None}


@dataclass(slots=True)
class Tape:
    """What all destinations of a world have seen, in order. `label` is a needle's in a conversation."""

    needles: Needles
    label: Callable[[Needle, int], Label]
    seen: list[Seen] = field(default_factory=list)
    _clock: count[int] = field(default_factory=count)

    def record(self, destination: str, data: bytes, method: str = "", tool: str = "") -> Seen:
        seen = Seen(next(self._clock), destination, data, self.needles.within(data), method, tool)
        self.seen.append(seen)
        return seen


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it came."""

    head: bytes
    body: bytes

    @property
    def whole(self) -> bytes:
        return self.head + self.body

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode()


Serve = Callable[[Request, asyncio.StreamWriter], Awaitable[bool]]
Rest = Callable[[bytes], object]


class Port:
    """A listening socket; `serve` answers a request, and says whether the connection goes on."""

    def __init__(self, serve: Serve, rest: Rest) -> None:
        self._serve, self._rest = serve, rest
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            async for request in _requests(reader, self._rest):
                if not await self._serve(request, writer):
                    break
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()


async def _requests(reader: asyncio.StreamReader, rest: Rest) -> AsyncIterator[Request]:
    """Each request; what came of one that never became whole goes to `rest`."""
    data = b""
    try:
        while True:
            end = data.find(b"\r\n\r\n")
            size = _length(data[:end]) if end >= 0 else 0
            if end >= 0 and len(data) >= end + 4 + size:
                request, data = (
                    Request(data[: end + 4], data[end + 4 : end + 4 + size]),
                    data[end + 4 + size :],
                )
                yield request
                continue
            more = await reader.read(1 << 16)
            if not more:
                return
            data += more
    finally:
        if data:
            rest(data)


def _length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return next((int(value) for name, _, value in lines if name.lower() == b"content-length"), 0)


def _reply(status: int, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class ScriptedModel:
    """An upstream of every API. What it says carries needles labelled as what it was given."""

    def __init__(self, name: str, tape: Tape, scripts: Mapping[int, Sequence[ModelStep]]) -> None:
        self.name, self._tape, self._scripts = name, tape, scripts
        self._asked: dict[int, int] = {}
        self._port = Port(self._serve, lambda data: tape.record(name, data))

    async def open(self) -> str:
        return f"http://127.0.0.1:{await self._port.open()}/v1"

    async def close(self) -> None:
        await self._port.close()

    async def _serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        seen = self._tape.record(self.name, request.whole)
        body = json.loads(request.body)
        conversation = min(seen.conversations, default=-1)
        step = self._step(conversation)
        said = _Said(self, seen, conversation, body, step, api_of(request.path))
        match step:
            case ModelStep.FAIL_500 | ModelStep.FAIL_503 | ModelStep.FAIL_429 | ModelStep.FAIL_401:
                error = {"error": {"message": f"no: {said.word()}", "type": "scripted", "code": None}}
                writer.write(_reply(int(step.value), json.dumps(error).encode()))
                return True
            case ModelStep.RESET:
                writer.transport.abort()
                return False
            case ModelStep.SILENT:
                await asyncio.sleep(LONGER)
                return False
            case ModelStep.NONSENSE:
                writer.write(_reply(200, b"<html>no model lives here</html>", "text/html"))
                return True
        if not body.get("stream"):
            reply = _reply(200, json.dumps(said.completion()).encode())
            cut = step in (ModelStep.CUT_EARLY, ModelStep.CUT_LATE, ModelStep.EMPTY)
            writer.write(reply[: len(reply) // 2] if cut else reply)
            return not cut
        return await self._stream(writer, said, step)

    async def _stream(self, writer: asyncio.StreamWriter, said: _Said, step: ModelStep) -> bool:
        writer.write(b"HTTP/1.1 200 Scripted\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        chunks = said.chunks()
        if step is ModelStep.MALFORMED:
            chunks.insert(1, b"data: {not json\n\n")
        if step is ModelStep.ERROR_EVENT:
            error = {"type": "error", "error": {"message": "broke", "type": "server_error"}}
            chunks[1:] = [f"event: error\ndata: {json.dumps(error)}\n\n".encode()]
        kept = {ModelStep.CUT_EARLY: 1, ModelStep.CUT_LATE: 3, ModelStep.STALL: 3, ModelStep.EMPTY: 0}
        for event in chunks[: kept.get(step, len(chunks))]:
            writer.write(event)
            await writer.drain()
        if step is ModelStep.STALL:
            await asyncio.sleep(LONGER)
        return False

    def _step(self, conversation: int) -> ModelStep:
        steps = self._scripts.get(conversation, ())
        asked = self._asked[conversation] = self._asked.get(conversation, 0) + 1
        return steps[asked - 1] if asked <= len(steps) else ModelStep.ANSWER

    def say(self, seen: Seen, conversation: int) -> str:
        """A word of this model's: as sensitive as the highest of what it was given."""
        return self._tape.needles.put(
            Kind.ANSWER,
            max((self._tape.label(needle, conversation) for needle in seen.needles), default=Label.PUBLIC),
            conversation=conversation,
            source=self.name,
            trusted=all(needle.trusted for needle in seen.needles),
        )


@dataclass(slots=True)
class _Said:
    """One answer: prose, or calls of the tools that were offered."""

    model: ScriptedModel
    seen: Seen
    conversation: int
    body: dict[str, Any]
    step: ModelStep
    api: Api

    def word(self) -> str:
        return self.model.say(self.seen, self.conversation)

    def _text(self) -> str:
        return f"Thus {self.word()} and {self._echo()} as it says [1]."

    def _echo(self) -> str:
        """Something that it was given, which it need not hide: a placeholder where there is one."""
        placeholders = PLACEHOLDER.findall(json.dumps(self.body[turns(self.api)]))
        known = min((needle.text for needle in self.seen.needles), default="nothing")
        return placeholders[0] if placeholders else known

    def _calls(self) -> list[tuple[str, str, str]]:
        """One call of each of the tools that this step wants, as far as they are offered."""
        names = offered(self.api, self.body)
        wanted = {
            ModelStep.CALL_ALL: names,
            ModelStep.CALL_LOOK: [name for name in names if "look" in name][:1],
            ModelStep.CALL_WRITE: [name for name in names if "write" in name],
        }.get(self.step, [])
        return [(f"call_{n}", name, self._arguments()) for n, name in enumerate(wanted)]

    def _arguments(self) -> str:
        return json.dumps({"q": self.word(), "also": self._echo()})

    def completion(self) -> dict[str, Any]:
        return whole(self.api, self._text(), self._calls())

    def chunks(self) -> list[bytes]:
        return events(self.api, self._text(), self._calls())


class ScriptedTools:
    """An MCP server over streamable HTTP, as small as the protocol allows."""

    def __init__(
        self, name: str, label: Label, trusted: bool, tape: Tape, scripts: Mapping[int, Sequence[ToolStep]]
    ) -> None:
        self.name, self._label, self._trusted = name, label, trusted
        self._tape, self._scripts = tape, scripts
        self._called: dict[int, int] = {}
        self._port = Port(self._serve, lambda data: tape.record(name, data))

    async def open(self) -> str:
        return f"http://127.0.0.1:{await self._port.open()}/mcp"

    async def close(self) -> None:
        await self._port.close()

    async def _serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        asked = json.loads(request.body) if request.body else {}
        params = asked.get("params") or {}
        method = asked.get("method", "")
        seen = self._tape.record(self.name, request.whole, method, params.get("name", ""))
        if not request.head.startswith(b"POST"):
            writer.write(_reply(405, b""))
            return True
        if "id" not in asked:
            writer.write(_reply(202, b""))
            return True
        conversation, step = min(seen.conversations, default=-1), ToolStep.ANSWER
        if method == "tools/call":
            step = self._step(conversation)
            seen.answered = step not in (ToolStep.RESET, ToolStep.SLOW)
        if step is ToolStep.RESET:
            writer.transport.abort()
            return False
        if step is ToolStep.SLOW:
            await asyncio.sleep(LONGER)
        answer = {"jsonrpc": "2.0", "id": asked["id"], **self._answer(method, params, conversation, step)}
        writer.write(_reply(200, json.dumps(answer).encode()))
        return True

    def _step(self, conversation: int) -> ToolStep:
        steps = self._scripts.get(conversation, ())
        called = self._called[conversation] = self._called.get(conversation, 0) + 1
        return steps[(called - 1) % len(steps)] if steps else ToolStep.ANSWER

    def _answer(
        self, method: str, params: dict[str, Any], conversation: int, step: ToolStep
    ) -> dict[str, Any]:
        match method:
            case "initialize":
                hello: dict[str, Any] = {
                    "protocolVersion": params["protocolVersion"],
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": self.name, "version": "1"},
                }
                return {"result": hello}
            case "tools/list":
                tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("look", "write")]
                return {"result": {"tools": tools}}
            case "tools/call":
                return self._called_tool(conversation, step)
            case _:
                return {"error": {"code": -32601, "message": "no such method"}}

    def _called_tool(self, conversation: int, step: ToolStep) -> dict[str, Any]:
        text = self._result(conversation, step)
        if step is ToolStep.RPC_ERROR:
            return {"error": {"code": -32602, "message": text}}
        return {"result": {"content": [{"type": "text", "text": text}], "isError": step is ToolStep.FAIL}}

    def _result(self, conversation: int, step: ToolStep) -> str:
        """Text as sensitive as its source, or as the credential in it."""
        shape = {ToolStep.CREDENTIAL: Shape.API_KEY, ToolStep.ADDRESS: Shape.EMAIL}.get(step, Shape.PLAIN)
        label = Label.RESTRICTED if shape is Shape.API_KEY else self._label
        words = [
            self._tape.needles.put(
                Kind.RESULT,
                label,
                each,
                conversation=conversation,
                source=self.name,
                trusted=self._trusted,
                beside=shape,
            )
            for each in (Shape.PLAIN, shape)
        ]
        return f"Found {words[0]}, see {words[1]} there."
