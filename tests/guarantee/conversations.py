"""Random conversations: what a caller sends, and what models and tools do about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from gateway.types import Api, Label
from tests.guarantee.apis import asked
from tests.guarantee.needles import Kind, Needles, Shape

LABELS = st.sampled_from(list(Label))
APIS = st.sampled_from([Api.CHAT, Api.MESSAGES, Api.RESPONSES])
QUESTIONS = (
    "How long do I have to return a parcel?",
    "What does the handbook say about returning a parcel?",
    "Cancel order 1007 please",
    "Where is my order right now?",
    "Which category does this ticket belong to: my card was charged twice",
    "Translate 'good morning' into French",
    "Write a Python function that reverses a list",
    "Thanks!",
)


class ModelStep(Enum):
    """What a model does about one request."""

    ANSWER = "answers"
    CALL_ALL = "calls every tool"
    CALL_LOOK = "calls a tool that reads"
    CALL_WRITE = "calls the tools that write"
    FAIL_500 = 500
    FAIL_503 = 503
    FAIL_429 = 429
    FAIL_401 = 401
    RESET = "closes the connection"
    SILENT = "says nothing until it is too late"
    STALL = "falls silent in mid-stream"
    CUT_EARLY = "breaks off before any content"
    CUT_LATE = "breaks off after content"
    EMPTY = "sends an empty stream"
    MALFORMED = "sends an event that is no JSON"
    ERROR_EVENT = "sends an error in its stream"
    NONSENSE = "sends HTML"


class ToolStep(Enum):
    """What a tool does about one call."""

    ANSWER = "answers"
    CREDENTIAL = "answers with a credential"
    ADDRESS = "answers with an e-mail address"
    FAIL = "answers that it failed"
    RPC_ERROR = "refuses the call"
    SLOW = "answers too late"
    RESET = "closes the connection"


class Place(Enum):
    """Where in a request a needle stands."""

    USER = "a user's text"
    SYSTEM = "a system prompt"
    ASSISTANT = "an assistant's text"
    TOOL = "a tool's text"
    PART = "a part of a content list"
    NAME = "a message's name"
    ARGUMENTS = "the arguments of a tool call"
    SCHEMA = "a tool's description"
    SCHEMA_NAME = "a name in a tool's schema"
    METADATA = "metadata"
    METADATA_NAME = "a name in metadata"
    UNKNOWN = "a member that nobody knows"
    UNKNOWN_NAME = "a name within such a member"
    FORMAT = "the response format"
    WHO = "the member `user`"

    @property
    def in_message(self) -> bool:
        """Whether it is read as a message's text."""
        return self in (Place.USER, Place.SYSTEM, Place.ASSISTANT, Place.TOOL, Place.PART)

    @property
    def untrusted(self) -> bool:
        """Whether it is what a tool said, or an assistant's words that no model ever said here."""
        return self in (Place.TOOL, Place.ASSISTANT, Place.ARGUMENTS)


@dataclass(frozen=True, slots=True)
class Piece:
    """A needle to be: what it looks like, and where it stands."""

    shape: Shape
    place: Place


@dataclass(frozen=True, slots=True)
class Conversation:
    """A request, and the scripts of those that it may reach.

    `asks`: None for `auto`, else which route or model by its number. `headers` are labels of
    x-pointsman-sensitivity, each in a header of its own. `escaped`: the body's text is all escapes.
    """

    caller: int
    asks: tuple[str, int] | None
    headers: tuple[Label, ...]
    stream: bool
    image: bool
    escaped: bool
    question: str
    pieces: tuple[Piece, ...]
    models: tuple[tuple[ModelStep, ...], ...]
    tools: tuple[ToolStep, ...]
    api: Api = Api.CHAT

    @property
    def findings(self) -> frozenset[str]:
        """What has to be found in it."""
        return frozenset(word for piece in self.pieces for word in piece.shape.words)

    def keeps(self, piece: Piece) -> bool:
        """Whether it is metadata that the ledger may keep: nothing sensitive stands beside the messages."""
        beside = [each.shape for each in self.pieces if not each.place.in_message]
        harmless = all(shape is Shape.PLAIN for shape in beside)
        metadata = {Place.METADATA, Place.METADATA_NAME}
        if self.api is Api.MESSAGES:
            metadata.add(Place.WHO)  # it is `metadata.user_id` there
        return harmless and piece.place in metadata

    @property
    def brings_untrusted(self) -> bool:
        """Whether it holds what a tool said, or what is passed off as an answer that nobody gave."""
        return any(piece.place.untrusted for piece in self.pieces)

    def labels(self, floor: Label, unreadable: Label) -> tuple[Label, ...]:
        """What is true of the whole request beside what its pieces show."""
        return (floor, *self.headers, unreadable if self.image else Label.PUBLIC)


