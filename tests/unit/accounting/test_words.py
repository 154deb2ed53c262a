"""What the ledger keeps of what a caller wrote beside its messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.accounting.exchange import Exchange
from gateway.accounting.words import Words, words_of
from gateway.classify.detect import Detector
from gateway.labels import Cleared
from gateway.policy.evaluate import Decision, Reason
from gateway.policy.schema import Log, Model, Policy, Route
from gateway.types import ChatRequest, Finding, Label, Masked, Refused
from tests.facts import facts

POLICY = Policy(
    "r",
    {"small": Model("small", "openai", "m")},
    (Route("rest"),),
    aliases={"gpt-4*": "auto", "gpt-4o*": "small", "old": "auto"},
    header_names=frozenset({"x-tier", "x-absent"}),
)


FIND = Detector().find
KEY = "sk-proj-abcdEFGH1234ijklMNOP5678qrstUVWX9012yzAB"


def exchange(label: Label, up_to: Label = Label.PUBLIC, model: str = "gpt-4o-anna") -> Exchange:
    policy = replace(POLICY, log=Log(up_to=up_to))
    request = ChatRequest(model, (), {}, metadata={"who": "Anna"}, label=label)
    said = Exchange("id", 1.0, 0.0, policy, request=request, signals=facts().signals)
    said.headers = {"x-tier": "gold"}
    said.decision = Decision(route=policy.routes[0], reason=Reason.DEFAULT, candidates=(), label=label)
    return said


def kept_of(asked: Exchange) -> Cleared[Words]:
    return words_of(asked, FIND)


@pytest.mark.parametrize(
    ("label", "up_to"), [(Label.PUBLIC, Label.PUBLIC), (Label.INTERNAL, Label.CONFIDENTIAL)]
)
def test_words_are_kept_where_the_ledger_is_cleared_for_them(label: Label, up_to: Label) -> None:
    asked = exchange(label, up_to)
    kept = kept_of(asked)
    assert kept.value == Words("gpt-4o-anna", {"who": "Anna"}, {"x-absent": None, "x-tier": "gold"})
    assert (kept.label, kept.destination, asked.refusals) == (label, "ledger", [])


def test_words_above_its_clearance_are_left_out_and_the_refusal_is_noted() -> None:
    asked = exchange(Label.CONFIDENTIAL, Label.INTERNAL)
    kept = kept_of(asked)
    assert kept.value == Words("gpt-4o*", None, None)
    assert kept.label is Label.PUBLIC
    assert asked.refusals == [Refused("ledger", "ledger", Label.CONFIDENTIAL)]


def test_what_flowed_in_raises_their_label_too() -> None:
    asked = exchange(Label.PUBLIC)
    asked.raised = Label.RESTRICTED
    assert kept_of(asked).value.metadata is None


def test_masking_the_messages_does_not_lower_the_words_beside_them() -> None:
    asked = exchange(Label.PUBLIC)
    asked.masked = Masked(("mask",), {"email": 1}, Label.CONFIDENTIAL, Label.PUBLIC)
    assert kept_of(asked).value == Words("gpt-4o*", None, None)
    assert asked.refusals == [Refused("ledger", "ledger", Label.CONFIDENTIAL)]


@pytest.mark.parametrize("name", ["auto", "small", "old", "route/rest"])
def test_a_name_that_the_policy_knows_is_its_own_word(name: str) -> None:
    assert kept_of(exchange(Label.RESTRICTED, model=name)).value.model == name


def test_nothing_is_refused_where_a_caller_wrote_nothing_of_its_own() -> None:
    asked = exchange(Label.RESTRICTED, model="auto")
    assert asked.request is not None
    asked.request, asked.headers = replace(asked.request, metadata={}), {}
    assert kept_of(asked).value == Words("auto", {}, {"x-absent": None, "x-tier": None})
    assert asked.refusals == []


def test_a_name_that_led_to_no_decision_and_metadata_beside_a_finding_are_never_kept() -> None:
    asked = exchange(Label.PUBLIC, Label.RESTRICTED)
    outside = Finding("password", "credential", Label.RESTRICTED, -1, 0, 3, 0.9)
    asked.decision, asked.signals = None, facts(findings=(outside,)).signals
    assert kept_of(asked).value == Words(None, None, {"x-absent": None, "x-tier": "gold"})


def test_a_request_that_was_never_labelled_has_no_words() -> None:
    assert kept_of(Exchange("id", 1.0, 0.0, POLICY)).value == Words(None, None, None)


@pytest.mark.parametrize("up_to", [Label.PUBLIC, Label.CONFIDENTIAL])
def test_a_header_in_which_a_credential_is_found_is_labelled_by_it(up_to: Label) -> None:
    asked = exchange(Label.PUBLIC, up_to)
    asked.headers = {"x-tier": f"key {KEY}"}
    assert kept_of(asked).value == Words("gpt-4o*", None, None)
    assert asked.refusals == [Refused("ledger", "ledger", Label.RESTRICTED)]
    cleared = exchange(Label.PUBLIC, Label.RESTRICTED)
    cleared.headers = asked.headers
    kept = kept_of(cleared)
    assert kept.value.headers == {"x-absent": None, "x-tier": f"key {KEY}"}
    assert kept.label is Label.RESTRICTED


@pytest.mark.parametrize("said", [{"metadata": {"who": "anna@example.org"}}, {"model": f"gpt-4o-{KEY}"}])
def test_metadata_and_a_name_that_an_alias_took_are_labelled_by_what_is_found_in_them(
    said: dict[str, Any],
) -> None:
    asked = exchange(Label.PUBLIC)
    assert asked.request is not None
    asked.request = replace(asked.request, **said)
    assert kept_of(asked).value == Words("gpt-4o*", None, None)
