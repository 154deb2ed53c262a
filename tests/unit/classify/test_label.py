"""The label of a request, of each of its messages, and of what masking leaves."""

from __future__ import annotations

import pytest

from gateway.classify.label import label_left, label_of, labelled, said_by
from gateway.errors import InvalidRequest
from gateway.policy.conditions import checked
from gateway.policy.schema import Guard
from gateway.types import Caller, ChatRequest, Finding, Freshness, Guess, Label, Message, Signals, Task

ANYONE = Caller("anyone")
HEADER = b"x-pointsman-sensitivity"


def span(label: Label, message: int = 0, length: int = 5) -> Finding:
    return Finding("email", "contact", label, message, 0, length, 1.0)


def signals(*findings: Finding, told: Label = Label.PUBLIC, unreadable: bool = False) -> Signals:
    return Signals(
        task=Guess(Task.CODING, 1.0, False, {}),
        freshness=Guess(Freshness.STATIC, 1.0, False, {}),
        sensitivity=Guess(told, 1.0, False, {}),
        findings=findings,
        language="en",
        input_tokens=1,
        unreadable=unreadable,
        needs=frozenset(),
    )


@pytest.mark.parametrize(
    ("given", "caller", "header", "label"),
    [
        (signals(), ANYONE, b"", Label.PUBLIC),
        (signals(told=Label.CONFIDENTIAL), ANYONE, b"", Label.CONFIDENTIAL),
        (signals(span(Label.RESTRICTED)), ANYONE, b"", Label.RESTRICTED),
        (signals(unreadable=True), ANYONE, b"", Label.INTERNAL),
        (signals(), Caller("a", label=Label.CONFIDENTIAL), b"", Label.CONFIDENTIAL),
        (signals(), ANYONE, b"internal, Restricted", Label.RESTRICTED),
        (signals(), Caller("a", label=Label.CONFIDENTIAL), b"public", Label.CONFIDENTIAL),
    ],
)
def test_the_highest_of_content_caller_header_and_unreadable(
    given: Signals, caller: Caller, header: bytes, label: Label
) -> None:
    headers = {HEADER: header} if header else {}
    assert label_of(given, caller, Label.INTERNAL, headers) is label


def test_a_header_that_names_no_label_is_an_error() -> None:
    with pytest.raises(InvalidRequest, match="public, internal, confidential, restricted"):
        said_by(ANYONE, {HEADER: b"secret"})


def labels(given: Signals, caller: Caller = ANYONE, *, blind: int | None = None) -> list[str]:
    messages = tuple(Message("user", "hello", b"{}", unreadable=n == blind) for n in range(3))
    request = labelled(ChatRequest("auto", messages, {}), given, caller, Label.CONFIDENTIAL, {})
    return [message.label.word for message in request.messages]


def test_a_message_has_the_label_of_what_is_in_it() -> None:
    assert labels(signals()) == ["public"] * 3
    found = signals(span(Label.RESTRICTED, 1), told=Label.RESTRICTED)
    assert labels(found) == ["public", "restricted", "public"]
    assert labels(found, Caller("a", label=Label.INTERNAL)) == ["internal", "restricted", "internal"]
    assert labels(signals(unreadable=True), blind=2) == ["public", "public", "confidential"]


def test_what_no_finding_explains_is_every_messages() -> None:
    assert labels(signals(told=Label.CONFIDENTIAL)) == ["confidential"] * 3


def left(given: Signals, *guards: Guard, before: Signals | None = None) -> str:
    return label_left(
        Label.RESTRICTED, guards, before or signals(), given, ANYONE, Label.CONFIDENTIAL, {}
    ).word


def guard(lowers_to: Label | None = Label.INTERNAL, accept_residual: bool = False) -> Guard:
    return Guard("g", checked("true"), None, ("email",), lowers_to, accept_residual=accept_residual)


TOPIC = Finding("health", "topic", Label.CONFIDENTIAL, 0, 0, 0, 0.9)


def test_masking_leaves_the_highest_of_lowers_to_and_of_what_is_left() -> None:
    assert left(signals()) == "restricted"
    assert left(signals(), guard(None)) == "restricted"
    assert left(signals(), guard()) == "internal"
    assert left(signals(span(Label.CONFIDENTIAL), told=Label.CONFIDENTIAL), guard()) == "confidential"
    assert left(signals(), guard(), guard(Label.CONFIDENTIAL)) == "confidential"


def test_a_label_of_the_whole_text_falls_only_where_every_guard_accepts_it() -> None:
    assert left(signals(told=Label.CONFIDENTIAL), guard()) == "confidential"
    assert left(signals(), guard(), before=signals(TOPIC)) == "confidential"
    assert left(signals(TOPIC, told=Label.CONFIDENTIAL), guard(accept_residual=True)) == "internal"
    assert left(signals(told=Label.CONFIDENTIAL), guard(accept_residual=True), guard()) == "confidential"
    found = signals(TOPIC, span(Label.RESTRICTED), told=Label.RESTRICTED)
    assert left(found, guard(accept_residual=True)) == "restricted"
