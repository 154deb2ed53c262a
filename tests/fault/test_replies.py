"""What comes back from every endpoint beside the answer: an upstream's errors, and the gateway's headers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.access.keys import hash_key
from tests.endpoints import ANSWERING, CHAT, COMPLETIONS, EMBEDDINGS, At
from tests.folder import KEY
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream, embeddings, failure

DISCREET_KEY = "pm-test-key-of-one-who-may-not-know-labels"
HOW = (
    'base_url: "{url}", clearance: internal, retries: 0, forward: [x-how], '
    "circuit: {{failures: 1000, share: 1, of: 1000}}"
)
POLICY = """\
models:
  - {{name: small, target: openai-compatible/x, {how}}}
  - {{name: vectors, target: openai-compatible/v, kind: embedding, {how}}}
callers:
  - {{name: app, key_sha256: {key}, clearance: internal}}
  - {{name: discreet, key_sha256: {discreet}, clearance: internal, disclose: false}}
guards:
  - {{name: no-credentials, when: '"credential" in findings', block: "Remove the credential."}}
routes:
  - {{name: all, model: small}}
"""
TRACEBACK = b"<html><pre>Traceback (most recent call last): File /srv/inner.py secret-of-theirs</pre></html>"
HTML = {"content-type": "text/html"}
SCRIPT = {
    "denied": failure(401, "your key sk-theirs is wrong", code="invalid_api_key"),
    "forbidden": failure(403, "secret-of-theirs may not do this"),
    "crash": Reply(status=500, raw=TRACEBACK, headers=HTML),
    "lost": Reply(status=404, raw=TRACEBACK, headers=HTML),
    "crash-in-json": failure(500, "Traceback secret-of-theirs"),
    "bad": failure(400, "temperature must be below 2", code="too_hot"),
    "long": failure(400, "this is too long", code="context_length_exceeded"),
    "busy": failure(429, "slow down", retry_after="7"),
    "overloaded": failure(503, "later", retry_after="9"),
}
ALL = (*ANSWERING, COMPLETIONS, EMBEDDINGS)


def script(request: Recorded) -> Reply:
    fine = embeddings([[0.1, 0.2]]) if request.path.endswith("embeddings") else Reply("fine")
    return SCRIPT.get(request.headers.get("x-how", ""), fine)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("replies")
    (folder / "policies").mkdir()
    with Upstream(script) as up:
        how = HOW.format(url=up.url)
        text = POLICY.format(how=how, key=hash_key(KEY), discreet=hash_key(DISCREET_KEY))
        (folder / "policies" / "policy.yaml").write_text(text)
        with Gateway(folder / "policies", folder / "data") as running:
            yield running


def post(
    gateway: Gateway, at: At, how: str = "fine", say: str = "ok", key: str = KEY, **members: Any
) -> httpx.Response:
    model = {"model": "vectors"} if at is EMBEDDINGS else {}
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}", "x-how": how}
    body = at.body(say, **{**model, **members})
    return httpx.post(gateway.url + at.path, content=body, headers=headers, timeout=15)


@pytest.mark.parametrize("at", ALL, ids=str)
@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("denied", 502, "provider_authentication"),
        ("forbidden", 502, "provider_authentication"),
        ("crash", 502, "provider_unavailable"),
        ("crash-in-json", 502, "provider_unavailable"),
        ("lost", 404, "provider_refused"),
        ("bad", 400, "too_hot"),
        ("long", 400, "context_length_exceeded"),
        ("busy", 429, "rate_limit_exceeded"),
        ("overloaded", 503, "provider_overloaded"),
    ],
)
def test_an_upstreams_error_is_told_as_what_it_is(
    gateway: Gateway, at: At, how: str, status: int, code: str
) -> None:
    reply = post(gateway, at, how)
    told = 529 if code == "provider_overloaded" and at.path == "/v1/messages" else status
    assert (reply.status_code, at.code(status, reply.content, reply.headers)) == (told, code)
    assert "theirs" not in reply.text
    assert "html" not in reply.text
    assert reply.headers["x-pointsman-policy"]
    assert reply.headers["x-pointsman-sensitivity"] == "public"
    if how == "bad":
        assert reply.json()["error"]["message"] == "temperature must be below 2"
    if status in (429, 503):
        assert reply.headers["retry-after"] == {"busy": "7", "overloaded": "9"}[how]


@pytest.mark.parametrize("at", ALL, ids=str)
def test_a_policys_refusal_is_told_to_be_final(gateway: Gateway, at: At) -> None:
    reply = post(gateway, at, say="sk-proj-abcdEFGH1234ijklMNOP5678qrstUVWX9012yzAC")
    assert (reply.status_code, at.code(403, reply.content, reply.headers)) == (403, "policy_blocked")
    assert reply.headers["x-should-retry"] == "false"
    assert reply.headers["x-pointsman-sensitivity"] == "restricted"
    assert reply.headers["x-pointsman-policy"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("at", ANSWERING, ids=str)
def test_an_answer_says_how_it_was_served(gateway: Gateway, at: At, stream: bool) -> None:
    headers = post(gateway, at, stream=stream).headers
    names = ("route", "model", "policy", "task", "freshness", "sensitivity", "overhead-ms")
    assert [name for name in names if not headers.get(f"x-pointsman-{name}")] == []
    assert (headers["x-pointsman-route"], headers["x-pointsman-model"]) == ("all", "small")
    assert headers["x-request-id"]
    if stream:
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-cache", "no")


@pytest.mark.parametrize("how", ["fine", "bad"])
@pytest.mark.parametrize("at", [*ANSWERING, EMBEDDINGS], ids=str)
def test_whoever_may_not_know_labels_is_told_none(gateway: Gateway, at: At, how: str) -> None:
    headers = post(gateway, at, how, key=DISCREET_KEY).headers
    assert headers["x-pointsman-policy"]
    assert not {"x-pointsman-task", "x-pointsman-freshness", "x-pointsman-sensitivity"} & set(headers)


@pytest.mark.parametrize("at", ALL, ids=str)
def test_the_error_that_no_model_is_cleared_names_the_label_to_whoever_may_know_it(
    gateway: Gateway, at: At
) -> None:
    card = "My card is 4111 1111 1111 1111."
    reply, discreet = (post(gateway, at, say=card, key=key) for key in (KEY, DISCREET_KEY))
    assert "is cleared for data labelled restricted." in reply.text
    assert (discreet.status_code, "is cleared for this data." in discreet.text) == (403, True)
    assert "restricted" not in discreet.text
    assert "x-pointsman-sensitivity" not in discreet.headers


@pytest.mark.parametrize("at", ALL, ids=str)
def test_a_callers_own_id_comes_back(gateway: Gateway, at: At) -> None:
    body = at.body(model="nobody")
    for sent, same in (("mine-1", True), ("not/sane" * 9, False)):
        headers = {"content-type": "application/json", **at.key, "x-request-id": sent}
        reply = httpx.post(gateway.url + at.path, content=body, headers=headers)
        assert (reply.headers["x-request-id"] == sent) is same


def test_an_upstreams_400_reaches_the_caller_whole(gateway: Gateway) -> None:
    assert post(gateway, CHAT, "bad").json() == {
        "error": {
            "message": "temperature must be below 2",
            "type": "scripted",
            "param": None,
            "code": "too_hot",
        }
    }
