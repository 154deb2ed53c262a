"""What the gateway remembers of conversations: which words were its own, and what serves a tool loop."""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import takewhile
from time import monotonic
from typing import Final, Generic, TypeVar

import msgspec

from gateway.inbound import CONVERSATION
from gateway.policy.evaluate import Stay
from gateway.types import Answer, Caller, ChatRequest, Delta, Event, Message, Serving, ToolCall, ToolCallDelta

MOST: Final = 100_000  # answers, as many tool loops, and as many ids: about 250 bytes each
SECONDS: Final = 24 * 3600.0
MAX_TEXT: Final = 256 * 1024  # characters of a conversation; of a longer one no words are known
MAX_CHOICES: Final = 16  # of one answer; what is beyond is not remembered

Value = TypeVar("Value")


class Lately(Generic[Value]):
    """The last values of each caller, each kept for `seconds`.

    Beyond `most` in all, the caller that has the most loses its oldest: nobody crowds out the others.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kept: dict[str, OrderedDict[bytes, tuple[float, Value]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, caller: str, key: bytes, value: Value) -> None:
        own = self._kept.setdefault(caller, OrderedDict())
        self._count += key not in own
        own[key] = (self._clock(), value)
        own.move_to_end(key)
        while self._is_over(next(iter(own.values()))[0]):
            self._drop(caller, 1)
        if self._count > self._most:
            largest = max(self._kept, key=lambda name: len(self._kept[name]))
            self._drop(largest, len(self._kept[largest]) // 10 + 1)

    def get(self, caller: str, key: bytes) -> Value | None:
        own = self._kept.get(caller)
        kept = None if own is None else own.get(key)
        return None if kept is None or self._is_over(kept[0]) else kept[1]

    def _is_over(self, at: float) -> bool:
        return self._clock() - at > self._seconds

    def _drop(self, caller: str, count: int) -> None:
        """Forgets the oldest of a caller."""
        own = self._kept[caller]
        for _ in range(count):
            own.popitem(last=False)
        self._count -= count
        if not own:
            del self._kept[caller]


class Conversations:
    """Memory of the process, bounded by count and time; for the event loop's thread alone.

    No text is kept: what was said is known by a digest under a key that the process draws for itself. After
    a restart, and in another process, nothing is known, and what is not known is not trusted.
    """

    def __init__(
        self, most: int = MOST, seconds: float = SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        self.key = secrets.token_bytes(32)
        self.said: Lately[bool] = Lately(most, seconds, clock)  # by a conversation up to this answer
        self.loops: Lately[Stay] = Lately(most, seconds, clock)  # by a conversation up to this answer
        self.drawn: Lately[Stay] = Lately(most, seconds, clock)  # by the id of a tool call

    def resume(self, request: ChatRequest, caller: Caller, headers: Mapping[bytes, bytes]) -> Thread:
        """The conversation that this request goes on with, as it came."""
        return Thread(self, request, caller.name, headers.get(CONVERSATION) or None)


class Thread:
    """One request's conversation: what is known of its earlier turns, and what is said next.

    A caller sends back what it was answered, and an answer may repeat what stood in a passage or in a tool's
    result. So of assistant messages only those are trusted that the gateway itself gave this caller, in this
    conversation, while it held nothing untrusted. What makes it this conversation is what user and assistant
    said up to there; a caller that sends less than the whole names its conversation in a header.

    `stays` is what serves the tool loop that the request goes on with; None: it is in none that is known. A
    loop is known by its conversation as well. A caller may have edited that, or it is too long: then the id
    of a call tells, where it was drawn at random and given once.
    """

    def __init__(self, memory: Conversations, request: ChatRequest, caller: str, name: bytes | None) -> None:
        self._memory, self._caller = memory, caller
        self._talk = _Talk(memory.key, name)
        self._known = sum(map(_length, request.messages)) <= MAX_TEXT
        self._asked: bytes | None = None  # the conversation up to the assistant's last turn
        self._trusted = [self._is_trusted(message) for message in request.messages]
        self.stays = self._begun(request.messages)
        self._served_trusted = True
        self._model = ""
        self._saying = _Saying()

    def trusting(self, request: ChatRequest) -> ChatRequest:
        """The same conversation, masked or not, with each message trusted as far as it may be."""
        messages = request.messages
        if [message.trusted for message in messages] == self._trusted:
            return request
        told = zip(messages, self._trusted, strict=True)
        return replace(
            request,
            messages=tuple(m if m.trusted == trusted else replace(m, trusted=trusted) for m, trusted in told),
        )

    def hear(self, event: Event, route: str) -> None:
        """Takes what leaves for the caller; what is said is remembered before its end has left."""
        if isinstance(event, Delta):
            self._saying.delta(event)
            if event.finish:
                self._answered(route)
        elif isinstance(event, Answer):
            self._saying.answer(event)
            self._answered(route)
        elif isinstance(event, Serving):
            self._model = event.model
            self._served_trusted = self._served_trusted and event.trusted

    def _is_trusted(self, message: Message) -> bool:
        digest = None
        if self._known and message.role in _DIGESTED:
            digest = self._talk.goes_on(message.role, message.text, message.tool_calls)
        if message.role != "assistant":
            return message.trusted
        self._asked = digest
        if message.unreadable or not message.trusted:
            return False
        if not message.text and not message.tool_calls and not message.reasoning:
            return True
        return digest is not None and all(map(self._said, (digest, *_thought(digest, message.reasoning))))

    def _said(self, digest: bytes) -> bool:
        return self._memory.said.get(self._caller, digest) is not None

    def _begun(self, messages: Sequence[Message]) -> Stay | None:
        results = list(takewhile(lambda message: message.role == "tool", reversed(messages)))
        ids = [message.tool_call_id or "" for message in results]
        asking = messages[-len(ids) - 1].tool_calls if ids and len(ids) < len(messages) else ()
        if self._asked is not None and any(call.id in ids for call in asking):
            begun = self._memory.loops.get(self._caller, self._asked)
            if begun is not None:
                return begun
        found = (self._memory.drawn.get(self._caller, self._id(id_)) for id_ in ids)
        return next((stay for stay in found if stay is not None and stay != _SHARED), None)

    def _answered(self, route: str) -> None:
        for turn in self._saying.turns():
            digest = self._talk.once_said("assistant", turn.text, turn.calls) if self._known else None
            if digest is not None and self._served_trusted:
                for known in (digest, *_thought(digest, turn.reasoning)):
                    self._memory.said.put(self._caller, known, True)
            if route and turn.calls:
                self._stay(digest, turn.calls, Stay(route, self._model))

    def _stay(self, digest: bytes | None, calls: Iterable[ToolCall], stay: Stay) -> None:
        """Remembers what serves a loop; an id that is given again was not drawn, whatever it looks like."""
        if digest is not None:
            self._memory.loops.put(self._caller, digest, stay)
        for call in filter(_is_drawn, calls):
            key = self._id(call.id)
            given = self._memory.drawn.get(self._caller, key) is not None
            self._memory.drawn.put(self._caller, key, _SHARED if given else stay)

    def _id(self, call: str) -> bytes:
        return blake2b(_bytes(call), digest_size=16, key=self._memory.key).digest()


_DIGESTED = frozenset({"user", "assistant"})
_SHARED = Stay("", "")  # of an id that was given more than once


class _Talk:
    """A digest of a conversation that grows turn by turn; of one that has a name, the name and the turn."""

    def __init__(self, key: bytes, name: bytes | None) -> None:
        self._named = name is not None
        self._state = blake2b(name or b"", digest_size=16, key=key)

    def goes_on(self, role: str, text: str, calls: Sequence[ToolCall]) -> bytes:
        """The digest of the conversation up to this turn, which is part of it from now on."""
        state = self._with(role, text, calls)
        if not self._named:
            self._state = state
        return state.digest()

    def once_said(self, role: str, text: str, calls: Sequence[ToolCall]) -> bytes:
        """The digest that the conversation would have if this were its next turn."""
        return self._with(role, text, calls).digest()

    def _with(self, role: str, text: str, calls: Sequence[ToolCall]) -> blake2b:
        state = self._state.copy()
        state.update(_bytes(f"\0{role} {len(calls)} {_framed(_plain(text))}"))
        for call in calls:
            parts = call.id, call.name, _canonical(call.arguments)
            state.update(_bytes("\0" + " ".join(map(_framed, parts))))
        return state


def _thought(digest: bytes, reasoning: Iterable[str]) -> Iterator[bytes]:
    """The digests of an answer's reasoning, which a caller may send back or leave out."""
    for text in reasoning:
        yield blake2b(_bytes(_plain(text)), digest_size=16, key=digest, person=b"reasoning").digest()


