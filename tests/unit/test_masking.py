"""Between guards and routes: what is left after masking, and which label it has."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from gateway.api.members import DEEPEST
from gateway.api.wire import chat_request
from gateway.classify.classifier import LinearClassifier
from gateway.classify.label import label_of
from gateway.errors import Blocked
from gateway.masking import Hidden, Masker
from gateway.masks import MOST
from gateway.policy.conditions import checked
from gateway.policy.schema import Guard
from gateway.types import Caller, Label, Masked

MAIL = "anna.larsen@example.org"
ANYONE = Caller("anyone")
CLASSIFIER = LinearClassifier()


def guard(*mask: str, lowers_to: Label | None = Label.INTERNAL, accept_residual: bool = False) -> Guard:
    when = checked("true")
    return Guard(
        "hide", when, mask=mask or ("contact",), lowers_to=lowers_to, accept_residual=accept_residual
    )


def masked(text: str, *guards: Guard, caller: Caller = ANYONE, header: bytes = b"", **members: Any) -> Hidden:
    body = {"model": "auto", "messages": [{"role": "user", "content": text}], **members}
    return masked_body(json.dumps(body).encode(), *guards, caller=caller, header=header)


def masked_body(body: bytes, *guards: Guard, caller: Caller = ANYONE, header: bytes = b"") -> Hidden:
    request = chat_request(body)
    headers = {b"x-pointsman-sensitivity": header} if header else {}
    signals = CLASSIFIER.classify(request)
    request = request.labelled(label_of(signals, caller, Label.CONFIDENTIAL, headers))
    masker = Masker(chat_request, CLASSIFIER, Label.CONFIDENTIAL)
    return masker(request, signals, guards, caller, headers)


ASK = f"Please write to {MAIL} that the parcel is late."


def test_what_is_masked_lowers_the_label() -> None:
    hidden = masked(ASK, guard())
    assert hidden.request.question == "Please write to [EMAIL_1] that the parcel is late."
    assert hidden.request.label is Label.INTERNAL
    assert hidden.note == Masked(("hide",), {"email": 1}, Label.CONFIDENTIAL, Label.INTERNAL)


def test_without_lowers_to_the_label_stays() -> None:
    hidden = masked(ASK, guard("email", lowers_to=None))
    assert MAIL not in hidden.request.question
    assert hidden.request.label is Label.CONFIDENTIAL


def test_where_nothing_was_masked_nothing_is_lowered() -> None:
    hidden = masked(f"My password is hunter2xyz, tell {MAIL}", guard("iban", lowers_to=Label.PUBLIC))
    assert hidden.request.label is Label.RESTRICTED
    assert hidden.note.entities == {}


def test_what_is_left_keeps_the_label_that_it_has() -> None:
    hidden = masked(f"{ASK} My card is 4111 1111 1111 1111.", guard())
    assert "[EMAIL_1]" in hidden.request.question
    assert hidden.request.label is Label.RESTRICTED


def test_the_callers_floor_the_header_and_the_unreadable_stay() -> None:
    picture = [{"role": "user", "content": [
        {"type": "text", "text": ASK},
        {"type": "image_url", "image_url": {"url": "https://pictures.example/1.png"}},
    ]}]  # fmt: skip
    hide = guard()
    assert masked(ASK, hide, caller=Caller("hr", label=Label.RESTRICTED)).request.label is Label.RESTRICTED
    assert masked(ASK, hide, header=b"restricted").request.label is Label.RESTRICTED
    assert masked(ASK, hide, messages=picture).request.label is Label.CONFIDENTIAL


HEALTH = f"My colleague {MAIL} was diagnosed with depression and takes sertraline, what should I say to her?"


def test_a_label_of_the_whole_text_falls_only_where_the_guard_accepts_that() -> None:
    assert masked(HEALTH, guard()).request.label is Label.CONFIDENTIAL
    accepting = guard(accept_residual=True)
    assert masked(HEALTH, accepting).request.label is Label.INTERNAL
    card = f"{HEALTH} Her card is 4111 1111 1111 1111."
    assert masked(card, accepting).request.label is Label.RESTRICTED


def test_of_several_guards_the_highest_label_counts_and_all_must_accept() -> None:
    low = guard("email", lowers_to=Label.PUBLIC, accept_residual=True)
    high = guard("payment")
    assert masked(ASK, low).request.label is Label.PUBLIC
    assert masked(ASK, low, high).request.label is Label.INTERNAL
    assert masked(HEALTH, low).request.label is Label.PUBLIC
    assert masked(HEALTH, low, high).request.label is Label.CONFIDENTIAL


def test_what_only_a_guard_without_lowers_to_masks_keeps_its_label() -> None:
    low = guard("email", lowers_to=Label.PUBLIC, accept_residual=True)
    staying = guard("payment", lowers_to=None)
    hidden = masked(f"{ASK} My card is 4111 1111 1111 1111.", low, staying)
    assert "4111" not in hidden.request.question
    assert hidden.request.label is Label.RESTRICTED
    assert masked(ASK, low, staying).request.label is Label.PUBLIC


def test_masking_never_raises_a_label() -> None:
    hidden = masked("desk@example.org", guard("email", lowers_to=Label.RESTRICTED))
    assert hidden.request.label is Label.CONFIDENTIAL


def test_however_many_there_are_all_are_masked() -> None:
    many = ", ".join(f"number{n}@example.org" for n in range(200))
    hidden = masked(f"Write to {many}", guard(accept_residual=True))
    assert "@" not in hidden.request.question
    assert (hidden.note.entities, hidden.request.label) == ({"email": 200}, Label.INTERNAL)


def test_more_than_can_be_masked_is_blocked() -> None:
    many = ", ".join(f"number{n}@example.org" for n in range(MOST + 1))
    with pytest.raises(Blocked, match="more than 512"):
        masked(f"Write to {many}", guard())


def test_a_number_that_is_to_be_masked_becomes_its_placeholder() -> None:
    hidden = masked("Is this card fine?", guard("payment"), metadata={"card": 4111111111111111})
    assert hidden.request.fields["metadata"] == b'{"card":"[PAYMENT_CARD_1]"}'
    assert hidden.request.label is Label.INTERNAL


def test_a_placeholder_that_the_caller_wrote_with_escapes_is_not_given_again() -> None:
    text = json.loads('"what is \\u005bEMAIL_1\\u005d? Write to ' + MAIL + '"')
    assert "[EMAIL_2]" in masked(text, guard()).request.question


def test_what_is_nested_as_deep_as_may_be_is_masked_where_it_says_something() -> None:
    said = f'{{"model": "auto", "messages": [{{"role": "user", "content": "{ASK}"}}], "deep": '
    deep = '{"a":' * (DEEPEST - 1) + f'"{MAIL}"' + "}" * DEEPEST
    hidden = masked_body((said + deep).encode(), guard())
    assert b"[EMAIL_1]" in hidden.request.fields["deep"]
    assert MAIL.encode() not in hidden.request.fields["deep"]


@pytest.mark.parametrize("member", ["previous_response_id", "conversation"])
def test_turns_held_upstream_are_refused_and_nothing_else_that_is_null(member: str) -> None:
    with pytest.raises(Blocked, match="cannot be masked"):
        masked(ASK, guard(), **dict[str, Any]({member: "resp_1"}))
    assert masked(ASK, guard(), **dict[str, Any]({member: None})).mask


def test_options_that_are_numbers_stay() -> None:
    hidden = masked("The door code is 2000.", guard("credential"), max_tokens=2000)
    assert (hidden.request.max_tokens, "2000" in hidden.request.question) == (2000, False)


def test_a_label_does_not_fall_for_what_was_found_late() -> None:
    """What is found of one text is bounded: the rest counts as soon as it is found."""
    keys = " ".join(f"sk-proj-{sha256(bytes([n])).hexdigest()}" for n in range(70))
    hidden = masked(f"Look: {keys}", guard("api_key", lowers_to=None), guard("email"))
    assert hidden.request.label is Label.RESTRICTED


def test_a_secret_is_known_by_the_name_of_its_member() -> None:
    hidden = masked("hi", guard("credential"), metadata={"password": "Hunter2xx9", "host": "db"})
    assert hidden.request.fields["metadata"] == b'{"password":"[PASSWORD_1]","host":"db"}'
