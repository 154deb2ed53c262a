"""The repository's own policy folder, and the example of the policy language, load and serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.backends.local.template import filled
from gateway.policy.analysis.check import check
from gateway.policy.analysis.review import review
from gateway.policy.evaluate import decide
from gateway.policy.language.load import load
from gateway.policy.schema import Policy
from gateway.types import Freshness, Label, Task
from tests.facts import credential, facts

POLICIES = Path(__file__).parents[3] / "policies"
OPEN = [Task.CODING, Task.MATH_REASONING, Task.CREATIVE_WRITING, Task.BRAINSTORMING, Task.CHIT_CHAT]


def nothing_listens(url: str) -> bool:
    return False


@pytest.fixture(scope="module")
def keyless() -> Policy:
    return load(POLICIES, secrets={}, available=nothing_listens)


def test_without_keys_the_local_models_are_in_service_and_the_others_are_noted(keyless: Policy) -> None:
    assert [name for name, model in keyless.models.items() if not model.disabled] == [
        "local",
        "ticket-tagger",
        "minilm",
    ]
    assert keyless.warnings == ()
    assert len(keyless.notes) == 3


def test_with_a_key_and_a_server_their_models_come_first() -> None:
    policy = load(POLICIES, secrets={"OPENAI_API_KEY": "not-a-real-key"}, available=lambda url: True)
    decision = decide(policy, facts(Task.CODING))
    assert [model.name for model in decision.candidates] == ["gpt", "ollama", "local"]


def test_personal_data_stays_on_the_machine_whatever_keys_there_are() -> None:
    policy = load(
        POLICIES, secrets={"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}, available=nothing_listens
    )
    for task in (*Task, None):
        decision = decide(policy, facts(task, label=Label.CONFIDENTIAL))
        assert {model.name for model in decision.candidates} <= {"local", "ticket-tagger"}


def test_every_request_is_served_by_somebody(keyless: Policy) -> None:
    checked = check(POLICIES, {})
    assert checked.right(strict=True)
    assert checked.found == review(keyless) == ()


@pytest.mark.parametrize(
    ("task", "freshness", "knowledge", "route"),
    [
        (Task.CATEGORIZATION, Freshness.STATIC, {}, "tag-tickets"),
        (Task.KNOWLEDGE_LOOKUP, Freshness.SLOW, {"handbook": 0.8}, "company-facts"),
        (Task.TOOL_ACTION, Freshness.LIVE, {}, "act"),
        (Task.TOOL_ACTION, Freshness.LIVE, {"handbook": 0.2}, "act"),
        (Task.TOOL_ACTION, Freshness.LIVE, {"handbook": 0.8}, "facts-and-actions"),
        (Task.QUESTION_ANSWERING, Freshness.STATIC, {"handbook": 0.1}, "everything-else"),
        (None, None, {}, "everything-else"),
    ],
)
def test_each_way_of_serving_has_its_route(
    keyless: Policy,
    task: Task | None,
    freshness: Freshness | None,
    knowledge: dict[str, float],
    route: str,
) -> None:
    decision = decide(keyless, facts(task, freshness, knowledge=knowledge))
    assert decision.route is not None
    assert decision.route.name == route


@pytest.mark.parametrize("task", OPEN)
def test_open_requests_need_neither_documents_nor_tools(keyless: Policy, task: Task) -> None:
    for freshness in (Freshness.STATIC, Freshness.SLOW, Freshness.RECENT, None):
        decision = decide(keyless, facts(task, freshness))
        assert decision.route is not None
        assert decision.route.name == "everything-else"


def test_the_combined_route_can_be_named_and_may_ask_all_its_sources(keyless: Policy) -> None:
    decision = decide(keyless, facts(model="route/facts-and-actions"))
    assert [base.name for base in decision.knowledge] == ["handbook"]
    assert [source.name for source in decision.tools] == ["shop", "clock"]


def test_a_credential_is_blocked(keyless: Policy) -> None:
    decision = decide(keyless, facts(label=Label.RESTRICTED, findings=(credential(),)))
    assert decision.blocked_by is not None


@pytest.mark.parametrize("name", ["gpt-4o-mini", "gpt-5.1", "claude-haiku-4-5", "gpt-3.5-turbo"])
def test_what_existing_applications_send_is_routed(keyless: Policy, name: str) -> None:
    assert decide(keyless, facts(model=name)).route is not None


def test_the_tools_replies_can_be_said_from_what_the_servers_answer(keyless: Policy) -> None:
    from gateway.demo.orders import Order, OrdersFound, Stock

    order: dict[str, object] = dict.fromkeys(Order.__annotations__, "x")
    replies = keyless.tools["shop"].replies
    assert filled(replies["order_status"], order) is not None
    found: dict[str, object] = {**dict.fromkeys(OrdersFound.__annotations__, "x"), "orders": [order]}
    assert filled(replies["find_orders"], found) is not None
    assert filled(replies["stock_level"], dict.fromkeys(Stock.__annotations__, "x")) is not None


def test_the_documented_example_loads() -> None:
    secrets = {"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b", "POINTSMAN_SECRET_CRM": "c"}
    policy = load(POLICIES / "examples" / "reference", secrets=secrets)
    assert [route.name for route in policy.routes] == [
        "tag-tickets",
        "company-facts",
        "act",
        "everything-else",
    ]
    assert {warning.message for warning in policy.warnings} == {
        "a caller: budget is not enforced yet",
        "a caller: limits is not enforced yet",
    }
    tagged = decide(policy, facts(Task.CATEGORIZATION))
    assert [model.name for model in tagged.candidates] == ["ticket-tagger", "house"]
    known = decide(policy, facts(Task.KNOWLEDGE_LOOKUP))
    assert [model.name for model in known.candidates] == ["strong", "house", "local"]