# What an answer says


@dataclass(slots=True)
class _Turn:
    """One choice of an answer."""

    text: str
    calls: tuple[ToolCall, ...]
    reasoning: frozenset[str]


class _Saying:
    """Puts together what an answer's events say, choice by choice; of more than MAX_TEXT, nothing.

    The first choice's text and calls stand in the event. Only where an event says anything beside those, the
    JSON is read that it came as.
    """

    def __init__(self) -> None:
        self._first = _Choice()
        self._choices = {0: self._first}
        self._left = MAX_TEXT

    def delta(self, delta: Delta) -> None:
        if self._left < 0:
            return
        self._left -= self._first.say(delta.text, delta.tool_calls)
        if delta.other and delta.raw is not None:
            self._beside(delta.raw)

    def answer(self, answer: Answer) -> None:
        calls = tuple(ToolCallDelta(i, c.id, c.name, c.arguments) for i, c in enumerate(answer.tool_calls))
        self._left -= self._first.say(answer.text, calls)
        if answer.raw is not None:
            self._beside(answer.raw)

    def turns(self) -> list[_Turn]:
        return [] if self._left < 0 else [choice.turn for choice in self._choices.values()]

    def _beside(self, raw: bytes) -> None:
        """What other choices say, and how each was reasoned; JSON of another shape stays unknown."""
        try:
            choices = _chunk.decode(raw).choices
        except msgspec.DecodeError:
            return
        for sent in choices:
            index, said = sent.index or 0, sent.delta or sent.message
            if said is None or not 0 <= index < MAX_CHOICES:
                continue
            choice = self._choices.get(index) or self._choices.setdefault(index, _Choice())
            if index:
                self._left -= choice.say(said.content or "", said.parts)
            self._left -= choice.think((said.reasoning_content or "", said.reasoning or ""))


