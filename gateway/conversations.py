"""What the gateway remembers of conversations: which words were its own, and what serves a tool loop."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from time import monotonic
from typing import Final, Generic, TypeVar

import msgspec

from gateway.inbound import CONVERSATION
from gateway.policy.evaluate import Stay
from gateway.strategies.collect import Fragments
from gateway.types import Answer, Caller, ChatRequest, Delta, Event, Message, Serving, ToolCall

MOST: Final = 100_000  # answers, and as many tool calls: about 250 bytes each
SECONDS: Final = 24 * 3600.0
MAX_TEXT: Final = 256 * 1024  # characters of a conversation; of a longer one nothing is known

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
        self.loops: Lately[Stay] = Lately(most, seconds, clock)  # by the id of a tool call

    def resume(self, request: ChatRequest, caller: Caller, headers: Mapping[bytes, bytes]) -> Thread:
        """The conversation that this request goes on with, as it came."""
        return Thread(self, request, caller.name, headers.get(CONVERSATION))


class Thread:
    """One request's conversation: what is known of its earlier turns, and what is said next.

    A caller sends back what it was answered, and an answer may repeat what stood in a passage or in a tool's
    result. So of assistant messages only those are trusted that the gateway itself gave this caller, in this
    conversation, while it held nothing untrusted. What makes it this conversation is what user and assistant
    said up to there; a caller that sends less than the whole names its conversation in a header.

    `stays` is what serves the tool loop that the request goes on with; None: it is in none that is known.
    """

    def __init__(self, memory: Conversations, request: ChatRequest, caller: str, name: bytes | None) -> None:
        self._memory, self._caller = memory, caller
        self._said = _Said(memory.key, name)
        self._known = sum(map(_length, request.messages)) <= MAX_TEXT
        self._trusted = [self._is_trusted(message) for message in request.messages]
        self.stays = self._begun(request.messages)
        self._served_trusted = True
        self._model = ""
        self._texts: list[str] = []
        self._calls = Fragments()

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
        if isinstance(event, Serving):
            self._model = event.model
            self._served_trusted = self._served_trusted and event.trusted
        elif isinstance(event, Answer):
            self._answered(event.text, event.tool_calls, route)
        elif isinstance(event, Delta):
            self._texts.append(event.text)
            self._calls.add(event.tool_calls)
            if event.finish:
                self._answered("".join(self._texts), self._calls.calls, route)

    def _is_trusted(self, message: Message) -> bool:
        if message.role == "user":
            self._hears("user", message.text)
        if message.role != "assistant":
            return message.trusted
        digest = self._hears("assistant", message.text, message.tool_calls)
        if message.unreadable or not message.trusted:
            return False
        says_nothing = not message.text and not message.tool_calls
        return says_nothing or bool(digest and self._memory.said.get(self._caller, digest))

    def _hears(self, role: str, text: str, calls: Sequence[ToolCall] = ()) -> bytes | None:
        return self._said.more(role, text, calls) if self._known else None

    def _begun(self, messages: Sequence[Message]) -> Stay | None:
        for message in reversed(messages):
            if message.role != "tool" or message.tool_call_id is None:
                return None
            begun = self._memory.loops.get(self._caller, self._id(message.tool_call_id))
            if begun is not None:
                return begun
        return None

    def _answered(self, text: str, calls: Sequence[ToolCall], route: str) -> None:
        digest = self._hears("assistant", text, calls)
        if digest is not None and self._served_trusted:
            self._memory.said.put(self._caller, digest, True)
        for call in calls if route else ():
            self._memory.loops.put(self._caller, self._id(call.id), Stay(route, self._model))

    def _id(self, call: str) -> bytes:
        return blake2b(_bytes(call), digest_size=16, key=self._memory.key).digest()


class _Said:
    """A digest of a conversation that grows turn by turn; of one that has a name, the name and the turn."""

    def __init__(self, key: bytes, name: bytes | None) -> None:
        self._named = name is not None
        self._state = blake2b(name or b"", digest_size=16, key=key)

    def more(self, role: str, text: str, calls: Sequence[ToolCall]) -> bytes:
        """The digest of the conversation once this is said too."""
        state = self._state.copy() if self._named else self._state
        plain = text.strip().replace("\r\n", "\n")
        state.update(_bytes(f"\0{role} {len(calls)} {len(plain)} {plain}"))
        for call in calls:
            arguments = _canonical(call.arguments)
            state.update(_bytes(f"\0{len(call.id)} {call.id} {len(call.name)} {call.name} {arguments}"))
        return state.digest()


def _length(message: Message) -> int:
    return len(message.text) + sum(len(call.arguments) for call in message.tool_calls)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _canonical(arguments: str) -> str:
    """The same for JSON that is the same: many clients parse a call's arguments and write them anew."""
    try:
        return msgspec.json.encode(msgspec.json.decode(arguments), order="sorted").decode()
    except (msgspec.DecodeError, RecursionError):
        return arguments
