"""Between the guards and the routes: masks a request, and labels what is left of it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from gateway.classify.label import label_left, messages_labelled, said_by
from gateway.errors import Blocked, InvalidRequest
from gateway.labels import lowered
from gateway.masks import Mask
from gateway.policy.schema import Guard
from gateway.types import Caller, ChatRequest, Label, Masked, Signals

_HELD_UPSTREAM = ("previous_response_id", "conversation")
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Hidden:
    """A masked request with the label that is left, the map to undo it, and what is told of it."""

    request: ChatRequest
    mask: Mask
    note: Masked


@dataclass(frozen=True, slots=True)
class Masker:
    """What masking needs beside the request: how a body is read, and how a request is understood."""

    parse: Callable[[bytes], ChatRequest]
    classify: Callable[[ChatRequest], Signals]
    unreadable: Label

    def __call__(
        self,
        request: ChatRequest,
        signals: Signals,
        guards: Sequence[Guard],
        caller: Caller,
        headers: Mapping[bytes, bytes],
    ) -> Hidden:
        """`request`, as it came, was understood as `signals`, and `guards` mask it.

        Raises:
            Blocked: earlier turns are held upstream, where nothing can be masked.
        """
        held = next((name for name in _HELD_UPSTREAM if request.fields.get(name, b"null") != b"null"), None)
        if held:
            raise Blocked(
                f"The policy masks parts of this request (guard {guards[0].name!r}), and the turns that "
                f"{held!r} stands for cannot be masked. Send the whole conversation instead."
            )
        mask = Mask([entity for guard in guards for entity in guard.mask], request.label, _taken(request))
        _learn(mask, request, signals)
        masked, label = request, request.label
        if mask:
            masked, left = self._masked(request, mask)
            label = label_left(request.label, guards, signals, left, caller, self.unreadable, headers)
            masked = messages_labelled(
                lowered(masked, label), left, said_by(caller, headers), self.unreadable
            )
        names = tuple(guard.name for guard in guards)
        return Hidden(masked, mask, Masked(names, dict(mask.counts), request.label, label))

    def _masked(self, request: ChatRequest, mask: Mask) -> tuple[ChatRequest, Signals]:
        """Masked until reading it again finds nothing new to mask: what is found of a text is bounded."""
        try:
            for _ in range(_ROUNDS):
                before = sum(mask.counts.values())
                masked = self.parse(_hidden(request, mask))
                left = self.classify(masked)
                _learn(mask, masked, left)
                if sum(mask.counts.values()) == before:
                    break
        except RecursionError:
            raise InvalidRequest("The body is nested too deeply to be masked.") from None
        return masked, left


def _learn(mask: Mask, request: ChatRequest, signals: Signals) -> None:
    for index, text in _texts(request):
        mask.learn(text, (found for found in signals.findings if found.message == index))


def _texts(request: ChatRequest) -> list[tuple[int, str]]:
    return [(-1, request.other_text), *((i, message.text) for i, message in enumerate(request.messages))]


def _taken(request: ChatRequest) -> str:
    return "\n".join(raw.decode() for raw in request.fields.values())


def _hidden(request: ChatRequest, mask: Mask) -> bytes:
    """The request's body, with every string masked but the model's name."""
    members = {name: msgspec.json.decode(raw) for name, raw in request.fields.items()}
    return msgspec.json.encode(
        {mask.hide(n): v if n == "model" else mask.hidden(v, n) for n, v in members.items()}
    )
