"""The label of a whole request: the highest of what its content shows and what its caller says."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import InvalidRequest
from gateway.labels import highest
from gateway.types import Caller, Label, Signals

HEADER = b"x-pointsman-sensitivity"


def label_of(signals: Signals, caller: Caller, unreadable: Label, headers: Mapping[bytes, bytes]) -> Label:
    """The highest of what the content, the caller's floor and every header say, and of `unreadable`.

    Raises:
        InvalidRequest: the header names no label.
    """
    labels = [signals.sensitivity.best, caller.label, *(finding.label for finding in signals.findings)]
    if signals.unreadable:
        labels.append(unreadable)
    if HEADER in headers:
        labels.extend(_named(word) for word in headers[HEADER].decode("latin-1").split(","))
    return highest(labels)


def _named(word: str) -> Label:
    try:
        return Label[word.strip().upper()]
    except KeyError:
        known = ", ".join(label.word for label in Label)
        raise InvalidRequest(f"'x-pointsman-sensitivity' must be one of {known}.") from None
