"""Callers that speak HTTP slowly, wrongly or without end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endpoints import CHAT, ENDPOINTS, MESSAGES, At
from tests.folder import KEY, policy_folder
from tests.line import Heard, Line
from tests.running import Gateway
from tests.upstream import Reply, Upstream

PATIENCE = 0.8  # seconds
SOON = 4.0  # seconds within which what takes PATIENCE is over, on a busy machine


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(lambda request: Reply(before_first=0.5 if request.question == "slow" else 0)) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("connections")
    policies = policy_folder(folder / "policies", up.url)
    with Gateway(policies, folder / "data", "--patience", str(PATIENCE)) as running:
        yield running


@pytest.fixture
def line(gateway: Gateway) -> Iterator[Line]:
    with Line(gateway.url) as opened:
        yield opened


def refused(heard: Heard, status: int, code: str, at: At = CHAT) -> None:
    assert (heard.status, at.code(heard.status, heard.body, heard.headers)) == (status, code)


def head(at: At, *lines: str) -> bytes:
    key = [f"{name}: {value}" for name, value in at.key.items()]
    named = [f"POST {at.path} HTTP/1.1", "host: x", "content-type: application/json", *key, *lines]
    return "\r\n".join(named).encode() + b"\r\n\r\n"


# Time


@pytest.mark.parametrize("at", ENDPOINTS, ids=str)
@pytest.mark.parametrize("said", ["content-length: 1000", "transfer-encoding: chunked"])
def test_a_body_that_stalls_is_408(gateway: Gateway, line: Line, at: At, said: str) -> None:
    line.send(head(at, said, f"x-request-id: stalls{at.path.replace('/', '-')}-{said[:3]}"))
    line.send(b'3\r\n{"m\r\n' if "chunked" in said else b'{"m')
    began = time.monotonic()
    heard = line.hear()
    refused(heard, 408, "request_timeout", at)
    assert PATIENCE / 2 < time.monotonic() - began < SOON
    assert heard.headers["connection"] == "close"
    assert line.is_closed
    gateway.until(lambda: [r for r in gateway.rows() if r["id"] == heard.headers["x-request-id"]], "entered")
    assert gateway.row(heard.headers["x-request-id"])["error_type"] == "caller_request_timeout"


def test_a_body_that_trickles_is_408(line: Line) -> None:
    line.send(head(CHAT, "content-length: 1000"))
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        line.send(b" ")
        time.sleep(0.1)
        if line.has_something:
            break
    refused(line.hear(), 408, "request_timeout")


def test_a_body_that_comes_slowly_and_steadily_is_served(line: Line) -> None:
    body = CHAT.body("word " * 600)
    line.send(head(CHAT, f"content-length: {len(body)}"))
    for start in range(0, len(body), 200):
        line.send(body[start : start + 200])
        time.sleep(0.1)
    assert line.hear().status == 200


@pytest.mark.parametrize("start", [b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n", b"GET /"])
def test_a_head_that_trickles_is_408(line: Line, start: bytes) -> None:
    began = time.monotonic()
    line.send(start)
    while not line.has_something and time.monotonic() < began + SOON:
        time.sleep(0.1)
        line.send(b"x")
    refused(line.hear(), 408, "request_timeout")
    assert line.is_closed


def test_a_connection_that_says_nothing_is_closed(line: Line) -> None:
    began = time.monotonic()
    assert line.is_closed
    assert time.monotonic() - began < SOON


def test_blank_lines_and_the_rest_of_a_refused_body_keep_no_connection_open(gateway: Gateway) -> None:
    with Line(gateway.url) as blank:
        began = time.monotonic()
        assert blank.ends_while_sending(b"\r\n", SOON)
    with Line(gateway.url) as rest:
        rest.send(f"POST {CHAT.path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        refused(rest.hear(), 401, "invalid_api_key")
        assert rest.ends_while_sending(b"1\r\nx\r\n", SOON)
    assert time.monotonic() - began < 2 * SOON


def test_a_connection_that_rests_is_kept_for_the_next_request(line: Line) -> None:
    for _ in range(2):
        line.ask("POST", CHAT.path, CHAT.body(), **CHAT.key)
        assert line.hear().status == 200
        time.sleep(6)  # more than httpx and Node keep one


def test_a_slow_answer_is_not_the_callers_fault(line: Line) -> None:
    line.send(head(CHAT, f"content-length: {len(CHAT.body('slow'))}") + CHAT.body("slow"))
    assert line.hear().status == 200


# How many


def test_more_than_may_be_under_way_are_told_to_come_back(tmp_path: Path) -> None:
    with Upstream(Reply(before_first=0.5)) as busy:
        policies = policy_folder(tmp_path / "policies", busy.url)
        with Gateway(policies, tmp_path / "data", "--max-requests", "1") as full, Line(full.url) as first:
            first.ask("POST", CHAT.path, CHAT.body(), **CHAT.key)
            busy.wait(lambda: busy.requests)
            for at in ENDPOINTS:
                with Line(full.url) as second:
                    second.ask("POST", at.path, at.body(), **at.key)
                    heard = second.hear()
                    refused(heard, 529 if at.anthropic else 503, "overloaded", at)
                    assert heard.headers["retry-after"] == "1"
            assert first.hear().status == 200
            first.ask("POST", CHAT.path, CHAT.body(), **CHAT.key)
            assert first.hear().status == 200


# Size


def test_a_head_without_end_is_431(line: Line) -> None:
    line.send(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n")
    for _ in range(20):
        line.send(b"x-more: " + b"x" * 10_000 + b"\r\n")
    refused(line.hear(), 431, "headers_too_large", MESSAGES)
    assert line.is_closed


# Form


@pytest.mark.parametrize(
    "said",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS where none is spoken
        b"POST /v1/chat/completions HTTP/1.1\r\nhost x\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nho st: x\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\n\r\n",
        b"POST /v1/ch\xc3\xa4t HTTP/1.1\r\nhost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/chat/completions HTTP/9.9\r\nhost: x\r\n\r\n",
        head(CHAT, "content-length: 2", "content-length: 3") + b"{}",
        head(CHAT, "content-length: 2", "transfer-encoding: chunked") + b"0\r\n\r\n",
        head(CHAT, "content-length: -1"),
        head(CHAT, "content-length: 1e3"),
        head(CHAT, "content-length: " + "9" * 30),
        head(CHAT, "transfer-encoding: chunked") + b"xyz\r\n",
    ],
    ids=lambda said: repr(said[-40:]),
)
def test_what_is_not_http_is_400_in_the_shape_of_errors(line: Line, said: bytes) -> None:
    line.send(said)
    refused(line.hear(), 400, "invalid_request")
    assert line.is_closed


def test_what_is_not_http_below_messages_is_told_in_anthropics_shape(line: Line) -> None:
    line.send(head(MESSAGES, "content-length: 2", "content-length: 3") + b"{}")
    refused(line.hear(), 400, "invalid_request", MESSAGES)


def test_what_is_not_http_does_not_get_into_the_reply_before_it(line: Line) -> None:
    body = CHAT.body("slow", stream=True)
    line.send(head(CHAT, f"content-length: {len(body)}") + body + b"nonsense\r\n\r\n")
    assert b"HTTP" not in line.rest()[8:]


def test_http_1_0_is_answered_and_closed(line: Line) -> None:
    request = head(CHAT, f"content-length: {len(CHAT.body())}").replace(b"HTTP/1.1", b"HTTP/1.0")
    line.send(request + CHAT.body())
    heard = line.hear()
    assert (heard.status, heard.headers["connection"]) == (200, "close")
    assert line.is_closed


def test_several_requests_in_one_piece_are_answered_in_turn(line: Line) -> None:
    body = CHAT.body()
    request = head(CHAT, f"content-length: {len(body)}") + body
    line.send(request + head(CHAT, "content-length: 1") + b"[" + request)
    assert [line.hear().status for _ in range(3)] == [200, 400, 200]


# Expect: 100-continue


def test_whoever_asks_first_is_told_to_go_on(line: Line) -> None:
    body = CHAT.body()
    line.send(head(CHAT, f"content-length: {len(body)}", "expect: 100-continue"))
    assert line.head().status == 100
    line.send(body)
    assert line.hear().status == 200


@pytest.mark.parametrize("at", ENDPOINTS, ids=str)
def test_whoever_asks_first_and_is_refused_starts_anew(line: Line, at: At) -> None:
    """Nobody could tell whether what comes next is the body."""
    line.send(head(at, "content-length: 99000000", "expect: 100-continue"))
    heard = line.hear()
    refused(heard, 413, "request_too_large", at)
    assert heard.headers["connection"] == "close"
    assert line.is_closed


# Upgrades


def test_an_offer_of_http_2_is_passed_over(line: Line) -> None:
    """Java's client makes one with every first request of a connection."""
    body = CHAT.body()
    offer = "connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAEAAEAAAAIAAAABAAMAAABk"
    for _ in range(2):
        line.send(head(CHAT, *offer, f"content-length: {len(body)}") + body)
        assert line.hear().status == 200
    line.ask("GET", "/v1/models", connection="Upgrade", upgrade="h2c", authorization=f"Bearer {KEY}")
    assert line.hear().status == 200
    line.ask("GET", "/v1/models", authorization=f"Bearer {KEY}")
    assert line.hear().status == 200


def test_a_web_socket_is_refused(line: Line) -> None:
    line.ask("GET", CHAT.path, connection="Upgrade", upgrade="websocket", sec_websocket_version="13")
    refused(line.hear(), 405, "method_not_allowed")
