"""The stage: the gateway over a real socket, given one world after the other, and callers who talk to it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, TypeVar, cast

import uvicorn
from starlette.responses import Response

from gateway import log
from gateway.accounting.book import Book
from gateway.accounting.cost import prices_of
from gateway.accounting.ledger import JournalLedger, folder_of
from gateway.accounting.metrics import Metrics
from gateway.api.chat import CHAT
from gateway.api.door import Room
from gateway.api.endpoint import Endpoint, Lease
from gateway.api.messages.dialect import MESSAGES
from gateway.api.responses.dialect import responses
from gateway.classify.classifier import LinearClassifier
from gateway.inbound import InForce
from gateway.parts import LOADING, PartsBuilder
from gateway.pipeline import Pipeline
from gateway.policy.language.load import load
from gateway.policy.schema import Policy
from gateway.protocol import patient
from gateway.reach import Reach
from gateway.settings import MAX_BODY, MAX_REQUESTS, Settings, size
from gateway.stored.memory import Memory
from gateway.types import Api, Label
from tests.guarantee.apis import PATHS, read
from tests.guarantee.conversations import body
from tests.guarantee.destinations import ScriptedModel, ScriptedTools, Tape
from tests.guarantee.needles import Needle, Needles, Shape
from tests.guarantee.worlds import CallerSpec, World, plant, told, write

T = TypeVar("T")
_HERE = Reach.of(["127.0.0.1"])
PATIENCE = 20.0  # seconds that a caller waits, and is waited for


@dataclass(frozen=True, slots=True)
class Reply:
    """What a caller got: `text` is the answer's, put together where it came as a stream."""

    status: int
    headers: dict[str, str]
    text: str
    code: str | None
    needles: frozenset[Needle]

    @property
    def route(self) -> int | None:
        name = self.headers.get("x-pointsman-route", "")
        return int(name.removeprefix("r")) if name else None

    @property
    def model(self) -> str | None:
        return self.headers.get("x-pointsman-model")


@dataclass(slots=True)
class Played:
    """A world after all has been said in it."""

    world: World
    tape: Tape
    replies: list[Reply]
    written: bytes  # what the gateway wrote down meanwhile: its log and its ledger


