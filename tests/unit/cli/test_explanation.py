from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from gateway.cli.explanation import shown
from gateway.policy.analysis.explain import Explanation, explain
from gateway.policy.schema import Policy
from gateway.types import Finding, Label, Masked, Task
from tests.facts import credential, facts
from tests.policies import KNOWLEDGE, MODELS, TOOLS, loaded

GUARDS = """\
guards:
  - {name: no-credentials, when: '"credential" in findings', block: "Take it out [now]."}
  - {name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}
"""
ROUTES = """\
routes:
  - name: both
    when: knowledge.handbook >= 0.5 && (task == tool_action || sensitivity > internal)
    retrieve: {from: [handbook]}
    tools: {from: [crm]}
    model: [off, small, house]
  - {name: rest, model: [small, house]}
"""
OFF = "  - {name: off, target: openai/x, disabled: true}\n"
PRICED = MODELS.replace("clearance: internal", "clearance: internal, price: {input: 2, output: 8}")
EMAIL = Finding("email", "contact", Label.CONFIDENTIAL, 0, 12, 29, 0.95)
HEALTH = Finding("health", "topic", Label.CONFIDENTIAL, 1, 0, 0, 0.8)
SCHEMA = Finding("email", "contact", Label.CONFIDENTIAL, -1, 5, 9, 0.9)


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return loaded(tmp_path, models=PRICED + OFF, routes=ROUTES, guards=GUARDS, k=KNOWLEDGE, t=TOOLS)


def text(explanation: Explanation, width: int = 80, **options: bool) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, **options).print(shown(explanation))  # type: ignore[arg-type]
    return out.getvalue()


def flat(explanation: Explanation) -> str:
    return " ".join(text(explanation).split())


def test_sections_stand_in_the_order_in_which_things_happen(policy: Policy) -> None:
    masked = Masked(("hide",), {"email": 1}, Label.CONFIDENTIAL, Label.INTERNAL)
    asked = facts(Task.TOOL_ACTION, label=Label.CONFIDENTIAL, findings=(EMAIL,), knowledge={"handbook": 0.7})
    said = text(explain(policy, asked, masked))
    titles = ("signals", "evidence", "guards", "masking", "routes", "gate", "cost", "outcome")
    places = [said.index(f"\n{title}\n") for title in titles]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [80, 60, 120])
def test_it_fits_the_width_of_the_terminal(policy: Policy, width: int) -> None:
    asked = facts(Task.TOOL_ACTION, label=Label.CONFIDENTIAL, findings=(EMAIL, HEALTH))
    assert max(map(len, text(explain(policy, asked), width).splitlines())) <= width


def test_a_signal_shows_its_probability_and_whether_it_is_unsure(policy: Policy) -> None:
    asked = facts(None)
    said = flat(explain(policy, asked))
    assert "task coding (unsure) █████████░ 0.90" in said
    assert "language en, about 100 tokens in" in said


def test_evidence_says_where_a_finding_is(policy: Policy) -> None:
    said = flat(explain(policy, facts(label=Label.CONFIDENTIAL, findings=(EMAIL, HEALTH, SCHEMA))))
    assert "email contact confidential message 0, characters 12 to 29 0.95" in said
    assert "health topic confidential message 1, as a whole 0.80" in said
    assert "outside the messages, characters 5 to 9" in said


def test_hundreds_of_findings_are_counted_rather_than_listed(policy: Policy) -> None:
    said = text(explain(policy, facts(label=Label.CONFIDENTIAL, findings=(EMAIL,) * 300)))
    assert "and 280 more" in said
    assert said.count("message 0") == 20


def test_a_route_says_why_it_does_not_match(policy: Policy) -> None:
    said = flat(explain(policy, facts(Task.CODING, knowledge={"handbook": 0.7})))
    assert "✗ both is false: goes on when knowledge.handbook >= 0.5" in said
    assert "read knowledge.handbook = 0.70, sensitivity = public, task = coding" in said
    assert "✓ rest is true: serves" in said


def test_masking_says_what_is_hidden_and_what_that_does_to_the_label(policy: Policy) -> None:
    asked = facts(label=Label.CONFIDENTIAL, findings=(EMAIL,))
    fell = Masked(("hide",), {"email": 2}, Label.CONFIDENTIAL, Label.INTERNAL)
    said = flat(explain(policy, asked, fell))
    assert "hide: 2 × email the label falls from confidential to internal" in said
    stays = replace(fell, entities={}, after=Label.CONFIDENTIAL)
    said = flat(explain(policy, asked, stays))
    assert "nothing is found that can be hidden the label stays confidential" in said


def test_the_cost_shows_its_arithmetic(policy: Policy) -> None:
    said = flat(explain(policy, facts(Task.CODING), max_tokens=500))
    assert "in: about 100 tokens × $2 for a million = $0.000200" in said
    assert "out: at most 500 tokens × $8 for a million = $0.004000" in said
    assert "small's price, source: policy" in said
    said = flat(explain(policy, facts(Task.CODING)))
    assert "out: unknown, the request has no max_tokens" in said
    said = flat(explain(policy, facts(Task.CODING, model="house")))
    assert "unknown: neither the policy nor litellm's price map has a price for house" in said


def test_the_outcome_is_a_sentence(policy: Policy) -> None:
    served = flat(explain(policy, facts(Task.CODING)))
    assert served.endswith("served by route rest (default), first asked is small")
    blocked = flat(explain(policy, facts(label=Label.RESTRICTED, findings=(credential(),))))
    assert blocked.endswith("blocked by no-credentials: Take it out [now].")
    refused = flat(explain(policy, facts(label=Label.RESTRICTED, model="small")))
    assert refused.endswith(
        "refused: the model that was named (named), and no model may serve it: policy_no_cleared_model"
    )
    assert "none is tried: a model was named" in refused


def test_where_no_model_is_in_service_the_outcome_says_so(tmp_path: Path) -> None:
    models = "models: [{name: off, target: openai/x, disabled: true}]\n"
    off = loaded(tmp_path, models=models, routes="routes: [{name: rest, model: off}]\n")
    assert flat(explain(off, facts())).endswith(
        "not served: route rest (default), and no model that could answer is in service: "
        "policy_no_model_in_service"
    )


def test_colour_is_for_terminals_alone(policy: Policy) -> None:
    explanation = explain(policy, facts(Task.CODING))
    assert "\x1b[" not in text(explanation)
    assert "\x1b[" in text(explanation, force_terminal=True)
