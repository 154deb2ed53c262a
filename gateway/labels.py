"""Labels and the gate: nothing leaves for a destination that is not cleared for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from gateway.types import ChatRequest, Label

T = TypeVar("T")
_SEAL = object()


class NotCleared(Exception):
    """A label is above a destination's clearance. Never shown as it is: the flow decides what it means."""

    def __init__(self, kind: str, destination: str, label: Label, clearance: Label) -> None:
        super().__init__(f"{kind} {destination!r} is cleared for {clearance.word}, not for {label.word}")
        self.kind, self.destination, self.label = kind, destination, label


class Destination(Protocol):
    """Somewhere that data may go: a model, an embedder, a knowledge base, a tool server, a caller."""

    @property
    def name(self) -> str: ...
    @property
    def clearance(self) -> Label: ...


class Cleared(Struct, Generic[T], frozen=True):
    """A value that the gate has passed for one destination; only `clear` makes one."""

    value: T
    destination: str
    label: Label
    _seal: object

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("only gateway.labels.clear makes a Cleared value")


def clear(value: T, label: Label, destination: Destination, kind: str) -> Cleared[T]:
    """Pass `value` for `destination`.

    Raises:
        NotCleared: the label is above the destination's clearance.
    """
    if label > destination.clearance:
        raise NotCleared(kind, destination.name, label, destination.clearance)
    return Cleared(value, destination.name, label, _SEAL)


def lowered(masked: ChatRequest, label: Label) -> ChatRequest:
    """A request that was masked, with the label that what is left of it has: the only way down.

    Whoever calls it notes a `Masked`.
    """
    return replace(masked, label=label)


def highest(labels: Iterable[Label]) -> Label:
    """The label of things combined; of nothing, `public`."""
    return max(labels, default=Label.PUBLIC)
