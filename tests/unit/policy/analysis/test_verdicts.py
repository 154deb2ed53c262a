from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.analysis.verdicts import Miss, Outcome, misses
from gateway.policy.evaluate import Facts, decide
from gateway.policy.language.cases import Expected
from gateway.policy.schema import Policy
from gateway.types import Freshness, Label, Task
from tests.facts import credential, facts
from tests.policies import KNOWLEDGE, TOOLS, loaded

GUARDS = "guards: [{name: no-credentials, when: '\"credential\" in findings', block: No.}]\n"
ROUTES = """\
routes:
  - {name: facts, when: task == knowledge_lookup, retrieve: {from: handbook}, model: [small, house]}
  - {name: act, when: task == tool_action, tools: {from: crm}, model: house}
  - {name: code, when: task == coding, model: small}
  - {name: rest, model: [small, house]}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return loaded(tmp_path, guards=GUARDS, routes=ROUTES, knowledge=KNOWLEDGE, tools=TOOLS)


def outcome(policy: Policy, given: Facts, *masked: str) -> Outcome:
    return Outcome(given, decide(policy, given), masked)


def missed(policy: Policy, given: Facts, key: str, expected: Expected, *masked: str) -> Miss | None:
    found = misses({key: expected}, outcome(policy, given, *masked))
    assert len(found) <= 1
    return found[0] if found else None


LOOKUP = facts(Task.KNOWLEDGE_LOOKUP, Freshness.SLOW, Label.INTERNAL, language="de")
UNSURE = facts(None, None)
SECRET = facts(label=Label.RESTRICTED, findings=(credential(),))


@pytest.mark.parametrize(
    ("given", "key", "right", "wrong"),
    [
        (LOOKUP, "task", "knowledge_lookup", "coding"),
        (UNSURE, "task", "unsure", "coding"),
        (LOOKUP, "freshness", "slow", "unsure"),
        (LOOKUP, "sensitivity", Label.INTERNAL, Label.PUBLIC),
        (LOOKUP, "language", "de", "en"),
        (SECRET, "findings", ("credential",), ("email",)),
        (SECRET, "findings", ("password", "credential"), ()),
        (LOOKUP, "findings", (), ("email",)),
        (LOOKUP, "route", "facts", "rest"),
        (LOOKUP, "reason", "matched", "default"),
        (LOOKUP, "model", "small", "house"),
        (LOOKUP, "candidates", ("small", "house"), ("house", "small")),
        (LOOKUP, "candidates", ("small", "house"), ("small",)),
        (LOOKUP, "retrieve", ("handbook",), ()),
        (UNSURE, "retrieve", (), ("handbook",)),
        (facts(Task.TOOL_ACTION), "tools", ("crm",), ()),
        (SECRET, "blocked_by", "no-credentials", "other"),
        (facts(Task.CODING, label=Label.CONFIDENTIAL), "refused", True, False),
        (SECRET, "refused", False, True),
        (facts(model="small"), "reason", "named", "matched"),
    ],
)
def test_each_key_says_what_came(
    policy: Policy, given: Facts, key: str, right: Expected, wrong: Expected
) -> None:
    assert missed(policy, given, key, right) is None
    assert missed(policy, given, key, wrong) is not None


def test_masked_names_entities_or_classes_at_least(policy: Policy) -> None:
    assert missed(policy, LOOKUP, "masked", ("email",), "email", "person") is None
    assert missed(policy, LOOKUP, "masked", ("contact",), "email") is None
    assert missed(policy, LOOKUP, "masked", (), "email") == Miss("masked", "[]", "[contact, email]")
    assert missed(policy, LOOKUP, "masked", ("phone",)) == Miss("masked", "[phone]", "[]")


def test_a_miss_says_what_was_expected_and_what_came(policy: Policy) -> None:
    assert missed(policy, LOOKUP, "sensitivity", Label.PUBLIC) == Miss("sensitivity", "public", "internal")
    assert missed(policy, LOOKUP, "refused", True) == Miss("refused", "true", "false")
    assert missed(policy, LOOKUP, "blocked_by", "no-credentials") == Miss(
        "blocked_by", "no-credentials", "none"
    )


def test_a_miss_says_what_stands_in_the_way(policy: Policy) -> None:
    assert missed(policy, SECRET, "route", "rest") == Miss(
        "route", "rest", "none (blocked by no-credentials)"
    )
    assert missed(policy, facts(Task.CODING, label=Label.CONFIDENTIAL), "model", "small") == Miss(
        "model", "small", "none (no model is cleared for confidential)"
    )


def test_a_model_that_is_disabled_is_not_in_service_which_is_no_refusal(tmp_path: Path) -> None:
    models = "models: [{name: small, target: openai/x, disabled: true}]\n"
    off = loaded(tmp_path, models=models, routes="routes: [{name: rest, model: small}]\n")
    assert missed(off, facts(), "model", "small") == Miss(
        "model", "small", "none (no model that could answer is in service)"
    )
    assert missed(off, facts(), "refused", True) == Miss("refused", "true", "false")


def test_an_error_that_nobody_expected_is_one_miss() -> None:
    failed = Outcome(error=("forbidden", "this key may not use the model 'strong'"))
    assert misses({"route": "rest", "model": "small"}, failed) == (
        Miss("error", "none", "forbidden: this key may not use the model 'strong'"),
    )
    assert misses({"error": "forbidden"}, failed) == ()


def test_an_error_that_was_expected_and_did_not_come_is_a_miss(policy: Policy) -> None:
    assert missed(policy, LOOKUP, "error", "forbidden") == Miss("error", "forbidden", "none")
