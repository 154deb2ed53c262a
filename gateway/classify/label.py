"""Labels of a request and its messages: the highest of what content shows and what the caller says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.errors import InvalidRequest
from gateway.labels import highest
from gateway.policy.schema import Guard
from gateway.types import Caller, ChatRequest, Finding, Label, Signals

HEADER = b"x-pointsman-sensitivity"


def labelled(
    parsed: ChatRequest,
    signals: Signals,
    caller: Caller,
    unreadable: Label,
    headers: Mapping[bytes, bytes],
) -> ChatRequest:
    """The request with its label, and each of its messages with its own.

    Raises:
        InvalidRequest: a header names no label.
    """
    label = label_of(signals, caller, unreadable, headers)
    return messages_labelled(parsed.labelled(label), signals, said_by(caller, headers), unreadable)


def messages_labelled(request: ChatRequest, signals: Signals, floor: Label, unreadable: Label) -> ChatRequest:
    """The request, each message labelled by what is in it: no lower than `floor`, no higher than the request.

    A sensitivity that no finding explains was told of the whole, so it is each message's.
    """
    if request.label is Label.PUBLIC:
        return request
    explained = highest(finding.label for finding in signals.findings)
    least = max(floor, signals.sensitivity.best) if signals.sensitivity.best > explained else floor
    own = {finding.message: least for finding in signals.findings}
    for finding in signals.findings:
        own[finding.message] = max(own[finding.message], finding.label)
    messages = (
        replace(
            message,
            label=min(
                request.label,
                max(own.get(index, least), unreadable if message.unreadable else Label.PUBLIC),
            ),
        )
        for index, message in enumerate(request.messages)
    )
    return replace(request, messages=tuple(messages))


def label_of(signals: Signals, caller: Caller, unreadable: Label, headers: Mapping[bytes, bytes]) -> Label:
    """The highest of what the content, the caller's floor and every header say, and of `unreadable`.

    Raises:
        InvalidRequest: the header names no label.
    """
    labels = [signals.sensitivity.best, *(finding.label for finding in signals.findings)]
    if signals.unreadable:
        labels.append(unreadable)
    return highest((*labels, said_by(caller, headers)))


def said_by(caller: Caller, headers: Mapping[bytes, bytes]) -> Label:
    """What the caller says itself: its floor, and every header.

    Raises:
        InvalidRequest: the header names no label.
    """
    if HEADER not in headers:
        return caller.label
    named = (_named(word) for word in headers[HEADER].decode("latin-1").split(","))
    return highest((caller.label, *named))


def label_left(
    label: Label,
    guards: Sequence[Guard],
    before: Signals,
    left: Signals,
    caller: Caller,
    unreadable: Label,
    headers: Mapping[bytes, bytes],
) -> Label:
    """The label of a request that was masked by `guards`: what is `left` of it, and never more than `label`.

    Where no guard says `lowers_to`, it stays, and so does the label of what only guards without it mask. A
    label that was given to the whole text, before masking or after, stays too, unless every guard that lowers
    says `accept_residual`.
    """
    lowering = [guard for guard in guards if guard.lowers_to is not None]
    if not lowering:
        return label
    labels = [guard.lowers_to for guard in lowering if guard.lowers_to is not None]
    labels += [left_of(finding, guards) for finding in before.findings if _is_span(finding)]
    if all(guard.accept_residual for guard in lowering):
        left = _spans_only(left)
    else:
        labels += [finding.label for finding in before.findings if not _is_span(finding)]
    return min(label, highest((*labels, label_of(left, caller, unreadable, headers))))


def left_of(finding: Finding, guards: Iterable[Guard]) -> Label:
    """What masking leaves of the label that a finding gives: no less than a guard that masks it lowers to."""
    lowered = [
        guard.lowers_to
        for guard in guards
        if guard.lowers_to is not None and not {finding.entity, finding.kind}.isdisjoint(guard.mask)
    ]
    return min(finding.label, highest(lowered)) if lowered else finding.label


def _is_span(finding: Finding) -> bool:
    return finding.end > finding.start


def _spans_only(signals: Signals) -> Signals:
    """The signals, their sensitivity told by findings that have a place alone."""
    spans = tuple(finding for finding in signals.findings if _is_span(finding))
    told = replace(signals.sensitivity, best=highest(finding.label for finding in spans))
    return replace(signals, sensitivity=told, findings=spans)


def _named(word: str) -> Label:
    try:
        return Label[word.strip().upper()]
    except KeyError:
        known = ", ".join(label.word for label in Label)
        raise InvalidRequest(f"'x-pointsman-sensitivity' must be one of {known}.") from None
