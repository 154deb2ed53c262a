"""What a policy folder says, as frozen values; `load.py` makes them and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from gateway.deployments.circuit import Breaker
from gateway.deployments.deployments import Concurrency
from gateway.policy.conditions import Cell, Condition
from gateway.policy.mistakes import Mistake
from gateway.policy.vocabulary import RETRIED
from gateway.types import Api, Caller, Label, Timeouts


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens; `source` is where it comes from: policy, litellm."""

    input: float
    output: float
    cached_input: float | None = None
    source: str = "policy"


@dataclass(frozen=True, slots=True)
class Address:
    """One deployment of a model; without a key of its own it is asked with the model's."""

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    """Something that answers (`kind` chat) or embeds (`kind` embedding)."""

    name: str
    provider: str  # the target before its first slash: openai, openai-compatible, local, anthropic …
    model: str  # the target after it: what the provider calls the model
    kind: str = "chat"
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    clearance: Label = Label.PUBLIC
    knows_until: date | None = None
    price: Price | None = None
    timeouts: Timeouts = Timeouts()
    retries: int = 2
    teacher: str | None = None  # the first of `teachers`
    disabled: bool = False
    if_available: bool = False  # left out of service, with a word at start, where its key or server is absent
    teachers: tuple[str, ...] = ()  # the next candidates when it abstains, in order
    absent: str = field(default="", compare=False)  # why `if_available` has left it out of service
    speaks: tuple[Api, ...] = (Api.CHAT,)  # the APIs in which its upstream may be asked
    forward: tuple[str, ...] = ()  # the caller's headers that it gets, in small letters
    remote_tools: bool = False  # whether its provider may call servers that a caller names
    deployments: tuple[Address, ...] = ()  # that serve it; empty: the one at `base_url`
    concurrency: Concurrency = Concurrency()
    circuit: Breaker = Breaker()
    retry_on: frozenset[str] = frozenset(RETRIED)
    retry_budget: float = 0.1  # the share of its requests that may be retries

    @property
    def upstream(self) -> str:
        """What tells its upstream from another, which must not be told of what this one holds."""
        urls = " ".join(each.base_url for each in self.deployments) or self.base_url or ""
        return f"{self.provider}/{self.model} {urls} {'with' if self.api_key else 'no'} key"

    @property
    def head(self) -> str | None:
        """The classification head that it is, by its name; None for any other model."""
        return head_of(self.provider, self.model)


IN_PROCESS = ("smollm2", "minilm")
"""What a target of `local/` may name without training: a model that answers, and one that embeds."""


def head_of(provider: str, model: str) -> str | None:
    """The head that a target names: whatever runs in process and is not part of the gateway."""
    return model if provider == "local" and model not in IN_PROCESS else None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A knowledge base: the documents of a glob below the knowledge root."""

    name: str
    documents: tuple[str, ...]
    label: Label = Label.PUBLIC
    clearance: Label = Label.RESTRICTED  # of the search itself, which runs in process
    refresh: float | None = None  # seconds
    embed_with: str | None = None  # a model of kind embedding; None: lexical search only
    trusted: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class ToolSource:
    """An MCP server: by `url` (streamable HTTP) or by `command` (stdio), which needs --allow-stdio."""

    name: str
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None  # None: all of its tools
    label: Label = Label.PUBLIC
    clearance: Label = Label.PUBLIC
    live: bool = False
    writes: frozenset[str] = frozenset()
    trusted: bool = False
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # tool → requests that it serves
    replies: Mapping[str, str] = field(default_factory=dict)  # tool → template over its result's fields
    timeout: float = 30.0  # seconds a call
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """Acts unless its condition is false: it blocks, or masks what is found of `mask`."""

    name: str
    when: Condition
    block: str | None = None  # the message to the caller
    mask: tuple[str, ...] = ()  # entities and classes of findings
    lowers_to: Label | None = None  # the least label of what is masked; None: the label stays
    disabled: bool = False
    accept_residual: bool = False  # a label that was given to the whole text, not to a span, may fall too


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Retrieval around a route's model. `when_empty`: say_so, or go_on without passages."""

    sources: tuple[str, ...]
    top: int = 6
    when_empty: str = "say_so"


@dataclass(frozen=True, slots=True)
class Tools:
    """Tools around a route's model, with the loop's bounds: steps, USD and seconds."""

    sources: tuple[str, ...]
    steps: int = 8
    cost: float | None = None
    time: float = 60.0
    writes_on_untrusted: bool = False


