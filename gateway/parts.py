"""Builds what a policy names: models, embedders, knowledge bases and tool servers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from gateway.accounting.metrics import Metrics, watch_age
from gateway.accounting.upstreams import Standing, Upstream
from gateway.backends.anthropic.backend import AnthropicMessages
from gateway.backends.embeddings import OpenAIEmbeddings
from gateway.backends.encoder import SmallTransformer
from gateway.backends.http import Pool
from gateway.backends.litellm import Asking, LiteLLM
from gateway.backends.litellm_embeddings import EmbeddingCall
from gateway.backends.local.embeddings import LocalEmbeddings
from gateway.backends.mcp import McpServer
from gateway.backends.minilm import MiniLM
from gateway.backends.openai import OpenAICompatible
from gateway.classify.cascade import Cascade
from gateway.classify.encoded import TOKENS, UPPER
from gateway.deployments.circuit import State
from gateway.deployments.deployments import Deployment, Deployments
from gateway.errors import GatewayError, ProviderUnavailable
from gateway.interfaces import ChatModel, Retriever, ToolServer
from gateway.knowledge.base import KnowledgeBase
from gateway.labels import Cleared
from gateway.policy.mistakes import Mistake, PolicyMistakes
from gateway.policy.schema import Address, Knowledge, Model, Policy, ToolSource
from gateway.settings import Settings
from gateway.tuning.head import BadHead, Head
from gateway.types import Label, ToolCall, ToolResult, ToolSpec

_log = logging.getLogger("pointsman.parts")
T = TypeVar("T")

READY, EMPTY, LOADING = "ready", "ready, no documents", "loading"
IN_PROCESS_EMBEDDER = Model("minilm", "local", "minilm", kind="embedding", clearance=Label.RESTRICTED)
_OPENAI_SHAPED = frozenset({"openai", "openai-compatible"})
_ASKED_DIRECTLY: Mapping[str, type[OpenAICompatible] | type[AnthropicMessages]] = {
    "anthropic": AnthropicMessages,
    **dict.fromkeys(_OPENAI_SHAPED, OpenAICompatible),
}
_CHECK_SECONDS = 30.0  # between looks at a tool server
Served = tuple[ChatModel, Callable[[], Awaitable[None]] | None]


@dataclass(eq=False)
class Part(Generic[T]):
    """One thing that was built: `run` starts it and may go on as long as the part is in use."""

    value: T
    spec: object
    run: Callable[[Part[Any]], Coroutine[Any, Any, None]] | None = None
    close: Callable[[], Awaitable[None]] | None = None
    state: str = READY
    settled: asyncio.Event = field(
        default_factory=asyncio.Event, repr=False
    )  # it was started, or was not to be
    told: asyncio.Event = field(default_factory=asyncio.Event, repr=False)  # to bring itself up to date
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def start(self) -> None:
        if self.run is not None and self.task is None:
            self.state = LOADING
            self.task = asyncio.create_task(self.run(self))

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        if self.close is not None:
            await self.close()


class BuiltParts:
    """What one policy uses; implements `interfaces.Parts`."""

    def __init__(self) -> None:
        self.models: dict[str, Part[Deployments[ChatModel]]] = {}
        self.bases: dict[str, Part[KnowledgeBase]] = {}
        self.servers: dict[str, Part[ToolServer]] = {}

    def model(self, name: str) -> Deployments[ChatModel]:
        return self.models[name].value

    def knowledge(self, name: str) -> Retriever:
        return self.bases[name].value

    def tools(self, name: str) -> ToolServer:
        return self.servers[name].value

    def all(self) -> dict[str, Part[Any]]:
        """Every part, by what it is and its name."""
        rooms: dict[str, Mapping[str, Part[Any]]] = {
            "model": self.models,
            "knowledge": self.bases,
            "tools": self.servers,
        }
        return {f"{room} {name}": part for room, parts in rooms.items() for name, part in parts.items()}

    def states(self) -> dict[str, str]:
        """The parts that have a state of their own; of upstream models, those that are given a rest."""
        own = {name: part.state for name, part in self.all().items() if part.run or part.state != READY}
        resting = {f"model {name}": _resting(part.value) for name, part in self.models.items()}
        return own | {name: said for name, said in resting.items() if said}

    def upstreams(self) -> Iterator[Upstream]:
        """How the models' deployments are doing."""
        for name, part in self.models.items():
            yield Upstream(name, part.value.waiting, tuple(Standing(*each) for each in part.value.health()))

    async def start(self) -> None:
        for part in self.all().values():
            part.start()

    async def settle(self, seconds: float) -> None:
        """Wait until every part has been started, or has failed to; no longer than so."""
        waiting = [asyncio.ensure_future(part.settled.wait()) for part in self.all().values() if part.run]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=seconds)
            for waiter in late:
                waiter.cancel()

    def refresh(self) -> None:
        """Have the knowledge bases read at once what has changed in their documents."""
        for part in self.bases.values():
            part.told.set()

    async def close(self, keep: Iterable[BuiltParts] = ()) -> None:
        """Closes all parts but those that one of `keep` uses too."""
        kept = {id(part) for other in keep for part in other.all().values()}
        gone = [part for part in self.all().values() if id(part) not in kept]
        await asyncio.gather(*(part.stop() for part in gone), return_exceptions=True)


