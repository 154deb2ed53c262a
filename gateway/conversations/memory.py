"""What the gateway remembers of conversations: which words were its own, and what serves a tool loop."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from time import monotonic
from typing import Final

from gateway.conversations.digests import DIGESTED, Talk, digest_of, length, thought
from gateway.conversations.ids import is_drawn
from gateway.conversations.lately import Lately
from gateway.conversations.saying import Saying
from gateway.inbound import CONVERSATION
from gateway.policy.evaluate import Stay
from gateway.types import Answer, Caller, ChatRequest, Delta, Event, Message, Serving, ToolCall

MOST: Final = 100_000  # answers, as many tool loops, and as many ids: about 250 bytes each
SECONDS: Final = 24 * 3600.0
MAX_TEXT: Final = 256 * 1024  # characters of a conversation; of a longer one no words are known


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
        self._talk = Talk(memory.key, name)
        self._known = sum(map(length, request.messages)) <= MAX_TEXT
        self._asked: bytes | None = None  # the conversation up to the assistant's last turn
        self._trusted = [self._is_trusted(message) for message in request.messages]
        self.stays = self._begun(request.messages)
        self._served_trusted = True
        self._model = ""
        self._saying = Saying(MAX_TEXT)

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
        if message.role != "assistant":
            if self._known and message.role in DIGESTED:
                self._talk.hear(message.role, message.text, message.tool_calls)
            return message.trusted
        said = message.role, message.text, message.tool_calls
        digest = self._asked = self._talk.goes_on(*said) if self._known else None
        if message.unreadable or not message.trusted:
            return False
        if not message.text and not message.tool_calls and not message.reasoning:
            return True
        return digest is not None and all(map(self._said, (digest, *thought(digest, message.reasoning))))

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
            if not (turn.text or turn.calls or turn.reasoning):
                continue  # as with vectors: what comes back of it is nothing, which needs no memory
            digest = self._talk.once_said("assistant", turn.text, turn.calls) if self._known else None
            if digest is not None and self._served_trusted:
                for known in (digest, *thought(digest, turn.reasoning)):
                    self._memory.said.put(self._caller, known, True)
            if route and turn.calls:
                self._stay(digest, turn.calls, Stay(route, self._model))

    def _stay(self, digest: bytes | None, calls: Iterable[ToolCall], stay: Stay) -> None:
        """Remembers what serves a loop; an id that is given again was not drawn, whatever it looks like."""
        if digest is not None:
            self._memory.loops.put(self._caller, digest, stay)
        for call in filter(is_drawn, calls):
            key = self._id(call.id)
            given = self._memory.drawn.get(self._caller, key) is not None
            self._memory.drawn.put(self._caller, key, _SHARED if given else stay)

    def _id(self, call: str) -> bytes:
        return digest_of(call, self._memory.key)


_SHARED = Stay("", "")  # of an id that was given more than once
