"""What a caller sees when a request, the policy or an upstream is at fault."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.folder import KEY, policy_folder
from tests.running import Gateway
from tests.upstream import FOREVER, Recorded, Reply, Upstream, failure

SCRIPT: dict[str, Reply] = {
    "ok": Reply("fine"),
    "down": failure(503),
    "crash": Reply(status=500, raw=b"<html>Traceback: secret</html>", headers={"content-type": "text/html"}),
    "denied": failure(401),
    "denied quota": failure(429, code="insufficient_quota"),
    "wait": failure(500, retry_after="7", retry_after_ms="6500"),
    "silent": Reply(before_headers=FOREVER),
    "odd": failure(422, "that is odd"),
    "bad": failure(400, "no such thing as temperature 9", code="bad_temperature"),
    "long": failure(400, "too long", code="context_length_exceeded"),
    "cut": Reply("one two three four five six", cut_after=4),
    "stall": Reply("one two three four five six", stall_after=4),
    "empty": Reply(
        events=(b'data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n', b"data: [DONE]\n\n")
    ),
    "slow": Reply("one two three four five six", between=0.2),
}


def script(request: Recorded) -> Reply:
    return SCRIPT[request.question]


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("fault")
    policies = policy_folder(folder / "policies", up.url)
    (policies / "resting.yaml").write_text("models: [{name: resting, target: openai/x, disabled: true}]\n")
    with Gateway(policies, folder / "data", "--max-body", "100k") as running:
        yield running


HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
PATH = "/v1/chat/completions"


def body(say: str = "ok", **members: Any) -> bytes:
    return json.dumps({"model": "auto", "messages": [{"role": "user", "content": say}], **members}).encode()


def post(gateway: Gateway, content: bytes, **headers: str) -> httpx.Response:
    return httpx.post(gateway.url + PATH, content=content, headers={**HEADERS, **headers}, timeout=15)


def error(reply: httpx.Response) -> dict[str, Any]:
    """The error, whose shape is checked on the way."""
    found: dict[str, Any] = reply.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert reply.headers["content-type"] == "application/json"
    return found


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "invalid_request"),
        (b"[1]", 400, "invalid_request"),
        (b"\xff", 400, "invalid_request"),
        (body(messages=[]), 400, "invalid_request"),
        (body(model="gpt-99"), 404, "model_not_found"),
        (b" " * 100_001, 413, "request_too_large"),
    ],
)
def test_a_callers_mistake_is_told_in_openais_shape(
    gateway: Gateway, content: bytes, status: int, code: str
) -> None:
    reply = post(gateway, content)
    assert (reply.status_code, error(reply)["code"]) == (status, code)


def test_a_missing_key_and_a_wrong_one_are_401(gateway: Gateway) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": KEY}):
        reply = httpx.post(gateway.url + PATH, content=body(), headers=headers)
        assert (reply.status_code, error(reply)["code"]) == (401, "invalid_api_key")


def test_wrong_paths_methods_and_media_types_are_told_apart(gateway: Gateway) -> None:
    assert error(httpx.get(gateway.url + "/v1/nothing"))["code"] == "not_found"
    got = httpx.get(gateway.url + PATH)
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert error(got)["code"] == "method_not_allowed"
    deleted = httpx.delete(gateway.url + "/v1/models")
    assert (deleted.status_code, error(deleted)["code"]) == (405, "method_not_allowed")
    text = post(gateway, body(), **{"content-type": "text/plain"})
    assert (text.status_code, error(text)["code"]) == (415, "unsupported_media_type")


def test_a_chunked_body_over_the_limit_is_refused(gateway: Gateway) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 10_000

    reply = httpx.post(gateway.url + PATH, content=pieces(), headers=HEADERS)
    assert (reply.status_code, error(reply)["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    ("say", "status", "code"),
    [
        ("down", 503, "provider_overloaded"),
        ("crash", 502, "provider_unavailable"),
        ("denied", 502, "provider_authentication"),
        ("denied quota", 429, "rate_limit_exceeded"),
        ("silent", 504, "provider_timeout"),
        ("odd", 422, "provider_refused"),
        ("bad", 400, "bad_temperature"),
        ("long", 400, "context_length_exceeded"),
    ],
)
def test_an_upstreams_failure_is_told_as_what_it_is(
    gateway: Gateway, say: str, status: int, code: str
) -> None:
    reply = post(gateway, body(say))
    assert (reply.status_code, error(reply)["code"]) == (status, code)
    assert "secret" not in reply.text
    assert post(gateway, body("ok")).status_code == 200


@pytest.mark.parametrize("say", ["denied", "denied quota"])
def test_what_only_the_gateways_operator_can_mend_is_not_to_be_asked_again(
    gateway: Gateway, say: str
) -> None:
    assert post(gateway, body(say)).headers["x-should-retry"] == "false"


def test_how_long_an_upstream_wants_a_client_to_wait_reaches_it(gateway: Gateway) -> None:
    told = post(gateway, body("wait")).headers
    assert (told["retry-after"], told["retry-after-ms"]) == ("7", "6500")
    assert "x-should-retry" not in told


def test_a_policys_refusal_tells_clients_not_to_retry(gateway: Gateway) -> None:
    reply = post(gateway, body(), **{"x-pointsman-sensitivity": "restricted"})
    assert (reply.status_code, error(reply)["code"]) == (403, "policy_no_cleared_model")
    assert reply.headers["x-should-retry"] == "false"


def test_where_no_model_is_in_service_the_caller_is_not_told_to_change_its_request(gateway: Gateway) -> None:
    reply = post(gateway, body(model="resting"))
    assert (reply.status_code, error(reply)["code"]) == (503, "policy_no_model_in_service")
    assert reply.headers["x-should-retry"] == "false"
    assert "in service" in error(reply)["message"]
    assert "sensitive" not in error(reply)["message"]


def test_a_header_that_names_no_label_is_refused(gateway: Gateway) -> None:
    reply = post(gateway, body(), **{"x-pointsman-sensitivity": "secret"})
    assert (reply.status_code, error(reply)["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(("say", "code"), [("cut", "provider_stream_broken"), ("stall", "provider_timeout")])
def test_a_break_after_the_first_byte_is_an_error_event_without_done(
    gateway: Gateway, say: str, code: str
) -> None:
    with httpx.stream("POST", gateway.url + PATH, content=body(say, stream=True), headers=HEADERS) as reply:
        assert reply.status_code == 200
        events = [line[6:] for line in reply.iter_lines() if line.startswith("data: ")]
    assert json.loads(events[0])["choices"]
    assert json.loads(events[-1])["error"]["code"] == code
    assert "[DONE]" not in events


def test_a_whole_stream_ends_with_done_and_has_the_headers_of_a_stream(gateway: Gateway) -> None:
    with httpx.stream("POST", gateway.url + PATH, content=body("ok", stream=True), headers=HEADERS) as reply:
        events = [line[6:] for line in reply.iter_lines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize(("say", "stream"), [("slow", True), ("silent", True), ("silent", False)])
def test_a_caller_who_hangs_up_cancels_the_upstream(
    gateway: Gateway, up: Upstream, say: str, stream: bool
) -> None:
    host, port = gateway.url.removeprefix("http://").split(":")
    content = body(say, stream=stream)
    request_id = f"hang-up-{say}-{stream}"
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nx-request-id: {request_id}\r\n"
    before = len(up.requests)
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(
            f"{head}content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n".encode()
        )
        caller.sendall(content)
        up.wait(lambda: len(up.requests) > before)
        if say == "slow":
            assert b"200" in caller.recv(100)
    left = time.monotonic()
    up.wait(lambda: up.requests[-1].hung_up is not None)
    assert (up.requests[-1].hung_up or 0) - left < 1.0  # the promise is 0.1 s; the machine may be busy
    gateway.until(lambda: any(row["id"] == request_id for row in gateway.rows()), "accounted", 5)
    assert gateway.row(request_id)["outcome"] == "hung_up"
    assert gateway.row(request_id)["tries"][0]["outcome"] == "hung_up"


def test_a_sane_request_id_comes_back_and_a_wild_one_is_replaced(gateway: Gateway) -> None:
    assert post(gateway, body(), **{"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert len(post(gateway, body(), **{"x-request-id": "a b" * 100}).headers["x-request-id"]) == 24


def test_a_second_label_header_never_lowers_the_first(gateway: Gateway) -> None:
    label = "x-pointsman-sensitivity"
    headers = [*HEADERS.items(), (label, "restricted"), (label, "public")]
    reply = httpx.post(gateway.url + PATH, content=body(), headers=headers)
    assert error(reply)["code"] == "policy_no_cleared_model"


def test_headers_are_bounded(gateway: Gateway) -> None:
    reply = post(gateway, body(), **{"x-large": "x" * 70_000})
    assert (reply.status_code, error(reply)["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "content", [b'{"model":"auto","messages":[{"role":"user","content":"\xff"}]}', b"nul"]
)
def test_bytes_that_are_no_text_are_refused(gateway: Gateway, content: bytes) -> None:
    assert error(post(gateway, content))["code"] == "invalid_request"


def test_an_absurd_length_is_refused(gateway: Gateway) -> None:
    host, port = gateway.url.removeprefix("http://").split(":")
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {'0' * 5000}5\r\n\r\n"
    with socket.create_connection((host, int(port))) as caller:
        caller.settimeout(5)
        caller.sendall(head.encode())
        assert b" 500 " not in caller.recv(200)


def test_an_upstream_that_says_nothing_at_all_is_broken(gateway: Gateway) -> None:
    reply = post(gateway, body("empty", stream=True))
    assert (reply.status_code, error(reply)["code"]) == (502, "provider_stream_broken")
