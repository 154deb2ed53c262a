"""The repository's own policies without a key, through the official client: three ways, and one of two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.running import Gateway

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(POLICIES, tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


class Asked:
    """One request, its answer, and what the gateway said about it."""

    def __init__(self, gateway: Gateway, text: str, model: str = "auto") -> None:
        client = openai.OpenAI(base_url=gateway.url + "/v1", api_key="none needed", max_retries=0, timeout=60)
        raw = client.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": text}]
        )
        self.text = raw.parse().choices[0].message.content or ""
        self.headers = raw.headers
        self.route = raw.headers["x-pointsman-route"]
        self.row = gateway.row(raw.headers["x-request-id"])


def test_a_ticket_is_tagged_by_the_fine_tuned_endpoint(gateway: Gateway) -> None:
    asked = Asked(
        gateway, "Which category does this ticket belong to: my card was charged twice for one lamp"
    )
    assert (asked.route, asked.text) == ("tag-tickets", "billing")
    assert asked.headers["x-pointsman-model"] == "ticket-tagger"
    assert asked.row["decision"]["reason"] == "matched"
    assert asked.row["tries"][0]["confidence"] > 0.5


def test_a_fact_is_quoted_from_the_handbook_with_its_source(gateway: Gateway) -> None:
    asked = Asked(gateway, "How long do I have to return an item?")
    assert asked.route == "company-facts"
    assert "30 days" in asked.text
    assert "Sources: [" in asked.text
    assert "returns.md" in asked.text
    assert "handbook/returns.md" in asked.headers["x-pointsman-sources"]
    assert asked.row["retrievals"][0]["knowledge"] == ["handbook"]
    assert asked.row["request"]["label"] == "public"


def test_an_orders_true_status_is_fetched_by_the_tool(gateway: Gateway) -> None:
    asked = Asked(gateway, "Where is order 1007?")
    assert asked.route == "act"
    assert "1007" in asked.text
    assert [(t["server"], t["tool"], t["status"]) for t in asked.row["tools"]] == [
        ("shop", "order_status", "ok")
    ]


def test_one_route_combines_the_documents_and_the_tools(gateway: Gateway) -> None:
    asked = Asked(
        gateway, "Where is order 1007, and how long do I have to return it?", model="route/facts-and-actions"
    )
    assert asked.route == "facts-and-actions"
    assert "1007" in asked.text
    assert "30 days" in asked.text
    assert asked.row["retrievals"][0]["sources"]
    assert asked.row["tools"][0]["status"] == "ok"
    assert asked.row["decision"]["reason"] == "forced"


def test_open_chat_needs_none_of_it(gateway: Gateway) -> None:
    asked = Asked(gateway, "Write two cheerful sentences about a walk in autumn.")
    assert asked.route == "everything-else"
    assert asked.headers["x-pointsman-model"] == "local"
    assert len(asked.text) > 20
    assert not asked.row["tools"]


def test_a_credential_is_blocked_and_stands_nowhere(gateway: Gateway) -> None:
    secret = "ghp_" + "9aKd82LmQx0ZrT4vWb7n" + "CjY5uEo1PsHi3fGt"
    with pytest.raises(openai.PermissionDeniedError) as refused:
        Asked(gateway, f"Why does git refuse {secret}?")
    assert refused.value.code == "policy_blocked"
    assert all(secret not in str(row) for row in gateway.rows())
    assert all(secret not in line for line in gateway.log)
    assert gateway.rows()[-1]["decision"]["blocked_by"] == "no-credentials"


def test_the_metrics_tell_what_happened(gateway: Gateway) -> None:
    Asked(gateway, "Where is order 1003?")
    assert gateway.metric("pointsman_requests_total", route="act", outcome="ok") >= 1
    assert gateway.metric("pointsman_tool_calls_total", server="shop", tool="order_status", status="ok") >= 1
    assert gateway.metric("pointsman_route_decisions_total", route="act", reason="matched") >= 1
    assert gateway.metric("pointsman_tokens_total", route="act", model="local") > 0
    assert gateway.metric("pointsman_policy_last_reload_successful") == 1
    assert gateway.metric("pointsman_dependency_up", name="tools shop") == 1