def small_transformer(minilm: MiniLM, deadline: float | None) -> Cascade:
    """The classifier's second step; `deadline` in seconds, None for as long as it takes."""
    return Cascade(SmallTransformer(minilm, UPPER, TOKENS), IN_PROCESS_EMBEDDER, deadline)


class PartsBuilder:
    """Builds parts, and takes over from the policy before what has not changed."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._pool: Pool | None = None
        self._minilm: MiniLM | None = None

    def build(self, policy: Policy, before: BuiltParts | None) -> BuiltParts:
        """The parts of a policy; nothing is started.

        Raises:
            PolicyMistakes: the policy names a head that was never trained.
        """
        parts, old = BuiltParts(), before or BuiltParts()
        for model in (*policy.chat_models, *policy.embedding_models):
            try:
                spec = self._spec(model)
                parts.models[model.name] = _kept(old.models, model.name, spec) or self._model(model, spec)
            except BadHead as error:
                place = policy.places.get(("model", model.name), ("models", 1, 1))
                raise PolicyMistakes([Mistake(*place, f"model {model.name}: {error}")]) from None
        self.add_knowledge(parts, policy, old)
        for source in (s for s in policy.tools.values() if not s.disabled):
            parts.servers[source.name] = _kept(old.servers, source.name, source) or self._server(source)
        return parts

    def add_knowledge(self, parts: BuiltParts, policy: Policy, old: BuiltParts) -> None:
        for base in (b for b in policy.knowledge.values() if not b.disabled):
            embedder = policy.models.get(base.embed_with or "")
            spec = (base, embedder)
            parts.bases[base.name] = _kept(old.bases, base.name, spec) or self._base(base, embedder)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
        if self._minilm is not None:
            await self._minilm.close()

    def cascade(self) -> Cascade | None:
        """Asks the small transformer where the settings want it.

        Raises:
            ProviderUnavailable: a package that it needs is not installed; the message says which.
        """
        if not self._settings.encoder_deadline:
            return None
        return small_transformer(self._embedder(), self._settings.encoder_deadline)

    def fingerprint(self) -> str:
        """Changes when a head is trained; looks at sizes and times only."""
        found = sorted(path for folder in _head_folders(self._settings) for path in folder.glob("*/head.npz"))
        return ";".join(f"{path.parent.name}|{_stamp(path)}" for path in found)

    # Models

    def _spec(self, model: Model) -> object:
        """What a model is built from: a head that was trained anew makes another."""
        if model.head is None:
            return model
        return model, _stamp(self._head_file(model))

    def _model(self, model: Model, spec: object) -> Part[Deployments[ChatModel]]:
        """A part for all the deployments of a model, each asked at its own address."""
        addresses = model.deployments or (Address(model.base_url or "", model.api_key),)
        built: list[Deployment[ChatModel]] = []
        starts: list[Callable[[], Awaitable[None]]] = []
        for name, address in zip(_names(model, addresses), addresses, strict=True):
            at = replace(
                model,
                base_url=address.base_url or None,
                api_key=address.api_key or model.api_key,
                deployments=(),
            )
            serves, start = self._served(at)
            built.append(Deployment(name, serves, address.weight, model.circuit))
            starts += [start] if start else []

        async def close() -> None:
            await asyncio.gather(*(each.serves.close() for each in built))

        async def start_all() -> None:
            await asyncio.gather(*(start() for start in starts))

        deployments = Deployments(model.name, built, model.concurrency, model.retry_budget)
        return Part(
            deployments, spec, run=_watched(f"model {model.name}", start_all) if starts else None, close=close
        )

    def _served(self, model: Model) -> Served:
        """What asks a model at one address, and what starts it, where that takes a while."""
        if model.provider == "local":
            return self._local(model)
        if model.kind == "embedding":
            if model.provider in _OPENAI_SHAPED:
                return OpenAIEmbeddings(model, self._connections()), None
            return self._foreign(model, EmbeddingCall)
        if model.provider in _ASKED_DIRECTLY:
            return _ASKED_DIRECTLY[model.provider](model, self._connections()), None
        return self._foreign(model)

    def _connections(self) -> Pool:
        if self._pool is None:
            outward = self._settings
            self._pool = Pool(
                outward.reach,
                per_host=outward.max_requests,  # so that no stream waits for another to end
                proxies=outward.proxies,
                authorities=outward.authorities,
            )
        return self._pool

    def _foreign(self, model: Model, asking: Asking | None = None) -> Served:
        foreign = LiteLLM(model, self._settings.reach, self._settings.secrets, asking)
        return foreign, foreign.warm

    def _local(self, model: Model) -> Served:
        """MiniLM, which takes 60 MB, is loaded once something is embedded."""
        if model.kind == "embedding":
            return LocalEmbeddings(model, self._embedder), None
        if model.model == "smollm2":
            from gateway.backends.local.chat import LocalChat
            from gateway.backends.local.smollm import SmolLM

            chat = LocalChat(SmolLM(), self._embedder(), IN_PROCESS_EMBEDDER, name=model.name)
            return chat, chat.start
        from gateway.backends.head import HeadModel

        tuned = HeadModel(model, Head.load(self._head_file(model)), self._embedder(), IN_PROCESS_EMBEDDER)
        return tuned, None

    def _head_file(self, model: Model) -> Path:
        path = head_file(self._settings, model.model)
        if path is None:
            raise BadHead(f"there is no head named {model.model}")
        return path

    def _embedder(self) -> MiniLM:
        self._minilm = self._minilm or MiniLM()
        return self._minilm

    # Knowledge and tools

    def _base(self, spec: Knowledge, embed_with: Model | None) -> Part[KnowledgeBase]:
        embedder = self._embedder() if embed_with is not None and not embed_with.disabled else None
        base = KnowledgeBase(
            spec,
            root=self._settings.knowledge_root,
            folder=self._settings.data_dir / "knowledge",
            embedder=embedder,
            embed_destination=embed_with or IN_PROCESS_EMBEDDER,
        )
        return Part(base, (spec, embed_with), run=self._refreshing(spec, base), close=base.close)

    def _refreshing(
        self, spec: Knowledge, base: KnowledgeBase
    ) -> Callable[[Part[Any]], Coroutine[Any, Any, None]]:
        async def run(part: Part[Any]) -> None:
            watch_age(self._metrics, spec.name, lambda: base.age_seconds or 0.0)
            while True:
                part.told.clear()
                await self._attempt(f"knowledge {spec.name}", part, partial(refreshed, base))
                again = spec.refresh or (None if part.state == READY else _CHECK_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(again):
                        await part.told.wait()

        return run

    def _server(self, source: ToolSource) -> Part[ToolServer]:
        if source.command and not self._settings.allow_stdio:
            return Part(Withheld(source.name), source, state="off: start the gateway with --allow-stdio")
        server = McpServer(source, self._settings.reach)
        name = f"tools {source.name}"

        async def run(part: Part[Any]) -> None:
            while True:
                await self._attempt(name, part, server.start)
                await asyncio.sleep(_CHECK_SECONDS)

        return Part(server, source, run=run, close=server.close)

    async def _attempt(self, name: str, part: Part[Any], start: Callable[[], Awaitable[str | None]]) -> None:
        await attempt(name, part, start)
        self._metrics.dependency.labels(name).set(part.state in (READY, EMPTY))


def head_file(settings: Settings, name: str) -> Path | None:
    """Where a trained head is: in the data folder, else beside the policy."""
    paths = (folder / name / "head.npz" for folder in _head_folders(settings))
    return next((path for path in paths if path.is_file()), None)


def _head_folders(settings: Settings) -> tuple[Path, Path]:
    return settings.data_dir / "heads", settings.policies / "heads"


class Withheld:
    """A tool server that may not be started: it offers nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def tools(self) -> tuple[ToolSpec, ...]:
        raise ProviderUnavailable(f"The tool server '{self._name}' is not started here.")

    async def call(self, call: Cleared[ToolCall]) -> ToolResult:
        raise ProviderUnavailable(f"The tool server '{self._name}' is not started here.")

    async def close(self) -> None: ...


