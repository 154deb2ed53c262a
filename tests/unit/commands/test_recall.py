from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from gateway.accounting.history import Kept, Row
from gateway.commands.recall import recall
from gateway.policy.evaluate import Facts, Stay
from gateway.policy.schema import Policy
from gateway.types import Caller, Freshness, Label, Task
from tests.facts import credential, facts
from tests.ledgers import row
from tests.policies import KNOWLEDGE, loaded

ROUTES = """\
routes:
  - {name: beta, when: 'request.headers["x-beta"] == "1"', model: house}
  - {name: rest, model: house}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return loaded(tmp_path, routes=ROUTES, k=KNOWLEDGE)


def kept(policy: Policy, asked: Facts) -> Kept:
    made = msgspec.json.encode(row(policy, asked), enc_hook=str)
    found = msgspec.json.decode(made, type=Row, strict=False).kept
    assert found is not None
    return found


def test_every_fact_that_a_condition_can_read_comes_back(policy: Policy) -> None:
    asked = facts(
        Task.CODING,
        Freshness.RECENT,
        caller=Caller("app", "support", clearance=Label.CONFIDENTIAL),
        knowledge={"handbook": 0.5},
        metadata={"tier": "gold"},
        headers={"x-beta": "1"},
        language="de",
        sticky="ab12",
    )
    recalled = recall("r1", kept(policy, asked), policy, None)
    assert recalled.facts == asked
    assert recalled.floor is Label.PUBLIC


def test_embeddings_come_back_as_such_and_rows_without_an_api_as_chat(policy: Policy) -> None:
    asked = facts(model="embed", embeds=True)
    found = kept(policy, asked)
    assert found.request.api == "embeddings"
    assert recall("r1", found, policy, None).facts.embeds
    old = row(policy, facts())
    del old["request"]["api"]
    read = msgspec.json.decode(msgspec.json.encode(old, enc_hook=str), type=Row, strict=False)
    assert read.request is not None
    assert read.request.api == "chat"


def test_findings_come_back_with_what_they_weigh(policy: Policy) -> None:
    app = Caller("app", label=Label.INTERNAL)
    asked = facts(label=Label.RESTRICTED, findings=(credential(),), caller=app)
    recalled = recall("r1", kept(policy, asked), policy, None)
    assert recalled.facts.signals.findings == (credential(),)
    assert (recalled.facts.label, recalled.floor) == (Label.RESTRICTED, Label.INTERNAL)


def test_what_is_unsure_stays_unsure(policy: Policy) -> None:
    signals = recall("r1", kept(policy, facts(None, None)), policy, None).facts.signals
    assert (signals.task.unsure, signals.freshness.unsure) == (True, True)


def test_a_loop_that_went_on_goes_on(policy: Policy) -> None:
    asked = replace(facts(), stays=Stay("rest", "house"))
    assert recall("r1", kept(policy, asked), policy, None).facts.stays == Stay("rest", "house")
    assert recall("r1", kept(policy, facts()), policy, None).facts.stays is None


def test_another_caller_brings_its_own_label(policy: Policy) -> None:
    strict = Caller("anyone", label=Label.CONFIDENTIAL)
    recalled = recall("r1", kept(policy, facts()), policy, strict)
    assert (recalled.facts.caller, recalled.facts.label, recalled.floor) == (
        strict,
        Label.CONFIDENTIAL,
        Label.CONFIDENTIAL,
    )


def test_a_caller_whose_label_falls_lets_its_requests_fall(policy: Policy) -> None:
    strict = Caller("app", label=Label.CONFIDENTIAL)
    asked = facts(label=Label.PUBLIC, caller=strict)
    then = kept(policy, replace(asked, label=Label.CONFIDENTIAL))
    assert recall("r1", then, policy, Caller("app")).facts.label is Label.PUBLIC
