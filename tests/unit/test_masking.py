"""Between guards and routes: what is left after masking, and which label it has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.api.wire import chat_request
from gateway.classify.classifier import LinearClassifier
from gateway.classify.label import label_of
from gateway.errors import Blocked
from gateway.masking import Hidden, Masker
from gateway.policy.schema import Guard
from gateway.types import Caller, Label, Masked
from tests.policies import loaded

MAIL = "anna.larsen@example.org"
ANYONE = Caller("anyone")
CLASSIFIER = LinearClassifier()


def guard(folder: Path, action: str = "mask: [contact], lowers_to: internal") -> Guard:
    return loaded(folder, guards=f"guards: [{{name: hide, when: 'true', {action}}}]\n").guards[0]


def masked(text: str, *guards: Guard, caller: Caller = ANYONE, header: bytes = b"", **members: Any) -> Hidden:
    request = chat_request(
        json.dumps({"model": "auto", "messages": [{"role": "user", "content": text}], **members}).encode()
    )
    headers = {b"x-pointsman-sensitivity": header} if header else {}
    signals = CLASSIFIER.classify(request)
    request = request.labelled(label_of(signals, caller, Label.CONFIDENTIAL, headers))
    masker = Masker(chat_request, CLASSIFIER.classify, Label.CONFIDENTIAL)
    return masker(request, signals, guards, caller, headers)


ASK = f"Please write to {MAIL} that the parcel is late."


def test_what_is_masked_lowers_the_label(tmp_path: Path) -> None:
    hidden = masked(ASK, guard(tmp_path))
    assert hidden.request.question == "Please write to [EMAIL_1] that the parcel is late."
    assert hidden.request.label is Label.INTERNAL
    assert hidden.note == Masked(("hide",), {"email": 1}, Label.CONFIDENTIAL, Label.INTERNAL)


def test_without_lowers_to_the_label_stays(tmp_path: Path) -> None:
    hidden = masked(ASK, guard(tmp_path, "mask: [email]"))
    assert MAIL not in hidden.request.question
    assert hidden.request.label is Label.CONFIDENTIAL


def test_where_nothing_was_masked_nothing_is_lowered(tmp_path: Path) -> None:
    hidden = masked(
        f"My password is hunter2xyz, tell {MAIL}", guard(tmp_path, "mask: [iban], lowers_to: public")
    )
    assert hidden.request.label is Label.RESTRICTED
    assert hidden.note.entities == {}


def test_what_is_left_keeps_the_label_that_it_has(tmp_path: Path) -> None:
    hidden = masked(f"{ASK} My card is 4111 1111 1111 1111.", guard(tmp_path))
    assert "[EMAIL_1]" in hidden.request.question
    assert hidden.request.label is Label.RESTRICTED


def test_the_callers_floor_the_header_and_the_unreadable_stay(tmp_path: Path) -> None:
    picture = [{"role": "user", "content": [
        {"type": "text", "text": ASK},
        {"type": "image_url", "image_url": {"url": "https://pictures.example/1.png"}},
    ]}]  # fmt: skip
    hide = guard(tmp_path)
    assert masked(ASK, hide, caller=Caller("hr", label=Label.RESTRICTED)).request.label is Label.RESTRICTED
    assert masked(ASK, hide, header=b"restricted").request.label is Label.RESTRICTED
    assert masked(ASK, hide, messages=picture).request.label is Label.CONFIDENTIAL


HEALTH = f"My colleague {MAIL} was diagnosed with depression and takes sertraline, what should I say to her?"


def test_a_label_of_the_whole_text_falls_only_where_the_guard_accepts_that(tmp_path: Path) -> None:
    assert masked(HEALTH, guard(tmp_path)).request.label is Label.CONFIDENTIAL
    accepting = guard(tmp_path, "mask: [contact], lowers_to: internal, accept_residual: true")
    assert masked(HEALTH, accepting).request.label is Label.INTERNAL
    card = f"{HEALTH} Her card is 4111 1111 1111 1111."
    assert masked(card, accepting).request.label is Label.RESTRICTED


def test_of_several_guards_the_highest_label_counts_and_all_must_accept(tmp_path: Path) -> None:
    low = guard(tmp_path, "mask: [email], lowers_to: public, accept_residual: true")
    high = guard(tmp_path, "mask: [payment], lowers_to: internal")
    assert masked(ASK, low).request.label is Label.PUBLIC
    assert masked(ASK, low, high).request.label is Label.INTERNAL
    assert masked(HEALTH, low).request.label is Label.PUBLIC
    assert masked(HEALTH, low, high).request.label is Label.CONFIDENTIAL


def test_masking_never_raises_a_label(tmp_path: Path) -> None:
    hidden = masked("desk@example.org", guard(tmp_path, "mask: [email], lowers_to: restricted"))
    assert hidden.request.label is Label.CONFIDENTIAL


@pytest.mark.parametrize("member", ["previous_response_id", "conversation"])
def test_turns_held_upstream_are_refused_and_nothing_else_that_is_null(tmp_path: Path, member: str) -> None:
    with pytest.raises(Blocked, match="cannot be masked"):
        masked(ASK, guard(tmp_path), **dict[str, Any]({member: "resp_1"}))
    assert masked(ASK, guard(tmp_path), **dict[str, Any]({member: None})).mask