async def refreshed(base: KnowledgeBase) -> str:
    """The state of a base whose documents were looked at now; raises as `refresh` does."""
    await base.refresh()
    return EMPTY if base.empty else READY


async def attempt(name: str, part: Part[Any], start: Callable[[], Awaitable[str | None]]) -> None:
    """Starts a part; its state is what `start` returns, else ready, and a failure one line in the log."""
    before = part.state
    try:
        part.state = await start() or READY
    except (GatewayError, OSError, ImportError) as error:
        part.state = f"down: {error}"
    except Exception as error:
        _log.exception("%s could not be started", name)
        part.state = f"down: {type(error).__name__}, see the log"
    part.settled.set()
    if part.state != before:
        _log.log(logging.INFO if part.state == READY else logging.WARNING, "%s: %s", name, part.state)


def _watched(
    name: str, start: Callable[[], Awaitable[None]]
) -> Callable[[Part[Any]], Coroutine[Any, Any, None]]:
    async def run(part: Part[Any]) -> None:
        await attempt(name, part, start)

    return run


def _stamp(path: Path) -> str:
    """Changes when a file does; nothing where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_mtime_ns}.{stat.st_size}.{stat.st_ino}"


def _names(model: Model, addresses: Sequence[Address]) -> list[str]:
    """What metrics and the ledger call a model's deployments: host and port, told apart where need be."""
    hosts = [urlsplit(each.base_url).netloc.rpartition("@")[2] or model.provider for each in addresses]
    return [host if hosts.count(host) == 1 else f"{host}#{n}" for n, host in enumerate(hosts, 1)]


def _resting(model: Deployments[ChatModel]) -> str:
    """Which deployments of a model are given a rest, in words; empty: none."""
    names = [each.deployment for each in model.health() if each.state is not State.CLOSED]
    return f"degraded: given a rest after failures: {', '.join(names)}" if names else ""


def _kept(parts: Mapping[str, Part[T]], name: str, spec: object) -> Part[T] | None:
    part = parts.get(name)
    return part if part is not None and part.spec == spec else None
