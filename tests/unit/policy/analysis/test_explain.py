from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.errors import UnknownModel
from gateway.policy.analysis.explain import Evidence, Masking, _spoken, explain
from gateway.policy.schema import Policy, Price
from gateway.types import Caller, Label, Masked, Task
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
        "off": "out of service: the policy disables it",
        "handbook": "may be asked",
        "crm": "not asked: its label confidential is above the caller's clearance",
    }


def test_a_model_that_is_out_of_service_says_what_it_lacks_and_is_no_question_of_clearance(
    tmp_path: Path,
) -> None:
    key = 'api_key: "${OPENAI_API_KEY}", if_available: true'
    models = f"models: [{{name: gpt, target: openai/gpt-5, clearance: internal, {key}}}]\n"
    routes = "routes: [{name: rest, model: gpt, tools: {from: [crm]}}]\n"
    explanation = explain(loaded(tmp_path, models=models, routes=routes, t=TOOLS), facts())
    verdicts = {d.name: d.verdict for d in explanation.destinations}
    assert verdicts == {
        "gpt": "out of service: OPENAI_API_KEY is not set",
        "crm": "not asked: no model is in service",
    }
    assert (explanation.unserved, explanation.model) == (True, None)


def test_a_block_is_told_with_its_message_and_finding_but_no_content(policy: Policy) -> None:
    explanation = explain(policy, facts(label=Label.RESTRICTED, findings=(credential(),)))
    assert (explanation.blocked_by, explanation.message) == ("no-credentials", "Take it out.")
    assert explanation.findings == (Evidence("password", "credential", "restricted", 0, 3, 9, 0.99),)
    assert (explanation.destinations, explanation.model, explanation.cost) == ((), None, None)


def test_the_cost_is_tokens_by_price_and_the_answers_at_most(policy: Policy) -> None:
    cost = explain(policy, facts(Task.CODING), max_tokens=1000).cost
    assert cost is not None
    assert (cost.model, cost.source, cost.more) == ("small", "policy", "")
    assert (cost.input_tokens, cost.input_price, cost.input_usd) == (100, 2.0, 0.0002)
    assert (cost.output_tokens, cost.output_price, cost.output_usd) == (1000, 8.0, 0.008)


def test_an_answer_of_any_length_has_no_known_cost(policy: Policy) -> None:
    cost = explain(policy, facts(Task.CODING)).cost
    assert cost is not None
    assert (cost.input_usd, cost.output_tokens, cost.output_usd) == (0.0002, None, None)


def test_a_price_from_elsewhere_is_told_with_its_source_and_none_at_all_is_told_too(policy: Policy) -> None:
    asked = facts(Task.CODING, model="house")
    cost = explain(policy, asked, price=lambda model: Price(1.0, 2.0, source="litellm")).cost
    assert cost is not None
    assert (cost.model, cost.source, cost.input_usd) == ("house", "litellm", 0.0001)
    cost = explain(policy, asked).cost
    assert cost is not None
    assert (cost.source, cost.input_usd, cost.input_price) == (None, None, None)


def test_what_comes_on_top_of_the_cost_is_told(policy: Policy) -> None:
    cost = explain(policy, facts(Task.TOOL_ACTION, knowledge={"handbook": 0.7})).cost
    assert cost is not None
    assert cost.more == "passages and tool calls and their results"


MASK = """\
guards: [{name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}]
"""


def test_masking_is_told_and_routes_and_the_gate_see_the_label_that_it_leaves(tmp_path: Path) -> None:
    routes = (
        "routes: [{name: low, when: sensitivity <= internal, model: small}, {name: rest, model: house}]\n"
    )
    policy = loaded(tmp_path, guards=MASK, routes=routes)
    masked = Masked(("hide",), {"email": 2}, Label.CONFIDENTIAL, Label.INTERNAL)
    explanation = explain(policy, facts(label=Label.CONFIDENTIAL), masked)
    assert explanation.masking == Masking(("hide",), {"email": 2}, "confidential", "internal")
    assert (explanation.came_as, explanation.label) == ("confidential", "internal")
    assert explanation.guards[0].reads == (("sensitivity", "confidential"),)
    assert explanation.routes[0].reads == (("sensitivity", "internal"),)
    assert (explanation.route, explanation.model) == ("low", "small")


def test_no_route_is_tried_where_a_model_is_named(policy: Policy) -> None:
    explanation = explain(policy, facts(label=Label.RESTRICTED, model="small"))
    assert (explanation.routes, explanation.reason) == ((), "named")
    assert (explanation.route, explanation.model, explanation.cost) == (None, None, None)
    assert explanation.destinations[0].verdict == "refused: not cleared for restricted"


def test_an_explanation_is_plain_data(policy: Policy) -> None:
    data = json.loads(json.dumps(explain(policy, facts(Task.CODING)).as_dict()))
    assert (data["route"], data["reason"], data["label"]) == ("rest", "default", "public")


def test_an_unknown_model_is_the_same_error_as_in_service(policy: Policy) -> None:
    with pytest.raises(UnknownModel):
        explain(policy, facts(model="gpt-9"))


def test_a_number_is_shown_with_two_decimals() -> None:
    assert _spoken("knowledge.handbook", {"knowledge": {"handbook": 0.6180339887498949}}) == "0.62"
    assert _spoken("input_tokens", {"input_tokens": 12}) == "12"
