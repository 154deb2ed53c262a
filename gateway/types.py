"""The values that travel through the gateway; this page imports nothing of ours.

What every event and every try makes is a Struct: made in 0.2 µs, where a frozen dataclass takes 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar, dataclass_transform

from msgspec import Struct

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True)
def value(cls: type[Class]) -> type[Class]:
    """A frozen dataclass: the type checker sees to it, since at run time that takes 7 µs for a request."""
    return dataclass(slots=True, unsafe_hash=True)(cls)


class Api(StrEnum):
    """A wire protocol, as callers and upstreams speak it."""

    CHAT = "chat"  # OpenAI's chat completions: what is neither of the others is written in its shape
    RESPONSES = "responses"  # OpenAI's
    MESSAGES = "messages"  # Anthropic's
    COUNT = "count_tokens"  # of Anthropic's messages
    COMPLETIONS = "completions"  # OpenAI's, of a prompt instead of messages
    EMBEDDINGS = "embeddings"  # OpenAI's

    @property
    def in_words(self) -> str:
        """As a sentence names it."""
        return "chat completions" if self is Api.CHAT else f"the {self.value.capitalize()} API"


class Task(StrEnum):
    """What is being asked for."""

    CATEGORIZATION = "categorization"
    EXTRACTION = "extraction"
    SUMMARIZATION = "summarization"
    REWRITING = "rewriting"
    TRANSLATION = "translation"
    CLOSED_QA = "closed_qa"
    QUESTION_ANSWERING = "question_answering"
    KNOWLEDGE_LOOKUP = "knowledge_lookup"
    TOOL_ACTION = "tool_action"
    CODING = "coding"
    MATH_REASONING = "math_reasoning"
    CREATIVE_WRITING = "creative_writing"
    BRAINSTORMING = "brainstorming"
    CHIT_CHAT = "chit_chat"


class Ordered(IntEnum):
    """An ordered vocabulary; `word` is its spelling in policies, metrics, logs and headers."""

    word: str

    def __init__(self, _: int) -> None:
        self.word = self.name.lower()  # read many times a request


class Freshness(Ordered):
    """How soon the right answer goes stale."""

    STATIC = 0
    SLOW = 1
    RECENT = 2
    LIVE = 3


class Label(Ordered):
    """How sensitive data is; combining takes the highest."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3


Axis = TypeVar("Axis", Task, Freshness, Label)


@value
class Guess(Generic[Axis]):
    """One axis of understanding: the best label, and the right to be unsure of it.

    `probabilities` maps every label's spelling to its probability (they sum to 1).
    """

    best: Axis
    probability: float
    unsure: bool
    probabilities: Mapping[str, float]


@value
class Finding:
    """A piece of sensitive data: where it is, never what it says.

    `message` is the index of the message (-1: outside the messages, as in a tool schema);
    `start` and `end` count characters of that message's text.
    """

    entity: str
    kind: str
    label: Label
    message: int
    start: int
    end: int
    confidence: float


@value
class Signals:
    """What the gateway understands of a request."""

    task: Guess[Task]
    freshness: Guess[Freshness]
    sensitivity: Guess[Label]
    findings: tuple[Finding, ...]
    language: str  # ISO 639-1, or "und"
    input_tokens: int  # an estimate
    unreadable: bool  # some content could not be read
    needs: frozenset[str]  # of: tools, vision, audio, json_schema, logprobs
    knowledge: Mapping[str, float] = field(default_factory=dict)  # knowledge base → score of its best passage
    difficulty: float | None = None  # the chance that the cheaper of two models fails; None: not measured
    injection: float | None = None  # the chance that a message smuggles in an instruction; None: not measured
    refined: bool = False  # task and freshness were told by the small transformer too

    @property
    def found(self) -> frozenset[str]:
        """The entity names and class names found: what `findings` is in a condition."""
        return frozenset(f.entity for f in self.findings) | frozenset(f.kind for f in self.findings)


