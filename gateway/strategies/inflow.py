"""What flows into a conversation: its label, whether this caller may see it, and what of it is masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from gateway.interfaces import FindText
from gateway.labels import highest
from gateway.masks import ROUNDS, Mask
from gateway.types import Finding, Label


@dataclass(frozen=True, slots=True)
class Taken:
    """A text as it flows in, with the label that it has then."""

    text: str
    label: Label


@dataclass(frozen=True, slots=True)
class Inflow:
    """`find` says what is in a text; `clearance` is the caller's; `mask` hides what guards mask.

    `left` says what masking leaves of the label that a finding gives; without it, that label stays.
    """

    find: FindText
    clearance: Label
    mask: Mask | None = None
    left: Callable[[Finding], Label] = attrgetter("label")

    def take(self, source: Label, text: str) -> Taken | None:
        """The text for the model; None where the gateway may not add it for this caller, or cannot mask it.

        What is masked comes back in the reply, so the caller is held against the label before masking.
        """
        findings = self.find(text)
        label = _label(source, findings)
        if label > self.clearance:
            return None
        if self.mask is None:
            return Taken(text, label)
        lowered: list[Label] = []
        for _ in range(ROUNDS):
            if not self.mask.wants(findings):
                return Taken(self.mask.hide(text), highest((_label(source, findings), *lowered)))
            self.mask.learn(text, findings, label)
            lowered += [self.left(found) for found in findings if found.label is Label.RESTRICTED]
            text = self.mask.hide(text)
            findings = self.find(text)
        return None

    def hidden(self, value: Any) -> Any:
        """A text or a JSON value, masked by all that is known by now: parts of one thing name the same."""
        return value if self.mask is None else self.mask.hidden(value)

    def shown(self, arguments: str, label: Label, clearance: Label) -> tuple[str, Label]:
        """A call's arguments and their label: values come back only for a tool that is cleared for them."""
        if self.mask is None or not self.mask:
            return arguments, label
        label_shown = max(label, self.mask.label)
        if label_shown > clearance:
            return arguments, label
        return self.mask.restore(arguments, as_json=True), label_shown


def _label(source: Label, findings: Iterable[Finding]) -> Label:
    """Restricted where a credential, a card and the like is found, else the policy's word on the source.

    Lesser findings do not count: a handbook's telephone numbers are no secret.
    """
    return Label.RESTRICTED if any(f.label is Label.RESTRICTED for f in findings) else source
