"""Embeddings as the official `openai` client asks for them, of an upstream and of the gateway itself."""

from __future__ import annotations

import base64
import json
import math
import struct
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from gateway.access.keys import hash_key
from tests.folder import KEY
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream, failure

OTHER_KEY = "pm-test-key-of-one-who-may-use-little"
POLICY = """\
models:
  - {{name: small, target: openai-compatible/chat-model, base_url: {url}, clearance: restricted}}
  - name: embed
    target: openai-compatible/embedding-model
    base_url: {url}
    kind: embedding
    clearance: internal
    price: {{input: 2.0, output: 0}}
    retries: 2
    timeouts: {{connect: 1s, first_token: 1s, idle: 1s, total: 3s}}
  - {{name: own, target: local/minilm, kind: embedding}}
aliases: {{"text-embedding-3-*": embed, "gpt-4o*": auto}}
callers:
  - {{name: app, key_sha256: {key}, team: support, clearance: internal}}
  - {{name: other, key_sha256: {other}, may_use: [auto, own]}}
guards:
  - name: no-credentials
    when: '"credential" in findings'
    block: Remove the credential and send again.
  - name: hide-phones
    when: '"phone" in findings'
    mask: [phone]
baseline: small
routes:
  - name: everything
    model: small
"""
VECTORS = [[0.25, -0.5, 1.0], [1.5, 0.0, -2.0]]


def encoded(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def script(request: Recorded) -> Reply:
    """Vectors for as many inputs as there are, in the format that is asked for."""
    given = request.body["input"]
    several = isinstance(given, list) and not isinstance(given[0], int)
    made = (VECTORS * len(given))[: len(given)] if several else VECTORS[:1]
    as_base64 = request.body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": i, "embedding": encoded(v) if as_base64 else v}
        for i, v in enumerate(made)
    ]
    usage = {"prompt_tokens": 5 * len(made), "total_tokens": 5 * len(made)}
    return Reply(json={"object": "list", "data": data, "model": "embedding-model", "usage": usage})


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("embeddings")
    (folder / "policies").mkdir()
    text = POLICY.format(url=up.url, key=hash_key(KEY), other=hash_key(OTHER_KEY))
    (folder / "policies" / "policy.yaml").write_text(text)
    with Gateway(folder / "policies", folder / "data") as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)


def post(gateway: Gateway, body: Any, key: str = KEY) -> tuple[int, dict[str, str], Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(gateway.url + "/v1/embeddings", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, dict(reply.headers), json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), json.load(error)


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / math.hypot(*one) / math.hypot(*other)


# An upstream


def test_what_the_client_asks_by_itself_is_base64_and_comes_back_as_numbers(
    client: openai.OpenAI, up: Upstream
) -> None:
    made = client.embeddings.create(model="embed", input=["a cat", "a dog"])
    assert [item.embedding for item in made.data] == VECTORS
    assert [item.index for item in made.data] == [0, 1]
    assert made.usage.prompt_tokens == 10
    assert up.requests[-1].path == "/v1/embeddings"
    assert up.requests[-1].body["encoding_format"] == "base64"


def test_the_upstream_gets_the_callers_bytes_but_for_the_model(gateway: Gateway, up: Upstream) -> None:
    sent = b'{ "input":["a cat"],"dimensions": 3, "user":"u-1", "model" : "embed","task":{"b":[1, 2.50]}}'
    status, _, answer = post(gateway, sent)
    assert status == 200
    assert answer["data"][0]["embedding"] == VECTORS[0]
    assert up.requests[-1].raw == sent.replace(b'"embed"', b'"embedding-model"')
    assert KEY not in str(up.requests[-1].headers)


@pytest.mark.parametrize("tokens", [[101, 2054, 102], [[101, 2054], [7]]])
def test_tokens_go_on_where_a_label_for_what_cannot_be_read_lets_them(
    tmp_path: Path, up: Upstream, tokens: Any
) -> None:
    text = POLICY.format(url=up.url, key=hash_key(KEY), other=hash_key(OTHER_KEY))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "policy.yaml").write_text(text + "unreadable: internal\n")
    with Gateway(tmp_path / "policies", tmp_path / "data") as running:
        status, headers, _ = post(running, {"model": "embed", "input": tokens})
    assert status == 200
    assert headers["x-pointsman-sensitivity"] == "internal"
    assert up.requests[-1].body["input"] == tokens


def test_tokens_can_hide_anything_and_go_to_nobody_who_is_not_cleared(gateway: Gateway, up: Upstream) -> None:
    before = len(up.requests)
    status, headers, answer = post(gateway, {"model": "embed", "input": [101, 2054]})
    assert (status, answer["error"]["code"]) == (403, "policy_no_cleared_model")
    assert headers["x-should-retry"] == "false"
    assert len(up.requests) == before