@value
class ToolCall:
    """A model's wish to call a tool; `arguments` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


@value
class Message:
    """One message of a conversation: what can be read of it, beside its JSON.

    `raw` is in the shape of chat completions. `native` is the JSON as the caller sent it in another API:
    empty where the `native` of an earlier message, or a member of the body, says it too; None where the
    gateway made the message, or there is no other API.
    """

    role: str
    text: str
    raw: bytes
    label: Label = Label.PUBLIC
    trusted: bool = True
    unreadable: bool = False
    needs: frozenset[str] = frozenset()  # vision, audio: what its parts ask of a model
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    reasoning: tuple[str, ...] = ()  # an assistant's, as it came back beside the text
    native: bytes | None = None


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a model may call: `parameters` is its JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    server: str = ""  # the policy's name of the tool source; empty: the caller's own tool
    examples: tuple[str, ...] = ()  # requests that it serves, as the policy gives them
    reply: str = ""  # the policy's template for saying its result, over the result's fields
    writes: bool = False  # it changes the world, as the policy or the server says


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered: text for a model, and its structured form where the server gave one."""

    text: str
    is_error: bool = False
    structured: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that retrieval found."""

    text: str
    source: str  # the document's path below the knowledge root
    title: str  # its headings, outermost first, joined by " › "
    knowledge: str  # the policy's name of the knowledge base
    score: float  # 0 to 1
    label: Label = Label.PUBLIC
    trusted: bool = False


@value
class Sent:
    """A body as it came, and what was read of it, so that an upstream may get the same bytes.

    `complete` is the body with the earlier turns that it refers to written out; None: it refers to none. Of
    those, `held_by` is the upstream that holds them under the same reference, as `Model.upstream` tells it
    from others; empty: none does. `turns` are those that it goes on from, and `label` is that of all that it
    refers to, as the caller knows it.
    """

    api: Api
    body: bytes
    messages: tuple[Message, ...]
    fields: Mapping[str, bytes]
    complete: bytes | None = None
    held_by: str = ""
    turns: tuple[Turn, ...] = ()
    label: Label = Label.PUBLIC

    @property
    def whole(self) -> bytes:
        """The body without references to earlier turns."""
        return self.body if self.complete is None else self.complete


@value
class ChatRequest:
    """What is to be answered, whatever API it came in.

    `fields` holds the top-level members as raw JSON in the shape of chat completions, in their order;
    `messages` stands for the member `messages` and is what counts, since strategies add to it. `sent` is the
    body that both were read of.
    """

    model: str
    messages: tuple[Message, ...]
    fields: Mapping[str, bytes]
    stream: bool = False
    include_usage: bool = False  # the caller asked for the stream's usage chunk
    max_tokens: int | None = None
    wants_json: bool = False  # response_format asks for JSON
    tools: tuple[ToolSpec, ...] = ()  # the caller's own
    metadata: Mapping[str, str] = field(default_factory=dict)
    other_text: str = ""  # readable members beside the messages: tool schemas, metadata, user
    sealed: tuple[str, ...] = ()  # base64 beside them: what has a shape of its own is looked for in it
    label: Label = Label.PUBLIC
    unreadable: bool = False  # something beside the messages could not be read
    offered: tuple[ToolSpec, ...] = ()  # tools that the gateway adds
    searched: tuple[str, ...] = ()  # the knowledge bases that retrieval asked
    passages: tuple[Passage, ...] = ()  # what it found; also in a message, numbered from 1
    results: tuple[tuple[ToolSpec, ToolResult], ...] = ()  # what the gateway's tool loop has got so far
    sent: Sent | None = None
    floor: Label = Label.PUBLIC  # of earlier turns that the gateway kept: masking does not go below it
    forwarded: Mapping[str, str] = field(default_factory=dict)  # the caller's headers that upstreams may get
    keep: bool = False  # the answer is to be kept, so that a later request can refer to it
    only: str = ""  # what chat completions have no words for, as a clause: "the tool … exists only in …"
    remote_tools: str = ""  # the member that names servers which the provider is to call

    @property
    def api(self) -> Api:
        """The API that the caller speaks."""
        return Api.CHAT if self.sent is None else self.sent.api

    @property
    def outside(self) -> str:
        """All that stands beside the messages, where a finding outside them has its place."""
        return "\n".join((self.other_text, *self.sealed)) if self.sealed else self.other_text

    @property
    def untouched(self) -> bool:
        """Whether it still says what `sent` says, so that those bytes may stand for it."""
        sent = self.sent
        return (
            sent is not None
            and not self.offered
            and self.fields is sent.fields
            and len(self.messages) == len(sent.messages)
            and all(mine.raw is its.raw for mine, its in zip(self.messages, sent.messages, strict=True))
        )

    @property
    def question(self) -> str:
        """The last user message's text."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def trusted(self) -> bool:
        """Whether nothing in the conversation is untrusted."""
        return all(message.trusted for message in self.messages)

    def labelled(self, label: Label) -> ChatRequest:
        """The same request, its label raised to `label` where that is higher."""
        return self if label <= self.label else replace(self, label=label)