def body(
    conversation: Conversation, model: str, number: int, labels: Callable[[Shape], Label], needles: Needles
) -> dict[str, Any]:
    """The request's JSON; `user` holds a needle that stands for the whole request.

    `labels` says how sensitive a needle of a shape is in this conversation.
    """

    def needle(piece: Piece) -> str:
        return needles.put(
            Kind.OWN,
            labels(piece.shape),
            piece.shape,
            conversation=number,
            trusted=not piece.place.untrusted,
            tag=conversation.keeps(piece),
        )

    messages: list[dict[str, Any]] = []
    whole: dict[str, Any] = {"model": model, "stream": conversation.stream}
    for piece in (*conversation.pieces, Piece(Shape.PLAIN, Place.WHO)):
        _put(piece.place, needle(piece), messages, whole)
    messages.append({"role": "user", "content": conversation.question})
    if conversation.image:
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
        text = {"type": "text", "text": conversation.question}
        messages[-1]["content"] = [text, picture]
    return asked(conversation.api, {**whole, "messages": messages})


def _put(place: Place, text: str, messages: list[dict[str, Any]], whole: dict[str, Any]) -> None:
    said = f"Remember {text} for later."
    called: Mapping[str, Any] = {"name": "their_tool", "arguments": json.dumps({"value": text, "n": 1})}
    call = {"id": "call_x", "type": "function", "function": called}
    match place:
        case Place.USER:
            messages.append({"role": "user", "content": said})
        case Place.SYSTEM:
            messages.append({"role": "system", "content": said})
        case Place.ASSISTANT:
            messages.append({"role": "assistant", "content": said})
        case Place.TOOL:
            messages.append({"role": "tool", "tool_call_id": "call_x", "content": said})
        case Place.PART:
            messages.append({"role": "user", "content": [{"type": "text", "text": said}]})
        case Place.NAME:
            messages.append({"role": "user", "name": text, "content": "Hello."})
        case Place.ARGUMENTS:
            messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
            messages.append({"role": "assistant", "content": "Done."})
        case Place.SCHEMA:
            whole.setdefault("tools", []).append(_tool(len(whole.get("tools", ())), said, "x"))
        case Place.SCHEMA_NAME:
            whole.setdefault("tools", []).append(_tool(len(whole.get("tools", ())), "A tool.", text))
        case Place.METADATA:
            whole.setdefault("metadata", {})[f"note{len(whole.get('metadata', ()))}"] = text
        case Place.METADATA_NAME:
            whole.setdefault("metadata", {})[text] = "yes"
        case Place.UNKNOWN:
            whole.setdefault("x_note", []).append({"deep": [text]})
        case Place.UNKNOWN_NAME:
            whole.setdefault("x_note", []).append({text: [1]})
        case Place.FORMAT:
            schema = {"name": "answer", "schema": {"type": "object", "description": said}}
            whole["response_format"] = {"type": "json_schema", "json_schema": schema}
        case Place.WHO:
            whole["user"] = text


def _tool(number: int, description: str, member: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {member: {"type": "string"}}}
    function = {"name": f"theirs_{number}", "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


# Strategies. What is drawn often is what gets far: most models answer, most needles are plain.

_CALLS = (ModelStep.CALL_ALL, ModelStep.CALL_ALL, ModelStep.CALL_LOOK, ModelStep.CALL_WRITE)
_MODEL_STEPS = st.sampled_from([ModelStep.ANSWER] * 6 + [*_CALLS] * 3 + list(ModelStep))
_TOOL_STEPS = st.sampled_from(
    [ToolStep.ANSWER] * 6 + [ToolStep.CREDENTIAL] * 2 + [ToolStep.ADDRESS] + list(ToolStep)
)
_SHAPES = st.sampled_from([Shape.PLAIN] * 24 + [Shape.EMAIL] * 3 + list(Shape))
_PLACES = [place for place in Place if place is not Place.WHO]
_PIECE = st.builds(Piece, _SHAPES, st.sampled_from(_PLACES))
_ONCE = frozenset({Place.FORMAT})


def _pieces(drawn: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """At most one of what a request can have once."""
    once = {piece.place: piece for piece in drawn if piece.place in _ONCE}
    return (*(piece for piece in drawn if piece.place not in _ONCE), *once.values())


def conversations(callers: int, models: int, routes: int) -> st.SearchStrategy[Conversation]:
    """A conversation in a world of so many callers, models and routes."""
    named = {"route": st.integers(0, routes - 1), "model": st.integers(0, models - 1)}
    asks = st.sampled_from(["auto", "auto", "route", "route", "route", "model"]).flatmap(
        lambda kind: st.tuples(st.just(kind), named[kind]) if kind in named else st.none()
    )
    script = st.tuples(_MODEL_STEPS, _MODEL_STEPS, _MODEL_STEPS)
    return st.builds(
        Conversation,
        caller=st.integers(0, callers - 1),
        asks=asks,
        headers=st.sampled_from([0, 0, 0, 0, 0, 1, 2]).flatmap(lambda n: st.tuples(*[LABELS] * n)),
        stream=st.booleans(),
        image=st.sampled_from([False] * 9 + [True]),
        escaped=st.sampled_from([False] * 7 + [True]),
        question=st.sampled_from([*QUESTIONS[:2] * 4, *QUESTIONS]),
        pieces=st.integers(0, 5).flatmap(lambda n: st.tuples(*[_PIECE] * n)).map(_pieces),
        models=st.tuples(*[script] * models),
        tools=st.tuples(_TOOL_STEPS, _TOOL_STEPS),
        api=APIS,
    )
