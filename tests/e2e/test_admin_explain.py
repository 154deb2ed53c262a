"""POST /admin/explain over a socket, of a gateway that runs as a user starts it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.access.keys import hash_key
from tests.folder import ADMIN_KEY, KEY
from tests.running import Gateway
from tests.upstream import Reply, Upstream

PATH = "/admin/explain"
MAIL, PASSWORD = "anna.schmidt@example.org", "hunter2-Xk9!vB"
HANDBOOK = "# Returns\n\nCustomers have 30 days to send goods back, counted from the day of delivery.\n"
POLICY = """\
models:
  - name: small
    target: openai-compatible/upstream-model
    base_url: {url}
    clearance: internal
    price: {{input: 1.0, output: 10.0}}
  - {{name: house, target: openai-compatible/h, base_url: "{url}", clearance: restricted}}
knowledge: [{{name: handbook, documents: "*.md", label: public}}]
callers:
  - {{name: app, key_sha256: {key}, team: support, clearance: internal}}
  - {{name: ops, key_sha256: {admin}, admin: true, clearance: restricted}}
guards:
  - name: no-credentials
    when: '"credential" in findings'
    block: Remove the credential and send again.
  - {{name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}}
routes:
  - {{name: support, when: 'caller.team == "support" && request.headers["x-desk"] == "1"', model: small}}
  - {{name: facts, when: task == knowledge_lookup, model: house}}
  - {{name: everything-else, model: [small, house]}}
"""


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(Reply("never said")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("admin")
    policies = folder / "policies"
    policies.mkdir()
    text = POLICY.format(url=up.url, key=hash_key(KEY), admin=hash_key(ADMIN_KEY))
    (policies / "policy.yaml").write_text(text)
    (policies / "returns.md").write_text(HANDBOOK)
    with Gateway(policies, folder / "data", "--max-body", "100k") as running:
        yield running


def post(gateway: Gateway, content: object, key: str | None = ADMIN_KEY, **headers: str) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    sent = {"content-type": "application/json", **headers}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    return httpx.post(gateway.url + PATH, content=body, headers=sent, timeout=30)


def asking(say: str, **members: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": say}], **members}


def explained(gateway: Gateway, content: object) -> dict[str, Any]:
    reply = post(gateway, content)
    assert reply.status_code == 200, reply.text
    made: dict[str, Any] = reply.json()
    return made


def error(reply: httpx.Response) -> tuple[int, str]:
    found = reply.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return reply.status_code, found["code"]


def test_a_whole_request_is_explained_system_and_tools_included(gateway: Gateway) -> None:
    request = asking("Good morning", max_tokens=20)
    request["messages"].insert(0, {"role": "system", "content": f"Write to {MAIL} when asked."})
    request["tools"] = [{"type": "function", "function": {"name": "find", "description": f"Of {MAIL}"}}]
    made = explained(gateway, {"request": request})
    assert sorted({found["message"] for found in made["findings"]}) == [-1, 0]
    assert made["needs"] == ["tools"]
    assert (made["came_as"], made["label"], made["masking"]["entities"]) == (
        "confidential",
        "internal",
        {"email": 1},
    )
    assert (made["caller"], made["route"], made["model"]) == ("ops", "everything-else", "small")
    assert (made["cost"]["source"], made["cost"]["output_usd"]) == ("policy", 0.0002)


def test_it_is_explained_as_another_caller_with_its_headers(gateway: Gateway) -> None:
    made = explained(gateway, {"request": asking("Good morning"), "as": "app", "headers": {"X-Desk": "1"}})
    assert (made["caller"], made["route"]) == ("app", "support")


def test_the_live_indexes_are_asked(gateway: Gateway) -> None:
    made = explained(gateway, {"request": asking("How many days do customers have to send goods back?")})
    assert made["knowledge"]["handbook"] >= 0.4
    assert made["route"] == "facts"


def test_a_block_is_an_explanation_and_no_error(gateway: Gateway) -> None:
    made = explained(gateway, {"request": asking(f"My password is {PASSWORD}, why can I not log in?")})
    assert (made["blocked_by"], made["model"]) == ("no-credentials", None)
    assert [found["entity"] for found in made["findings"]] == ["password"]


def test_admins_alone_may_ask(gateway: Gateway) -> None:
    content = {"request": asking("Good morning")}
    assert error(post(gateway, content, key=None)) == (401, "invalid_api_key")
    assert error(post(gateway, content, key="pm-wrong")) == (401, "invalid_api_key")
    assert error(post(gateway, content, key=KEY)) == (403, "forbidden")


def test_who_may_not_ask_is_told_so_before_its_body_is_looked_at(gateway: Gateway) -> None:
    assert error(post(gateway, b"x" * 200_000, key=KEY)) == (403, "forbidden")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", (400, "invalid_request")),
        (b"{}", (400, "invalid_request")),
        ({"request": {}}, (400, "invalid_request")),
        ({"request": {}, "more": 1}, (400, "invalid_request")),
        ({"request": asking("x"), "as": "nobody"}, (400, "invalid_request")),
        ({"request": asking("x"), "headers": {"x-pointsman-sensitivity": "no"}}, (400, "invalid_request")),
        ({"request": asking("x", model="gone")}, (404, "model_not_found")),
        (b"x" * 200_000, (413, "request_too_large")),
    ],
)
def test_errors_have_the_shape_of_openais(
    gateway: Gateway, content: object, expected: tuple[int, str]
) -> None:
    assert error(post(gateway, content)) == expected


def test_a_page_in_a_browser_cannot_ask_by_a_form(gateway: Gateway) -> None:
    reply = post(gateway, {"request": asking("x")}, **{"content-type": "text/plain"})
    assert error(reply) == (415, "unsupported_media_type")
    assert httpx.get(gateway.url + PATH, timeout=10).status_code == 405


def test_nothing_of_it_is_kept_or_sent(gateway: Gateway, up: Upstream) -> None:
    reply = post(gateway, {"request": asking(f"Write to {MAIL}, my password is {PASSWORD}")})
    assert reply.headers["cache-control"] == "no-store"
    post(gateway, {"request": {"model": MAIL, "messages": [{"role": "user", "content": PASSWORD}]}})
    kept = "".join(gateway.log) + gateway.get("/metrics")[1] + json.dumps(gateway.rows())
    for text in (MAIL, PASSWORD):
        assert text not in reply.text
        assert text not in kept
    assert gateway.rows() == []
    assert up.requests == []


def test_where_the_policy_names_no_callers_nobody_is_an_admin(up: Upstream, tmp_path: Path) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    model = f"models: [{{name: small, target: openai-compatible/m, base_url: '{up.url}'}}]\n"
    (policies / "policy.yaml").write_text(model + "routes: [{name: rest, model: small}]\n")
    with Gateway(policies, tmp_path / "data") as running:
        assert error(post(running, {"request": asking("x")}, key=None)) == (403, "forbidden")
