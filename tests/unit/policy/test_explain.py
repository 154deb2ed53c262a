from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.errors import UnknownModel
from gateway.policy.explain import _spoken, explain, render
from gateway.policy.schema import Policy
from gateway.types import Caller, Label, Task
from tests.facts import credential, facts
from tests.policies import KNOWLEDGE, MODELS, TOOLS, loaded

GUARDS = "guards: [{name: no-credentials, when: '\"credential\" in findings', block: Take it out.}]\n"
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


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return loaded(tmp_path, models=PRICED + OFF, routes=ROUTES, guards=GUARDS, k=KNOWLEDGE, t=TOOLS)


def test_each_route_that_was_tried_is_told_with_the_values_that_its_condition_read(policy: Policy) -> None:
    explanation = explain(policy, facts(None, knowledge={"handbook": 0.7}))
    both, rest = explanation.routes
    assert (both.outcome, both.action) == ("unknown", "goes on")
    assert both.reads == (("knowledge.handbook", "0.70"), ("sensitivity", "public"), ("task", "unknown"))
    assert (rest.name, rest.outcome, rest.action, rest.when) == ("rest", "true", "serves", None)


def test_the_gates_verdict_is_told_for_every_model_and_source(policy: Policy) -> None:
    caller = Caller("app", clearance=Label.INTERNAL)
    request = facts(Task.TOOL_ACTION, label=Label.CONFIDENTIAL, caller=caller, knowledge={"handbook": 0.7})
    verdicts = {d.name: d.verdict for d in explain(policy, request).destinations}
    assert verdicts == {
        "small": "refused: not cleared for confidential",
        "house": "asked first",
        "off": "out of service",
        "handbook": "may be asked",
        "crm": "not asked: its label confidential is above the caller's clearance",
    }


def test_a_block_is_told_with_its_message_and_finding_but_no_content(policy: Policy) -> None:
    explanation = explain(policy, facts(label=Label.RESTRICTED, findings=(credential(),)))
    assert (explanation.blocked_by, explanation.message) == ("no-credentials", "Take it out.")
    assert explanation.findings == (("password", 0, 3, 9, 0.99),)
    assert (explanation.destinations, explanation.model) == ((), None)
    assert "outcome: blocked by no-credentials: Take it out." in render(explanation)


def test_the_cost_of_the_input_is_estimated_where_the_policy_prices_the_model(policy: Policy) -> None:
    explanation = explain(policy, facts(Task.CODING))
    assert (explanation.model, explanation.input_cost) == ("small", 0.0002)
    assert explain(policy, facts(Task.CODING, model="house")).input_cost is None


def test_the_text_tells_signals_guards_routes_gate_and_outcome_in_this_order(policy: Policy) -> None:
    text = render(explain(policy, facts(Task.TOOL_ACTION, knowledge={"handbook": 0.7})))
    places = [text.index(f"\n{title}\n") for title in ("signals", "guards", "routes", "gate")]
    assert places == sorted(places)
    assert "with knowledge.handbook = 0.70, sensitivity = public, task = tool_action" in text
    assert text.endswith("outcome: route both (matched), served by small, about $0.000200 for its input")


def test_no_cleared_model_is_told_as_the_error_that_it_becomes(policy: Policy) -> None:
    text = render(explain(policy, facts(label=Label.RESTRICTED, model="small")))
    assert "no model may serve it: policy_no_cleared_model" in text


def test_an_explanation_is_plain_data(policy: Policy) -> None:
    data = json.loads(json.dumps(explain(policy, facts(Task.CODING)).as_dict()))
    assert (data["route"], data["reason"], data["label"]) == ("rest", "default", "public")


def test_an_unknown_model_is_the_same_error_as_in_service(policy: Policy) -> None:
    with pytest.raises(UnknownModel):
        explain(policy, facts(model="gpt-9"))


def test_a_number_is_shown_with_two_decimals() -> None:
    assert _spoken("knowledge.handbook", {"knowledge": {"handbook": 0.6180339887498949}}) == "0.62"
    assert _spoken("input_tokens", {"input_tokens": 12}) == "12"
