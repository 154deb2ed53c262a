"""What the wrapper says or does in one turn, decided by the request's structure alone."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from gateway.backends.local import extract
from gateway.backends.local.arguments import Reading, read
from gateway.backends.local.choose import Choice, choose, texts_of
from gateway.backends.local.say import said
from gateway.backends.local.words import words
from gateway.errors import ProviderError
from gateway.interfaces import Embedder
from gateway.labels import Destination, NotCleared, clear
from gateway.types import ChatRequest, Label, ToolCall, ToolResult, ToolSpec

Vectors = NDArray[np.float32]

MAX_PARTS = 4  # of a request that asks for more than one thing
MAX_KNOWN = 32  # sets of tools whose vectors are kept
SHORT = 6  # words: a shorter message may lean on the one before
_FILLED, _UNFILLED, _NOTHING_READ = (
    0.10,
    -0.10,
    -0.05,
)  # added to a tool's score, by what arguments could be read


@dataclass(frozen=True, slots=True)
class Turn:
    """Words, or tools to call."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()


class Wrapper:
    """Decides turns. `embedder` None, or not cleared, or down: by words alone."""

    def __init__(
        self, embedder: Embedder | None, destination: Destination | None, today: Callable[[], date]
    ) -> None:
        self._embedder, self._destination, self._today = embedder, destination, today
        self._known: OrderedDict[tuple[tuple[int, str], ...], Vectors] = OrderedDict()

    async def turn(self, request: ChatRequest) -> Turn | None:
        """The turn; None: nothing here to go by, so that it is open chat.

        Results are said, and with them what the passages add; else a tool is called where one fits; else the
        passages are quoted.
        """
        results = results_of(request)
        if results:
            told = [said(tool, result) for tool, result in results]
            quote = await self._quote(request)
            return Turn(" ".join(told) + (f"\n\n{quote}" if quote else ""))
        act = await self._act(request)
        if act is not None:
            return act
        if request.passages or request.searched:
            return Turn(await self._quote(request) or extract.NOT_FOUND)
        return None

    async def _quote(self, request: ChatRequest) -> str | None:
        found = extract.candidates(request.question, request.passages)
        vectors = await self._near(request.question, extract.texts_of(request.passages, found), request.label)
        quote = extract.best(request.question, request.passages, found, vectors)
        return None if quote is None else extract.quoted(quote)

    async def _act(self, request: ChatRequest) -> Turn | None:
        tools = (*request.offered, *request.tools)
        wish = _tool_choice(request)
        if wish not in ("auto", "required"):
            tools = tuple(t for t in tools if t.name == wish)
        if not tools:
            return None
        for text in _askings(request):
            turn = await self._several(text, tools, request) or await self._one(text, tools, request, wish)
            if turn is not None:
                return turn
        return None

    async def _several(self, text: str, tools: Sequence[ToolSpec], request: ChatRequest) -> Turn | None:
        """A request in parts, two of which at least ask for a tool of their own."""
        calls: dict[tuple[str, str], ToolCall] = {}
        parts = _parts(text)
        for part in parts if len(parts) > 1 else ():
            choice = await self._choose(part, tools, request.label)
            if choice is not None and choice.callable:
                reading = read(choice.tool, part, self._today())
                if not reading.missing:
                    call = _call(choice.tool, reading)
                    calls[call.name, call.arguments] = call
        return Turn(calls=tuple(calls.values())) if len({name for name, _ in calls}) > 1 else None

    async def _one(
        self, text: str, tools: Sequence[ToolSpec], request: ChatRequest, wish: str
    ) -> Turn | None:
        choice = await self._choose(text, tools, request.label)
        if choice is None or not (choice.callable or wish != "auto"):
            return None
        reading = read(choice.tool, text, self._today())
        for earlier in _earlier(request):
            if reading.missing and earlier not in text:
                reading = _filled_from(reading, read(choice.tool, earlier, self._today()))
        if not reading.missing:
            return Turn(calls=(_call(choice.tool, reading),))
        asks = wish != "auto" or (choice.very_sure and not request.passages)
        return Turn(_asks_for(reading)) if asks else None

    async def _choose(self, text: str, tools: Sequence[ToolSpec], label: Label) -> Choice | None:
        texts = texts_of(tools)
        vectors = await self._tool_vectors(text, texts, label)
        today = self._today()
        return choose(text, tools, texts, vectors, lambda tool: _fit(read(tool, text, today)))

    async def _tool_vectors(
        self, text: str, texts: tuple[tuple[int, str], ...], label: Label
    ) -> tuple[Vectors, Vectors] | None:
        """The request's vector and the tools', which are kept from one request to the next."""
        if texts not in self._known:
            known = await self._embed(tuple(t for _, t in texts), label)
            if known is None:
                return None
            self._known[texts] = known
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        asked = await self._embed((text,), label)
        return None if asked is None else (asked, self._known[texts])

    async def _near(self, text: str, texts: tuple[str, ...], label: Label) -> tuple[Vectors, Vectors] | None:
        if not texts:
            return None
        asked, compared = await self._embed((text,), label), await self._embed(texts, label)
        return None if asked is None or compared is None else (asked, compared)

    async def _embed(self, texts: tuple[str, ...], label: Label) -> Vectors | None:
        if self._embedder is None or self._destination is None:
            return None
        try:
            return await self._embedder.embed(clear(texts, label, self._destination, "embedder"))
        except (NotCleared, ProviderError):
            return None


