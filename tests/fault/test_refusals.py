"""What every endpoint says of a request that it cannot serve; the connection is of use afterwards."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endpoints import CHAT, ENDPOINTS, MESSAGES, At
from tests.folder import KEY, policy_folder
from tests.line import Heard, Line
from tests.running import Gateway
from tests.upstream import Upstream

LIMIT = 200_000  # bytes of a body


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("refusals")
    with Upstream() as up:
        policies = policy_folder(folder / "policies", up.url)
        with Gateway(policies, folder / "data", "--max-body", str(LIMIT)) as running:
            yield running


@pytest.fixture(params=ENDPOINTS, ids=str)
def at(request: pytest.FixtureRequest) -> At:
    found = request.param
    assert isinstance(found, At)
    return found


@pytest.fixture
def line(gateway: Gateway) -> Iterator[Line]:
    with Line(gateway.url) as opened:
        yield opened


def refused(heard: Heard, at: At, status: int, code: str) -> None:
    assert (heard.status, at.code(heard.status, heard.body, heard.headers)) == (status, code)


def still_serves(line: Line) -> None:
    """The connection takes the next request for what it is."""
    line.ask("POST", CHAT.path, CHAT.body(), authorization=f"Bearer {KEY}", x_request_id="the-next")
    heard = line.hear()
    assert (heard.status, heard.headers["x-request-id"]) == (200, "the-next")
    assert heard.json["object"] == "chat.completion"


def nested(depth: int, at: At) -> bytes:
    body = json.loads(at.body())
    return json.dumps({**body, "metadata": {}}).replace("{}", "[" * depth + "]" * depth).encode()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"nul", b"[1]", b"[]", b"1", b"true", b"null", b'"text"', b"{}"),
        *(b"\xff", b'{"model":"\xff"}', b'{"a":1}{"b":2}', b'{"a":NaN}', b"\xef\xbb\xbf{", b"{'a': 1}"),
    ],
    ids=repr,
)
def test_a_body_that_is_no_object_of_json_is_400(line: Line, at: At, content: bytes) -> None:
    line.ask("POST", at.path, content, **at.key)
    refused(line.hear(), at, 400, "invalid_request")
    still_serves(line)


def test_text_that_is_not_utf_8_is_400(line: Line, at: At) -> None:
    line.ask("POST", at.path, at.body("here").replace(b"here", b"\xc3\x28"), **at.key)
    refused(line.hear(), at, 400, "invalid_request")
    still_serves(line)


@pytest.mark.parametrize("depth", [128, 600, 90_000])
def test_nesting_that_is_too_deep_is_400(line: Line, at: At, depth: int) -> None:
    line.ask("POST", at.path, nested(depth, at), **at.key)
    refused(line.hear(), at, 400, "invalid_request")
    still_serves(line)


def test_saying_nothing_is_400(line: Line, at: At) -> None:
    line.ask("POST", at.path, at.empty, **at.key)
    heard = line.hear()
    refused(heard, at, 400, "invalid_request")
    assert at.says in heard.json["error"]["message"]
    still_serves(line)


def test_a_model_that_nobody_knows_is_404(line: Line, at: At) -> None:
    line.ask("POST", at.path, at.body(model="gpt-99"), **at.key)
    heard = line.hear()
    refused(heard, at, 404, "model_not_found")
    assert heard.headers["x-pointsman-policy"]
    still_serves(line)


@pytest.mark.parametrize(
    "key",
    [
        *({}, {"authorization": "Bearer wrong"}, {"authorization": KEY}, {"authorization": "Bearer "}),
        *({"authorization": f"Basic {KEY}"}, {"x-api-key": "wrong"}),
    ],
    ids=repr,
)
def test_a_missing_key_and_a_wrong_one_are_401(line: Line, at: At, key: dict[str, str]) -> None:
    line.ask("POST", at.path, at.body("x" * 100_000), **key)
    heard = line.hear()
    refused(heard, at, 401, "invalid_api_key")
    assert KEY not in heard.body.decode()
    still_serves(line)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_another_method_is_405_and_told_what_is_allowed(line: Line, at: At, method: str) -> None:
    line.ask(method, at.path, **at.key)
    heard = line.hear(bodiless=method == "HEAD")
    assert (heard.status, heard.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        refused(heard, at, 405, "method_not_allowed")
    still_serves(line)


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_media_type_is_415(line: Line, at: At, media: str) -> None:
    line.ask("POST", at.path, at.body("y" * 100_000), **at.key, content_type=media)
    refused(line.hear(), at, 415, "unsupported_media_type")
    still_serves(line)


def test_a_compressed_body_is_415(line: Line, at: At) -> None:
    line.ask("POST", at.path, gzip.compress(at.body()), **at.key, content_encoding="gzip")
    refused(line.hear(), at, 415, "unsupported_media_type")
    still_serves(line)


@pytest.mark.parametrize(
    "media", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
)
def test_json_is_known_by_each_of_its_names(line: Line, media: str) -> None:
    line.ask("POST", CHAT.path, CHAT.body(), **CHAT.key, content_type=media)
    assert line.hear().status == 200


def test_a_body_that_says_that_it_is_too_large_is_413_and_not_taken_for_the_next_request(
    line: Line, at: At
) -> None:
    line.ask("POST", at.path, b"POST / HTTP/1.1\r\n\r\n" * 20_000, **at.key)
    refused(line.hear(), at, 413, "request_too_large")
    still_serves(line)


def test_a_chunked_body_that_grows_too_large_is_413(line: Line, at: At) -> None:
    line.ask("POST", at.path, None, **at.key, content_type="application/json", transfer_encoding="chunked")
    for _ in range(30):
        line.send(b"2710\r\n" + b" " * 10_000 + b"\r\n")
    refused(line.hear(), at, 413, "request_too_large")
    line.send(b"0\r\n\r\n")
    still_serves(line)


def test_headers_that_are_too_large_are_431(line: Line, at: At) -> None:
    line.ask("POST", at.path, at.body(), **at.key, x_large="x" * 70_000)
    refused(line.hear(), at, 431, "headers_too_large")


def test_a_wrong_path_is_404_and_says_which_is_meant(line: Line, at: At) -> None:
    for wrong in (at.path + "/", at.path.removeprefix("/v1"), "/v1" + at.path):
        line.ask("POST", wrong, at.body(), **at.key)
        heard = line.hear()
        assert (heard.status, heard.json["error"]["code"]) == (404, "not_found")
        assert f"Did you mean {at.path}?" in heard.json["error"]["message"]
    still_serves(line)


@pytest.mark.parametrize("path", ["/v1/nothing", "/", "/v2/chat", "/v1/" + "x" * 5_000, "/%00%ff"])
def test_a_path_that_leads_nowhere_is_404(line: Line, path: str) -> None:
    line.ask("GET", path)
    heard = line.hear()
    refused(heard, CHAT, 404, "not_found")
    assert len(heard.body) < 1_000
    still_serves(line)


def test_what_is_wrong_below_messages_is_told_in_anthropics_shape(line: Line) -> None:
    line.ask("POST", "/v1/messages/batches", b"{}")
    refused(line.hear(), MESSAGES, 404, "not_found")
    still_serves(line)


def test_a_query_and_percent_signs_lead_to_the_same_endpoint(line: Line, at: At) -> None:
    for path in (at.path + "?api-version=2024-10-21&beta=true", at.path.replace("e", "%65")):
        line.ask("POST", path, b"[]", **at.key)
        refused(line.hear(), at, 400, "invalid_request")


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/metrics", "/openapi.json"])
def test_a_head_says_what_a_get_would(line: Line, path: str) -> None:
    line.ask("HEAD", path, authorization=f"Bearer {KEY}")
    heard = line.hear(bodiless=True)
    assert heard.status == 200
    assert heard.headers["x-request-id"]
    still_serves(line)


def test_models_and_admins_refuse_in_the_same_words(line: Line) -> None:
    line.ask("DELETE", "/v1/models")
    heard = line.hear()
    refused(heard, CHAT, 405, "method_not_allowed")
    assert heard.headers["allow"] in ("GET, HEAD", "HEAD, GET")
    line.ask("GET", "/v1/models")
    refused(line.hear(), CHAT, 401, "invalid_api_key")
    line.ask("GET", "/v1/models", x_large="x" * 70_000)
    refused(line.hear(), CHAT, 431, "headers_too_large")
    line.ask("POST", "/admin/explain", b"{}", authorization=f"Bearer {KEY}")
    refused(line.hear(), CHAT, 403, "forbidden")
    still_serves(line)


def test_a_callers_own_id_comes_back_with_every_error(line: Line, at: At) -> None:
    named = {"x-request-id": "mine-1"}
    for method, path, headers in (
        ("GET", at.path, named),
        ("POST", at.path, named),
        ("POST", at.path, {**named, **at.key}),
        ("POST", "/v1/nothing", named),
    ):
        line.ask(method, path, b"[", **headers)
        assert line.hear().headers["x-request-id"] == "mine-1"
