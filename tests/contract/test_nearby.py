"""Without callers, over sockets: this machine's clients are served, and pages in a browser on it are not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.endpoints import At
from tests.line import Heard, Line
from tests.running import Gateway
from tests.upstream import Reply, Upstream

POLICY = """\
models:
  - {{name: small, target: openai-compatible/m, base_url: "{url}", retries: 0}}
routes:
  - {{name: all, model: small}}
"""
CHAT = At("/v1/chat/completions")
MODELS = [
    *(CHAT, At("/v1/messages", also=(("max_tokens", 5),), anthropic=True), At("/v1/responses", says="input")),
    *(At("/v1/completions", says="prompt"), At("/v1/embeddings", says="input")),
]
ELSEWHERE = {
    "another's name": {"host": "evil.example:8080"},
    "another's page": {"origin": "https://evil.example"},
    "no one's page": {"origin": "null"},
    "another site's": {"sec-fetch-site": "cross-site"},
    "another port's": {"sec-fetch-site": "same-site"},
}


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(lambda request: Reply("Hello.")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, up: Upstream) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("policies")
    (folder / "policy.yaml").write_text(POLICY.format(url=up.url))
    with Gateway(folder, tmp_path_factory.mktemp("data")) as running:
        yield running.url


def asked(url: str, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Heard:
    with Line(url) as line:
        line.ask(method, path, body, **headers)
        return line.hear()


@pytest.mark.parametrize("said", ELSEWHERE)
@pytest.mark.parametrize("at", MODELS, ids=str)
def test_no_page_from_elsewhere_asks_a_model(url: str, up: Upstream, at: At, said: str) -> None:
    headers = ELSEWHERE[said]
    before = len(up.requests)
    heard = asked(url, "POST", at.path, headers, at.body())
    assert heard.status == 403
    assert at.code(403, heard.body, heard.headers) in ("forbidden", "permission_error")
    assert len(up.requests) == before


@pytest.mark.parametrize("said", ELSEWHERE)
def test_no_page_from_elsewhere_reads_what_is_here(url: str, said: str) -> None:
    headers = ELSEWHERE[said]
    kept = asked(url, "POST", "/v1/responses", {}, MODELS[2].body()).json["id"]
    for method, path in (
        *(("GET", "/v1/models"), ("GET", "/v1/models/small"), ("GET", f"/v1/responses/{kept}")),
        *(("GET", f"/v1/responses/{kept}/input_items"), ("DELETE", f"/v1/responses/{kept}")),
    ):
        assert asked(url, method, path, headers).status == 403, path
    assert asked(url, "GET", f"/v1/responses/{kept}", {}).status == 200  # it was not deleted


@pytest.mark.parametrize("at", MODELS[:3], ids=str)
def test_a_body_of_no_type_is_refused(url: str, up: Upstream, at: At) -> None:
    """`fetch` and `sendBeacon` send it without asking first."""
    before, body = len(up.requests), at.body()
    for headers in ({}, {"origin": "http://localhost:8080"}):
        with Line(url) as line:
            line.ask("POST", at.path, None, content_length=str(len(body)), **headers)
            line.send(body)
            assert line.hear().status == 415
    assert len(up.requests) == before


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.1"])
def test_clients_of_this_machine_are_served(url: str, host: str) -> None:
    page = {"origin": "http://localhost:8080", "sec-fetch-site": "same-origin"}
    for headers in ({"host": host}, {"host": host, **page}):
        heard = asked(url, "POST", CHAT.path, headers, CHAT.body())
        assert json.loads(heard.body)["choices"][0]["message"]["content"] == "Hello."
        assert asked(url, "GET", "/v1/models", headers).status == 200