def results_of(request: ChatRequest) -> tuple[tuple[ToolSpec, ToolResult], ...]:
    """What tools have answered since the last user message, called by the gateway or by the caller."""
    if request.results:
        return request.results
    known = {tool.name: tool for tool in request.tools}
    called: dict[str, str] = {}
    got: list[tuple[ToolSpec, ToolResult]] = []
    for message in request.messages:
        called.update({call.id: call.name for call in message.tool_calls})
        if message.role == "user":
            got.clear()
        elif message.role == "tool":
            name = called.get(message.tool_call_id or "", message.name or "")
            got.append((known.get(name, ToolSpec(name, "", {})), ToolResult(message.text)))
    return tuple(got)


def _tool_choice(request: ChatRequest) -> str:
    """auto, required, none, or the name of the tool that the caller insists on."""
    try:
        wish = json.loads(request.fields.get("tool_choice", b"null"))
    except ValueError:
        return "auto"
    if isinstance(wish, dict):
        function = wish.get("function")
        return str(function.get("name", "auto")) if isinstance(function, dict) else "auto"
    return wish if wish in ("none", "required") else "auto"


def _askings(request: ChatRequest) -> tuple[str, ...]:
    """The last message; then, where it is short, together with the user's message before it."""
    last, earlier = request.question, _earlier(request)
    if earlier and len(words(last)) <= SHORT:
        return (last, f"{earlier[0]}\n{last}")
    return (last,)


def _earlier(request: ChatRequest) -> tuple[str, ...]:
    """The user's two messages before the last, newest first."""
    asked = [m.text for m in request.messages if m.role == "user"]
    return tuple(reversed(asked[-3:-1]))


_PART = re.compile(r"(?<=[?!.;])\s+|,?\s+(?:and|also|plus|then)\s+(?:also\s+|then\s+)?", re.IGNORECASE)


def _parts(text: str) -> list[str]:
    parts = [p.strip() for p in _PART.split(text[:2_000]) if len(words(p)) >= 3]
    return parts[:MAX_PARTS]


def _call(tool: ToolSpec, reading: Reading) -> ToolCall:
    return ToolCall(f"call_{uuid4().hex[:20]}", tool.name, json.dumps(reading.arguments, ensure_ascii=False))


def _fit(reading: Reading) -> float:
    if reading.missing:
        return _UNFILLED
    return _FILLED * reading.firm if reading.arguments else _NOTHING_READ


def _filled_from(reading: Reading, other: Reading) -> Reading:
    missing = tuple(p for p in reading.missing if p.name not in other.arguments)
    return Reading({**other.arguments, **reading.arguments}, missing, reading.firm)


def _asks_for(reading: Reading) -> str:
    """`I need the order id for that.`"""
    wanted = [
        f"the {p.human}" + (f" ({p.description.rstrip('.')})" if p.description else "")
        for p in reading.missing
    ]
    return f"To do that I need {' and '.join(wanted)}. Please add what is missing."
