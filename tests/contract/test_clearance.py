"""What a body hides from whoever reads it leaves for nobody who is not cleared for it: over sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.folder import KEY, policy_folder
from tests.messages_replies import anthropic, text
from tests.responses_replies import answered, message
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream

Json = dict[str, Any]
MODELS = """\
  - {{name: claude, target: anthropic/c, base_url: "{url}", api_key: k, clearance: public, retries: 0}}
  - name: native
    target: openai-compatible/n
    base_url: "{url}"
    speaks: [chat, responses]
    clearance: public
    retries: 0
  - name: deep
    target: openai-compatible/d
    base_url: "{url}"
    speaks: [chat, responses]
    clearance: restricted
    retries: 0
callers:
"""
CREDENTIAL = "AKIA" + "IOSFODNN7EXAMPLQ"
CARD = "4111-1111-1111-1111"
SEAL = CREDENTIAL + "_" * 200
LONG = CREDENTIAL + "_" * 1100


def script(request: Recorded) -> Reply:
    if request.path.endswith("/responses"):
        words = request.raw.decode()
        once = f"resp_{len(words)}_{hash(words)}".replace("-", "m")
        told = answered(request, message("Fine."), id_="resp_twice" if "twice" in words else once)
        return replace(told, before_headers=1.0 if "slowly" in words else 0.0)
    reply: Reply = anthropic(text("Fine."))(request)
    return reply


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("clearance")
    policies = policy_folder(folder / "policies", up.url)
    file = policies / "policy.yaml"
    file.write_text(file.read_text().replace("callers:\n", MODELS.format(url=up.url)))
    with Gateway(policies, folder / "data") as running:
        yield running


def post(gateway: Gateway, path: str, body: Json, **headers: str) -> httpx.Response:
    keyed = {"authorization": "Bearer " + KEY, **headers}
    return httpx.post(f"{gateway.url}/v1/{path}", json=body, headers=keyed, timeout=20)


def held(gateway: Gateway, up: Upstream, path: str, body: Json, label: str) -> None:
    before = len(up.requests)
    reply = post(gateway, path, body)
    assert (reply.status_code, reply.headers["x-pointsman-sensitivity"]) == (403, label), reply.text
    assert len(up.requests) == before


def messages(*said: Json, **members: Any) -> Json:
    turns: list[Json] = [{"role": "user", "content": "hi"}]
    turns += (
        [{"role": "assistant", "content": list(said)}, {"role": "user", "content": "go on"}] if said else []
    )
    return {"model": "claude", "max_tokens": 9, "messages": turns, **members}


def responses(*items: Json, **members: Any) -> Json:
    return {"model": "native", "input": [{"role": "user", "content": "hi"}, *items], **members}


def thinking(signature: str) -> Json:
    return {"type": "thinking", "thinking": "Hm.", "signature": signature}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("messages", messages(thinking(SEAL))),
        ("messages", messages(thinking(CARD + "-" * 200))),
        ("messages", messages({"type": "redacted_thinking", "data": SEAL})),
        ("messages/count_tokens", messages(thinking(SEAL))),
        ("messages", messages(metadata={"user_id": LONG})),
        ("messages", messages({"type": "image", "source": {"type": CREDENTIAL}})),
        ("responses", responses({"type": "reasoning", "summary": [], "encrypted_content": SEAL})),
        ("responses", responses(user=LONG)),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value)[-90:],
)
def test_what_has_a_shape_is_found_in_base64_and_in_what_is_passed_over(
    gateway: Gateway, up: Upstream, path: str, body: Json
) -> None:
    held(gateway, up, path, body, "restricted")


def reasoning(**members: Any) -> Json:
    return {"type": "reasoning", "id": "rs_of_another", "summary": [], **members}


SHOT = {"type": "computer_call_output", "call_id": "c"}
CODE = {"type": "code_interpreter"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("responses", responses({"type": "image_generation_call", "id": "ig_of_another"})),
        ("responses", responses({"type": "novel_item", "payload": "x"})),
        ("responses", responses({**SHOT, "output": {"type": "computer_screenshot", "file_id": "file-x"}})),
        ("responses", responses({**SHOT, "output": {"image_url": "https://x.example/a.png"}})),
        ("responses", responses(tools=[{**CODE, "container": "cntr_x"}])),
        ("responses", responses(tools=[{**CODE, "container": {"type": "auto", "file_ids": ["file-x"]}}])),
        ("responses", responses(tools=[{"type": "file_search", "vector_store_ids": ["vs_x"]}])),
        ("messages", messages(container="container_x")),
        ("messages", messages({"type": "container_upload", "file_id": "file_x"})),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value)[-90:],
)
def test_what_a_provider_holds_is_unreadable(gateway: Gateway, up: Upstream, path: str, body: Json) -> None:
    held(gateway, up, path, body, "confidential")


@pytest.mark.parametrize(
    "tool",
    [
        {**CODE, "container": {"type": "auto"}},
        {"type": "function", "name": "f", "parameters": {"properties": {"file_id": {"type": "string"}}}},
    ],
    ids=lambda tool: str(tool["type"]),
)
def test_a_tool_that_holds_nothing_passes(gateway: Gateway, tool: Json) -> None:
    assert post(gateway, "responses", responses(tools=[tool])).status_code == 200


@pytest.mark.parametrize("more", [{}, {"encrypted_content": "x"}], ids=str)
def test_reasoning_that_is_not_known_here_leaves_without_its_id(
    gateway: Gateway, up: Upstream, more: Json
) -> None:
    assert post(gateway, "responses", responses(reasoning(**more))).status_code == 200
    assert b"rs_of_another" not in up.requests[-1].raw


def test_an_id_that_an_upstream_gives_twice_is_not_another_conversations(
    gateway: Gateway, up: Upstream
) -> None:
    """Neither does a slow answer bring the words of the other into its own, nor its label over them."""
    restricted = {"x-pointsman-sensitivity": "restricted"}
    ask: Json = {"model": "deep", "previous_response_id": "resp_twice"}
    assert post(gateway, "responses", {"model": "deep", "input": "hello twice"}).status_code == 200
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(post, gateway, "responses", {**ask, "input": "twice, slowly"})
        up.wait(lambda: b"slowly" in up.requests[-1].raw)
        secret = post(gateway, "responses", {**ask, "input": "twice: Nightingale sails in May"}, **restricted)
        assert (secret.status_code, slow.result().status_code) == (200, 200)
    before = len(up.requests)
    reply = post(gateway, "responses", {**ask, "model": "native", "input": "and now?"})
    assert reply.status_code == 403
    assert len(up.requests) == before


def test_what_the_policy_does_not_keep_an_upstream_is_told_not_to(up: Upstream, tmp_path: Path) -> None:
    policies = policy_folder(tmp_path / "policies", up.url)
    file = policies / "policy.yaml"
    written = file.read_text().replace("callers:\n", MODELS.format(url=up.url))
    file.write_text("responses: {up_to: public}\n" + written)
    said = {"model": "deep", "input": "hello"}
    with Gateway(policies, tmp_path / "data") as gateway:
        for label, kept in (("public", True), ("restricted", False)):
            headers = {"x-pointsman-sensitivity": label}
            assert post(gateway, "responses", said, **headers).json()["store"] is kept
            assert up.requests[-1].body.get("store", True) is kept


def test_a_short_body_cannot_stand_for_gigabytes(gateway: Gateway, up: Upstream) -> None:
    kept = post(gateway, "responses", {"model": "deep", "input": "word " * 400_000}).json()
    more = {"model": "deep", "input": "more", "previous_response_id": kept["id"]}
    assert post(gateway, "responses", more).status_code == 200
    before = len(up.requests)
    reference = {"type": "item_reference", "id": kept["output"][0]["id"]}
    many = post(gateway, "responses", {"model": "deep", "input": [reference] * 1001})
    assert (many.status_code, many.json()["error"]["param"]) == (400, "input")
    assert len(up.requests) == before


def test_what_an_empty_text_of_the_system_hides_is_unreadable(gateway: Gateway, up: Upstream) -> None:
    hidden = [{"type": "text", "text": "", "more": "QUJD" * 300}]
    held(gateway, up, "messages", messages(system=hidden), "confidential")


def test_a_seal_that_holds_nothing_passes(gateway: Gateway, up: Upstream) -> None:
    seal = "Er4C" * 100
    assert (
        post(gateway, "messages", messages(thinking(seal), {"type": "text", "text": "Hi."})).status_code
        == 200
    )
    assert seal.encode() in up.requests[-1].raw