@dataclass(slots=True)
class _Choice:
    """The pieces of one choice."""

    _texts: list[str] = field(default_factory=list)
    _parts: list[ToolCallDelta] = field(default_factory=list)
    _reasoning: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))  # by member

    def say(self, text: str, parts: Sequence[ToolCallDelta]) -> int:
        """Returns about how much it was."""
        if text:
            self._texts.append(text)
        if not parts:
            return len(text)
        self._parts += parts
        return len(text) + sum(1 + len(part.arguments) for part in parts)

    def think(self, texts: tuple[str, str]) -> int:
        """One text of each member that holds reasoning. Returns how much it was."""
        for pieces, text in zip(self._reasoning, texts, strict=True):
            if text:
                pieces.append(text)
        return sum(map(len, texts))

    @property
    def turn(self) -> _Turn:
        of: dict[int, list[ToolCallDelta]] = {}
        for part in self._parts:
            of.setdefault(part.index, []).append(part)
        calls = (
            ToolCall(
                next((part.id for part in parts if part.id), ""),
                next((part.name for part in parts if part.name), ""),
                "".join(part.arguments for part in parts),
            )
            for _, parts in sorted(of.items())
        )
        reasoning = frozenset(filter(None, map("".join, self._reasoning)))
        return _Turn("".join(self._texts), tuple(calls), reasoning)


class _SentFunction(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _SentCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _SentFunction | None = None


class _Sent(msgspec.Struct):
    """A message, or a delta of one: what vLLM, DeepSeek and the like send beside OpenAI's members too."""

    content: str | None = None
    tool_calls: list[_SentCall] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None

    @property
    def parts(self) -> list[ToolCallDelta]:
        calls = ((i, call, call.function or _SentFunction()) for i, call in enumerate(self.tool_calls or ()))
        return [
            ToolCallDelta(i if c.index is None else c.index, c.id or "", f.name or "", f.arguments or "")
            for i, c, f in calls
        ]


class _SentChoice(msgspec.Struct):
    index: int | None = None
    delta: _Sent | None = None
    message: _Sent | None = None


class _SentEvent(msgspec.Struct):
    choices: list[_SentChoice]


_chunk = msgspec.json.Decoder(_SentEvent)


# Texts


def _length(message: Message) -> int:
    """Characters of what a digest is made of."""
    if message.role not in _DIGESTED:
        return 0
    return sum(map(len, (message.text, *message.reasoning, *(c.arguments for c in message.tool_calls))))


def _plain(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def _framed(text: str) -> str:
    """With its length, so that no text can stand for a text and what follows it."""
    return f"{len(text)} {text}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _canonical(arguments: str) -> str:
    """The same for JSON that is the same: many clients parse a call's arguments and write them anew."""
    try:
        return msgspec.json.encode(msgspec.json.decode(arguments), order="sorted").decode()
    except (msgspec.DecodeError, RecursionError):
        return arguments


_RUN = re.compile(r"[A-Za-z0-9]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIFFERENT = 8  # characters at least; sixteen random hexadecimal digits have ten of them


def _is_drawn(call: ToolCall) -> bool:
    """Whether a call's id looks drawn at random, so that no other conversation has it.

    OpenAI, Anthropic, vLLM and others draw 16 characters or more. Some count (`call_0`), some make the id of
    the tool's name (`functions.NAME:0`), of the time or of nothing: so its name is left out, and a run of 16
    must hold letters, digits, and many different ones. Nine random characters, as of Mistral, are not told
    from a word and a number.
    """
    rest = call.id.replace(call.name, " ") if call.name else call.id
    return any(
        len(set(run)) >= _DIFFERENT and any(map(str.isdigit, run)) and any(map(str.isalpha, run))
        for run in _RUN.findall(rest)
    )