@dataclass(frozen=True, slots=True)
class HoldBack:
    """How much of a stream is kept back, so that a break in it can still fall over: until it has `tokens`,
    or its first content is `time` seconds old, whichever is first; with neither, to the end of the answer."""

    tokens: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a route says otherwise than its models; None: as the model says.

    `total`, in seconds, is for all that a request needs together: retries, fallbacks and tools.
    """

    connect: float | None = None
    first_token: float | None = None
    idle: float | None = None
    total: float | None = None
    retries: int | None = None
    retry_on: frozenset[str] | None = None

    def applied(self, model: Model) -> Model:
        """The model as this route has it asked."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        limits = {name: said.pop(name) for name in ("connect", "first_token", "idle") if name in said}
        said.pop("total", None)
        return replace(model, timeouts=replace(model.timeouts, **limits), **said) if said or limits else model


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Route:
    """How a request is served; `when` None: always."""

    name: str
    about: str = ""
    when: Condition | None = None
    models: tuple[str, ...] = ()  # candidates in order
    weights: tuple[float, ...] = ()  # of a canary, one for each of `models`; empty: in order
    quality: float | None = None  # of cheapest_of; None: not asked
    fallback: tuple[str, ...] = ()
    retrieve: Retrieve | None = None
    tools: Tools | None = None
    disabled: bool = False
    terms: Terms = NO_TERMS
    hold_back: HoldBack | None = None
    fallback_on: frozenset[str] | None = None  # codes of errors; None: wherever another model may do better


@dataclass(frozen=True, slots=True)
class Log:
    """What may be kept of a request's own words: none of it above `up_to`."""

    content: str = "never"  # or masked
    up_to: Label = Label.PUBLIC
    keep: float | None = None  # seconds

    name = "ledger"

    @property
    def clearance(self) -> Label:
        """Of the ledger as a destination."""
        return self.up_to


@dataclass(frozen=True, slots=True)
class Responses:
    """Which responses are kept in memory for later reference, and for how many seconds."""

    up_to: Label = Label.RESTRICTED
    keep: float = 24 * 3600.0

    name = "responses"

    @property
    def clearance(self) -> Label:
        """Of the store as a destination."""
        return self.up_to


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """A caller and the SHA-256 of its key, in hexadecimal."""

    caller: Caller
    key_sha256: str


Place = tuple[str, int, int]
"""A file of the folder, with line and column from 1."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A folder, whole. `revision` is a hash of its content, 12 hexadecimal digits."""

    revision: str
    models: Mapping[str, Model]
    routes: tuple[Route, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    knowledge: Mapping[str, Knowledge] = field(default_factory=dict)
    tools: Mapping[str, ToolSource] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    callers: tuple[KnownCaller, ...] = ()
    baseline: str | None = None
    unreadable: Label = Label.CONFIDENTIAL
    honour_model: bool = True
    disclose: bool = True
    on_ledger_failure: str = "serve"
    log: Log = Log()
    responses: Responses = Responses()
    warnings: tuple[Mistake, ...] = ()  # what loads but is not enforced yet, and the like
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict, compare=False, repr=False)
    """Where each guard, route and the like stands, by its kind and name."""
    notes: tuple[str, ...] = ()  # which models were left out of service, and why
    reads: frozenset[str] | None = None  # the variables that its conditions read; None: not known
    header_names: frozenset[str] = (
        frozenset()
    )  # the request headers that its conditions read, in small letters

    orders: dict[str, tuple[Model, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Remembers the models of each route whose order does not change with the request."""

    reaches: dict[Cell, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Remembers what `index.reach` works out of each cell of the signals."""

    forwards: frozenset[bytes] = field(init=False, compare=False, repr=False)
    """The headers that any of its models gets of a caller's."""
    by_key: Mapping[str, Caller] = field(init=False, compare=False, repr=False)
    """The callers by the SHA-256 of their keys: how long it takes to find one says nothing of a key."""

    def __post_init__(self) -> None:
        names = {name.encode() for model in self.models.values() for name in model.forward}
        object.__setattr__(self, "forwards", frozenset(names))
        object.__setattr__(self, "by_key", {known.key_sha256: known.caller for known in self.callers})

    @property
    def chat_models(self) -> tuple[Model, ...]:
        """The models in service that answer."""
        return tuple(m for m in self.models.values() if m.kind == "chat" and not m.disabled)

    @property
    def embedding_models(self) -> tuple[Model, ...]:
        """The models in service that make embeddings."""
        return tuple(m for m in self.models.values() if m.kind == "embedding" and not m.disabled)

    def route(self, name: str) -> Route | None:
        return next((r for r in self.routes if r.name == name), None)