def test_an_alias_stands_for_the_model(client: openai.OpenAI, up: Upstream) -> None:
    client.embeddings.create(model="text-embedding-3-small", input="a cat")
    assert up.requests[-1].body["model"] == "embedding-model"


def test_a_row_and_the_metrics_tell_what_embeddings_cost(gateway: Gateway, client: openai.OpenAI) -> None:
    before = gateway.metric("pointsman_cost_usd_total", model="embed")
    reply = client.embeddings.with_raw_response.create(model="embed", input=["a cat", "a dog"])
    row = gateway.row(reply.headers["x-request-id"])
    assert row["request"]["api"] == "embeddings"
    assert row["request"]["messages"] == 2
    assert (row["model"], row["outcome"], row["decision"]["reason"]) == ("embed", "ok", "named")
    assert (row["usage"]["input"], row["usage"]["output"], row["usage"]["estimated"]) == (10, 0, False)
    assert float(row["cost_usd"]) == pytest.approx(20e-6)
    assert row["baseline_cost_usd"] is None
    assert reply.headers["x-pointsman-cost-usd"] == "0.00002"
    assert gateway.metric("pointsman_cost_usd_total", model="embed") - before == pytest.approx(20e-6)


def test_a_failure_is_tried_again_on_the_same_model_and_never_on_another(tmp_path: Path) -> None:
    answers = [failure(500), Reply(json={"object": "list", "data": [], "usage": {"prompt_tokens": 1}})]
    with Upstream(answers) as upstream:
        text = POLICY.format(url=upstream.url, key=hash_key(KEY), other=hash_key(OTHER_KEY))
        (tmp_path / "policies").mkdir()
        (tmp_path / "policies" / "policy.yaml").write_text(text)
        with Gateway(tmp_path / "policies", tmp_path / "data") as running:
            assert post(running, {"model": "embed", "input": "a cat"})[0] == 200
            upstream.script = failure(400, "too long", code="context_length_exceeded")
            status, _, answer = post(running, {"model": "embed", "input": "a cat"})
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")
    assert [request.path for request in upstream.requests] == ["/v1/embeddings"] * 3


# Policy


def test_a_text_above_the_models_clearance_leaves_for_nobody(client: openai.OpenAI, up: Upstream) -> None:
    before = len(up.requests)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.embeddings.create(
            model="embed", input="a cat", extra_headers={"x-pointsman-sensitivity": "confidential"}
        )
    assert refused.value.code == "policy_no_cleared_model"
    assert len(up.requests) == before


def test_one_sensitive_text_of_many_counts_for_all(client: openai.OpenAI, up: Upstream) -> None:
    before = len(up.requests)
    texts = ["a cat sat here"] * 50 + ["My card is 4111 1111 1111 1111, it was charged twice."]
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.embeddings.create(model="embed", input=texts)
    assert refused.value.code == "policy_no_cleared_model"
    assert len(up.requests) == before


def test_a_guard_blocks_embeddings_too(client: openai.OpenAI, up: Upstream) -> None:
    before = len(up.requests)
    secret = "sk-proj-" + "Qz7Rk2Lm9Xw4Vb8N" * 3
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.embeddings.create(model="own", input=["hello", f"the key {secret}"])
    assert refused.value.code == "policy_blocked"
    assert refused.value.message.count("Remove the credential")
    assert len(up.requests) == before


def test_a_guard_that_masks_refuses_and_says_why(gateway: Gateway, up: Upstream) -> None:
    before = len(up.requests)
    status, headers, answer = post(gateway, {"model": "own", "input": "Call me on +49 30 901820, please."})
    assert (status, answer["error"]["code"]) == (403, "policy_blocked")
    assert "'hide-phones'" in answer["error"]["message"]
    assert "vectors of masked text" in answer["error"]["message"]
    assert headers["x-should-retry"] == "false"
    assert len(up.requests) == before


@pytest.mark.parametrize("name", ["auto", "route/everything", "gpt-4o-mini"])
def test_embeddings_are_not_routed(client: openai.OpenAI, name: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model=name, input="a cat")
    assert refused.value.param == "model"
    assert "name a model for embeddings: embed, own" in refused.value.message


def test_a_model_that_answers_makes_no_embeddings_and_the_other_way_round(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="answers and does not make embeddings"):
        client.embeddings.create(model="small", input="a cat")
    with pytest.raises(openai.NotFoundError, match="makes embeddings and does not answer"):
        client.chat.completions.create(model="embed", messages=[{"role": "user", "content": "hi"}])


