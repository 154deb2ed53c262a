"""What of a caller's headers reaches an upstream, and what never does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.access.keys import hash_key
from tests.endpoints import ANSWERING, CHAT, MESSAGES, RESPONSES, At
from tests.folder import KEY, policy_folder
from tests.running import Gateway
from tests.upstream import Upstream, failure

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRETS = {
    "cookie": "session=callers-own",
    "proxy-authorization": "Basic callers-own",
    "x-forwarded-for": "callers-own",
    "x-unnamed": "callers-own",
    "user-agent": "callers-own",
}


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("forwarded")
    policies = policy_folder(folder / "policies", up.url)
    text = (policies / "policy.yaml").read_text()
    text = text.replace("    clearance: internal\n", "    clearance: internal\n    forward: [x-tenant]\n", 1)
    mask = "  - {name: no-mail, when: '\"email\" in findings', mask: [email], lowers_to: internal}\nroutes:"
    (policies / "policy.yaml").write_text(text.replace("routes:", mask))
    with Gateway(policies, folder / "data") as running:
        yield running


def post(gateway: Gateway, at: At, say: str = "ok", **headers: str) -> httpx.Response:
    named = {"content-type": "application/json", **at.key, **SECRETS}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(gateway.url + at.path, content=at.body(say), headers=named, timeout=15)


@pytest.mark.parametrize("at", ANSWERING, ids=str)
def test_an_upstream_gets_the_trace_and_what_its_model_names_and_nothing_else(
    gateway: Gateway, up: Upstream, at: At
) -> None:
    reply = post(gateway, at, traceparent=PARENT, tracestate="a=b", x_tenant="acme")
    assert reply.status_code == 200, reply.text
    got = up.requests[-1].headers
    assert (got["traceparent"], got["tracestate"], got["x-tenant"]) == (PARENT, "a=b", "acme")
    assert not [name for name, value in got.items() if "callers-own" in value or KEY in value]


def test_without_them_an_upstream_gets_none(gateway: Gateway, up: Upstream) -> None:
    assert post(gateway, ANSWERING[0]).status_code == 200
    assert not {"traceparent", "tracestate", "x-tenant"} & set(up.requests[-1].headers)


def test_a_secret_in_a_header_does_not_ride_out(gateway: Gateway, up: Upstream) -> None:
    before = len(up.requests)
    reply = post(gateway, ANSWERING[0], x_tenant="sk-proj-abcdEFGH1234ijklMNOP5678qrstUVWX9012yzAC")
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "policy_blocked")
    assert len(up.requests) == before


def test_what_would_be_masked_cannot_be_in_a_header(gateway: Gateway, up: Upstream) -> None:
    before = len(up.requests)
    reply = post(gateway, ANSWERING[0], x_tenant="mary.smith@example.com")
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "policy_blocked")
    assert len(up.requests) == before


def test_a_masked_request_keeps_its_headers(gateway: Gateway, up: Upstream) -> None:
    reply = post(
        gateway, ANSWERING[0], "write to mary.smith@example.com", x_tenant="acme", traceparent=PARENT
    )
    assert reply.status_code == 200, reply.text
    got = up.requests[-1]
    assert b"mary" not in got.raw
    assert (got.headers["x-tenant"], got.headers["traceparent"]) == ("acme", PARENT)


def test_a_header_that_would_go_on_and_is_too_long_is_refused(gateway: Gateway) -> None:
    reply = post(gateway, ANSWERING[0], x_tenant="x" * 2_000)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")


NATIVE = """\
models:
  - {{name: openais, target: openai-compatible/x, speaks: [chat, responses], base_url: "{url}"}}
  - {{name: anthropics, target: anthropic/claude, base_url: "{url}"}}
  - {{name: plain, target: openai-compatible/x, base_url: "{url}"}}
callers: [{{name: app, key_sha256: {key}}}]
routes: [{{name: all, model: plain}}]
"""


@pytest.mark.parametrize(
    ("at", "model", "name", "value", "goes"),
    [
        (RESPONSES, "openais", "openai-beta", "responses=experimental", True),
        (RESPONSES, "plain", "openai-beta", "responses=experimental", False),
        (CHAT, "openais", "openai-beta", "responses=experimental", False),
        (MESSAGES, "anthropics", "anthropic-beta", "output-128k-2025-02-19,files-api-2025-04-14", True),
        (MESSAGES, "anthropics", "anthropic-version", "2023-01-01", True),
        (MESSAGES, "plain", "anthropic-beta", "output-128k-2025-02-19", False),
        (CHAT, "anthropics", "anthropic-beta", "output-128k-2025-02-19", False),
        (CHAT, "anthropics", "traceparent", PARENT, True),
        (MESSAGES, "anthropics", "traceparent", PARENT, True),
        (RESPONSES, "openais", "traceparent", PARENT, True),
    ],
)
def test_what_belongs_to_an_api_goes_to_models_that_are_asked_in_it(
    native: tuple[Gateway, Upstream], at: At, model: str, name: str, value: str, goes: bool
) -> None:
    gateway, up = native
    headers = {"content-type": "application/json", **at.key, name: value}
    httpx.post(gateway.url + at.path, content=at.body(model=model), headers=headers, timeout=15)
    assert (up.requests[-1].headers.get(name) == value) is goes


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Upstream]]:
    folder: Path = tmp_path_factory.mktemp("native")
    (folder / "policies").mkdir()
    with Upstream(failure(400, "enough is known")) as up:
        text = NATIVE.format(url=up.url, key=hash_key(KEY))
        (folder / "policies" / "policy.yaml").write_text(text)
        with Gateway(folder / "policies", folder / "data") as running:
            yield running, up