class Usage(Struct, frozen=True):
    """Tokens by disjoint kind, as billed; `estimated` where the upstream did not say."""

    input: int = 0
    cached_input: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0
    estimated: bool = False

    @property
    def total_input(self) -> int:
        return self.input + self.cached_input + self.cache_write + self.audio_input

    @property
    def total_output(self) -> int:
        return self.output + self.reasoning + self.audio_output

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.cached_input + other.cached_input,
            self.cache_write + other.cache_write,
            self.output + other.output,
            self.reasoning + other.reasoning,
            self.audio_input + other.audio_input,
            self.audio_output + other.audio_output,
            self.estimated or other.estimated,
        )


class ToolCallDelta(Struct, frozen=True):
    """A fragment of a tool call in a stream; `arguments` is appended to what came before."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Delta(Struct, frozen=True):
    """A piece of a streamed answer: what it says, and the JSON of the event where an upstream sent it.

    `raw` is an event of `api`; a caller that speaks another is told what the other fields say.
    """

    text: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    finish: str | None = None  # stop, length, tool_calls, content_filter
    usage: Usage | None = None
    raw: bytes | None = None
    other: bool = False  # it says something that is neither text nor a tool call: reasoning, refusal, audio
    reasoning: str = ""
    refusal: str = ""
    signature: str = ""  # with which an upstream knows its reasoning again
    api: Api = Api.CHAT
    event: str = ""  # the name of the event in a stream that names them
    thinks: bool = False  # reasoning has begun, of which nothing may be shown for long

    @property
    def has_content(self) -> bool:
        return bool(self.text or self.tool_calls or self.finish or self.other)


@value
class Answer:
    """A whole answer, for a request that does not stream: `raw` is the JSON body of the upstream's reply.

    `raw` is a body of `api`; a caller that speaks another is told what the other fields say.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    usage: Usage | None = None
    raw: bytes | None = None
    confidence: float | None = None  # of a classification head
    reasoning: str = ""
    refusal: str = ""
    signature: str = ""
    api: Api = Api.CHAT


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, to the first token, between events, and in all."""

    connect: float = 2.0
    first_token: float = 30.0
    idle: float = 30.0
    total: float = 300.0


class Tried(Struct, frozen=True):
    """A model was asked: how that went. `outcome` is "ok", "hung_up" or the error's code.

    `deployment` is the one of the model's that was asked; empty where none was, because all of them were
    busy or given a rest. `again`: the model was asked before, and failed. `queued_seconds` passed before it
    was asked, since all of its deployments were busy.
    """

    model: str
    outcome: str
    usage: Usage
    seconds: float
    first_token_seconds: float | None = None
    confidence: float | None = None
    deployment: str = ""
    again: bool = False
    queued_seconds: float = 0.0


class Serving(Struct, frozen=True):
    """From here on, this model's content leaves for the caller; `label` is what the model was given.

    `trusted`: nothing untrusted was part of it.
    """

    model: str
    label: Label = Label.PUBLIC
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Knowledge was searched: `passages` are those that went into the prompt; `seconds` by base."""

    knowledge: tuple[str, ...]
    passages: tuple[Passage, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A tool was called, or held back; `status` is ok, error, timeout, refused or held_back."""

    server: str
    tool: str
    status: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Masked:
    """Guards masked data: how many different values of each entity, and the label before and after."""

    guards: tuple[str, ...]
    entities: Mapping[str, int]
    before: Label
    after: Label


@dataclass(frozen=True, slots=True)
class Refused:
    """The gate kept data from a destination.

    `kind` is model, embedder, retriever, tool, ledger, store or caller.
    """

    kind: str
    destination: str
    label: Label


Note = Tried | Serving | Retrieved | ToolUsed | Masked | Refused
Event = Delta | Answer | Note


@dataclass(frozen=True, slots=True)
class Turn:
    """What one request brought and was answered: items of the Responses API as JSON, each with an id."""

    input: tuple[bytes, ...]
    output: tuple[bytes, ...]

    @property
    def items(self) -> tuple[bytes, ...]:
        return self.input + self.output


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """A response that may be referred to: `turns` are the conversation up to it, its own the last.

    `label` is that of all the turns as the caller knows them; `floor` the one they reached as models saw
    them, masked where guards masked them. `upstream` is where it came from, see `Model.upstream`; `held`: it
    keeps it as well, under the same id. `keep` is in seconds.
    """

    id: str
    caller: str
    upstream: str
    held: bool
    label: Label
    floor: Label
    turns: tuple[Turn, ...]
    body: bytes  # the response object, as the caller got it
    keep: float


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `clearance` is the highest label that the gateway may add for it."""

    name: str
    team: str = ""
    label: Label = Label.PUBLIC
    clearance: Label = Label.PUBLIC
    may_use: tuple[str, ...] = ("*",)
    admin: bool = False
    disclose: bool | None = None