class Stage:
    """The gateway's own parts, joined as in app.py, but for a policy that the next world brings."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._worlds = folder, 0
        self._log = folder / "log"
        self._metrics = Metrics("test")
        self._ledger = JournalLedger(folder_of(folder / "data"))
        classifier = LinearClassifier()
        book = Book(self._ledger, self._metrics, classifier.find)
        pipeline = Pipeline(classifier, book)
        bound = size(MAX_BODY), classifier.find, PATIENCE, Room(MAX_REQUESTS)
        self._endpoints = {
            PATHS[dialect.api]: Endpoint(dialect, pipeline, self._lease, *bound)
            for dialect in (CHAT, MESSAGES, responses(Memory()))
        }
        self._force: InForce | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def _lease(self) -> Lease:
        assert self._force is not None
        return Lease(self._force, lambda: None, lambda: None)

    @contextmanager
    def open(self) -> Iterator[Stage]:
        self._thread.start()
        with _logging_to(self._log):
            self._run(self._listen())
            try:
                yield self
            finally:
                self._run(self._stop())
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join(10)
                self._ledger.close()

    def play(self, world: World) -> Played:
        """Builds the world, lets all its conversations take place at once, and takes it down."""
        return self._run(self._play(world))

    def _run(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(120)

    async def _listen(self) -> None:
        config = uvicorn.Config(
            cast(Any, Response(status_code=404)),
            interface="asgi3",
            port=0,
            http=patient(PATIENCE, self._endpoints),
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.01)
        self._port: int = self._server.servers[0].sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.should_exit = True
        await self._serving

    async def _play(self, world: World) -> Played:
        self._worlds += 1
        folder = self._folder / str(self._worlds)
        needles = Needles()
        tape = Tape(needles, partial(told, world))
        plant(world, folder / "knowledge", needles)
        (folder / "knowledge").mkdir(parents=True, exist_ok=True)
        before = self._written()
        async with _destinations(world, tape) as (models, tools):
            policy = load(write(world, folder / "policies", models, tools), secrets={})
            async with self._in_force(policy, folder):
                bodies = [_body(world, number, needles) for number in range(len(world.talks))]
                replies = await asyncio.gather(
                    *(self._talk(world, number, said, needles) for number, said in enumerate(bodies))
                )
        return Played(world, tape, list(replies), self._written()[len(before) :])

    def _written(self) -> bytes:
        files = [self._log, *sorted((self._folder / "data").rglob("*.jsonl"))]
        return b"".join(file.read_bytes() for file in files if file.exists())

    @asynccontextmanager
    async def _in_force(self, policy: Policy, folder: Path) -> AsyncIterator[None]:
        settings = Settings(folder / "policies", folder / "data", folder / "knowledge", reach=_HERE)
        builder = PartsBuilder(settings, self._metrics)
        parts = builder.build(policy, None)
        prices = prices_of(policy.models.values(), {})
        self._force = InForce(policy, parts, prices)
        await parts.start()
        while LOADING in parts.states().values():  # noqa: ASYNC110 (it is a state, as in /readyz)
            await asyncio.sleep(0.005)
        try:
            yield
        finally:
            await parts.close()
            await builder.close()

    async def _talk(self, world: World, number: int, said: dict[str, Any], needles: Needles) -> Reply:
        talk = world.talks[number]
        data = json.dumps(said).encode()
        if talk.escaped:
            data = _escaped(said).encode()
        headers = [
            ("host", "gateway"),
            ("connection", "close"),
            ("content-type", "application/json"),
            ("content-length", str(len(data))),
            ("authorization", f"Bearer {CallerSpec.key(talk.caller)}"),
            *(("x-pointsman-sensitivity", label.word) for label in talk.headers),
        ]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"POST {PATHS[talk.api]} HTTP/1.1\r\n{head}\r\n".encode() + data)
        raw = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return _reply(talk.api, raw, needles)


def _body(world: World, number: int, needles: Needles) -> dict[str, Any]:
    talk = world.talks[number]
    asks = "auto"
    if talk.asks is not None:
        kind, which = talk.asks
        asks = f"route/r{which}" if kind == "route" else f"m{which}"

    def label(shape: Shape) -> Label:
        return world.came(talk) if world.hides(talk, shape) else world.label(talk)

    return body(talk, asks, number, label, needles)


def _escaped(said: dict[str, Any]) -> str:
    """The body's JSON, in which every letter of a message's text and of every name is an escape."""
    escapes = {chr(code): f"\\u{code:04x}" for code in range(ord("a"), ord("z") + 1)}
    whole = dict(said)
    member = "input" if "input" in said else "messages"
    messages = whole.pop(member)
    text = json.dumps(messages)
    for content in {m["content"] for m in messages if isinstance(m.get("content"), str)}:
        written = json.dumps(content)
        text = text.replace(written, "".join(escapes.get(c, c) for c in written))
    return json.dumps({**whole, member: 0})[:-2] + text + "}"


def _reply(api: Api, raw: bytes, needles: Needles) -> Reply:
    response = HTTPResponse(_Bytes(raw))  # type: ignore[arg-type]
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    data = response.read()
    text, code = read(api, headers.get("content-type", ""), data)
    head = raw[: raw.find(b"\r\n\r\n")]
    return Reply(response.status, headers, text, code, needles.within(head + data + text.encode()))


class _Bytes:
    """What HTTPResponse wants of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


@asynccontextmanager
async def _destinations(world: World, tape: Tape) -> AsyncIterator[tuple[dict[int, str], dict[int, str]]]:
    """A port for every model and every tool server; what they are asked for by nobody yet is recorded too."""
    models = [
        ScriptedModel(f"m{n}", tape, {at: talk.models[n] for at, talk in enumerate(world.talks)})
        for n in range(len(world.models))
    ]
    tools = [
        ScriptedTools(
            f"t{n}", spec.label, spec.trusted, tape, {at: talk.tools for at, talk in enumerate(world.talks)}
        )
        for n, spec in enumerate(world.tools)
    ]
    try:
        at = {n: await model.open() for n, model in enumerate(models)}
        yield at, {n: await server.open() for n, server in enumerate(tools)}
    finally:
        await asyncio.gather(*(model.close() for model in models), *(server.close() for server in tools))


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """The gateway's own set-up of its logs, undone at the end."""
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    with file.open("w") as stream:
        log.set_up("info", stream)
        try:
            yield
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)