def test_a_key_sees_and_uses_what_it_may(gateway: Gateway, client: openai.OpenAI) -> None:
    assert {"embed", "own"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve("embed").id == "embed"
    other = openai.OpenAI(base_url=gateway.url + "/v1", api_key=OTHER_KEY, max_retries=0)
    assert [model.id for model in other.models.list()] == ["auto", "own"]
    with pytest.raises(openai.PermissionDeniedError):
        other.embeddings.create(model="embed", input="a cat")
    with pytest.raises(openai.BadRequestError, match=r"embeddings: own$"):
        other.embeddings.create(model="auto", input="a cat")


# What is wrong


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        (b"{", None, "not valid JSON"),
        (b"[]", None, "must be a JSON object"),
        ({"input": "x"}, "model", "'model' is required"),
        ({"model": 3, "input": "x"}, "model", "must be a string"),
        ({"model": "embed"}, "input", "'input' is required: a string, a list of strings"),
        ({"model": "embed", "input": None}, "input", "is required"),
        ({"model": "embed", "input": ""}, "input", "must not be empty"),
        ({"model": "embed", "input": []}, "input", "must not be empty"),
        ({"model": "embed", "input": [[]]}, "input", "must not be empty"),
        ({"model": "embed", "input": ["x", ""]}, "input", "text 2"),
        ({"model": "embed", "input": {"text": "x"}}, "input", "must be a string, a list"),
        ({"model": "embed", "input": ["x", 3]}, "input", "'input[1]' is no string"),
        ({"model": "embed", "input": [1, "x"]}, "input", "must be a string, a list"),
        ({"model": "embed", "input": [1.5]}, "input", "must be a string, a list"),
        ({"model": "embed", "input": [-1]}, "input", "must be a string, a list"),
        ({"model": "embed", "input": [True]}, "input", "must be a string, a list"),
        ({"model": "embed", "input": ["x"] * 2049}, "input", "holds 2,049 items; 2,048 are allowed"),
        ({"model": "embed", "input": [[1] * 200] * 1501}, "input", "holds 300,200 tokens; 300,000 are"),
        ({"model": "embed", "input": "x", "dimensions": "3"}, "dimensions", "must be an integer"),
        ({"model": "embed", "input": "x", "dimensions": 0}, "dimensions", "at least 1"),
        ({"model": "embed", "input": "x", "encoding_format": 3}, "encoding_format", "must be a string"),
        ({"model": "own", "input": "x", "dimensions": 512}, "dimensions", "384 dimensions"),
        ({"model": "own", "input": "x", "encoding_format": "hex"}, "encoding_format", "float or base64"),
        ({"model": "own", "input": "word " * 300}, "input", "reads 256 tokens of a text, and text 1 of"),
        (
            {"model": "own", "input": ["x", "word " * 9999]},
            "input",
            "text 2 of 'input' has 49,995 characters",
        ),
    ],
)
def test_a_mistake_is_told_in_the_clients_shape(
    gateway: Gateway, body: Any, param: str | None, said: str
) -> None:
    status, _, answer = post(gateway, body)
    assert status == 400
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["param"] == param
    assert said in answer["error"]["message"]


# The gateway's own


def test_the_gateways_own_embedder_tells_paraphrases_from_strangers(client: openai.OpenAI) -> None:
    texts = [
        "How do I get my money back?",
        "I would like a refund, please.",
        "The moon is made of rock and dust.",
    ]
    made = client.embeddings.create(model="own", input=texts)
    one, paraphrase, stranger = (item.embedding for item in made.data)
    assert cosine(one, paraphrase) > cosine(one, stranger) + 0.2
    assert made.model == "own"
    assert len(one) == 384
    floats = client.embeddings.create(model="own", input=texts, encoding_format="float", dimensions=384)
    assert floats.data[0].embedding == pytest.approx(one, abs=2e-3)
    assert cosine(floats.data[2].embedding, stranger) > 0.9999


def test_the_gateways_own_embedder_counts_tokens_and_costs_nothing(client: openai.OpenAI) -> None:
    reply = client.embeddings.with_raw_response.create(model="own", input=["hello world", "hello"])
    assert reply.parse().usage.prompt_tokens == (2 + 2) + (1 + 2)
    assert reply.headers["x-pointsman-cost-usd"] == "0"
    assert reply.headers["x-pointsman-model"] == "own"


def test_two_thousand_texts_are_embedded_in_one_request(client: openai.OpenAI, up: Upstream) -> None:
    texts = [f"the cat number {i} sat on its mat" for i in range(2048)]
    made = client.embeddings.create(model="embed", input=texts)
    assert len(made.data) == 2048
    assert len(up.requests[-1].body["input"]) == 2048
