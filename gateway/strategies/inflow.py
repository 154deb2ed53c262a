"""What flows into a conversation: its label, and whether this caller may see it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.interfaces import LabelText
from gateway.types import Label


@dataclass(frozen=True, slots=True)
class Inflow:
    """`read` labels a text by what is found in it; `clearance` is the caller's."""

    read: LabelText
    clearance: Label

    def label(self, source: Label, text: str) -> Label:
        """The higher of its source's label and of what is found in it."""
        return max(source, self.read(text))

    def admits(self, label: Label) -> bool:
        """Whether the gateway may add data of this label for this caller."""
        return label <= self.clearance
