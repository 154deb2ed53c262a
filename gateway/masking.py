"""Between the guards and the routes: masks a request, and labels what is left of it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from gateway.classify.classifier import READABLE
from gateway.classify.label import label_left, messages_labelled, said_by
from gateway.errors import Blocked
from gateway.interfaces import Classifier
from gateway.labels import lowered
from gateway.masks import MOST, ROUNDS, Mask
from gateway.policy.schema import Guard
from gateway.types import Caller, ChatRequest, Finding, Label, Masked, Signals

_PASSES = 3  # over a whole body
_MOST_WORK = 2_000_000_000  # bytes × values: about a second
_FULL = 32  # findings from which on a text may hold more than were found
# Of a chat completions body, where some server may know them; of a Responses body neither comes this far.
_HELD_UPSTREAM = ("previous_response_id", "conversation")


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
    classifier: Classifier
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
            Blocked: earlier turns are held upstream, or something that is to be masked cannot be.
        """
        held = next((name for name in _HELD_UPSTREAM if request.fields.get(name, b"null") != b"null"), None)
        if held:
            raise Blocked(
                f"The policy masks parts of this request (guard {guards[0].name!r}), and the turns that "
                f"{held!r} stands for cannot be masked. Send the whole conversation instead."
            )
        mask = Mask([entity for guard in guards for entity in guard.mask], request.label, _taken(request))
        seen = self._learn(mask, request, signals)
        masked, label = request, request.label
        if mask.wants(signals.findings):
            masked, left = self._masked(request, mask, guards, seen)
            before = replace(signals, findings=tuple(seen))
            label = label_left(request.label, guards, before, left, caller, self.unreadable, headers)
            label = max(label, request.floor)
            masked = messages_labelled(
                lowered(masked, label), left, said_by(caller, headers), self.unreadable
            )
        names = tuple(guard.name for guard in guards)
        return Hidden(masked, mask, Masked(names, dict(mask.counts), request.label, label))

    def _masked(
        self, request: ChatRequest, mask: Mask, guards: Sequence[Guard], seen: list[Finding]
    ) -> tuple[ChatRequest, Signals]:
        """The request once reading it again finds nothing more to mask; `seen` takes what was found."""
        size = len(_body(request))
        for _ in range(_PASSES):
            if mask.is_full or size * len(mask) > _MOST_WORK:
                break
            masked = self.parse(_hidden(request, mask))
            left = self.classifier.classify(masked)
            if not mask.wants(left.findings):
                return masked, left
            seen += self._learn(mask, masked, left)
        raise Blocked(
            f"The policy masks parts of this request (guard {guards[0].name!r}), and some of them cannot be "
            f"masked where they stand, or are too many (more than {MOST}, fewer in a body of megabytes). "
            "Remove them and send again."
        )

    def _learn(self, mask: Mask, request: ChatRequest, signals: Signals) -> list[Finding]:
        """Take up what was found; a text that is full of it is read again until all of it is known.

        Gives all that was found.
        """
        seen = list(signals.findings)
        found: dict[int, list[Finding]] = {}
        for finding in signals.findings:
            found.setdefault(finding.message, []).append(finding)
        for message, findings in found.items():
            text = (request.outside if message < 0 else request.messages[message].text)[:READABLE]
            for _ in range(ROUNDS):
                mask.learn(text, findings)
                if len(findings) < _FULL:
                    break
                text = mask.hide(text)
                findings = list(self.classifier.find(text))
                seen += findings
        return seen


def _taken(request: ChatRequest) -> str:
    """Everything that can be read of it."""
    return "\n".join((request.other_text, *(message.text for message in request.messages)))


def _body(request: ChatRequest) -> bytes:
    """The body as the caller sent it, with all the turns that it refers to."""
    assert request.sent is not None, "a request is read from a body"
    return request.sent.whole


def _hidden(request: ChatRequest, mask: Mask) -> bytes:
    """The request's body, masked but for the model's name and options that are numbers or flags."""
    members = msgspec.json.decode(_body(request))
    return msgspec.json.encode(
        {
            mask.hide(name): mask.hidden(value, name)
            if name != "model" and isinstance(value, str | list | dict)
            else value
            for name, value in members.items()
        }
    )
