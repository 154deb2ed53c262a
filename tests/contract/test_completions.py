"""Text completions as the official `openai` client asks for them, of models that speak them or chat alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from gateway.access.keys import hash_key
from tests import text_replies
from tests.folder import KEY
from tests.replies import completion
from tests.running import Gateway
from tests.upstream import Recorded, Reply, Upstream, failure

POLICY = """\
models:
  - name: base
    target: openai-compatible/base-model
    base_url: {url}
    clearance: internal
    price: {{input: 1.0, output: 10.0}}
    retries: 0
  - {{name: chatty, target: openai-compatible/chat-model, base_url: {url}, clearance: internal, speaks: chat}}
  - {{name: open, target: openai-compatible/open-model, base_url: {url}, clearance: restricted}}
callers:
  - {{name: app, key_sha256: {key}, team: support, clearance: restricted}}
guards:
  - name: no-credentials
    when: '"credential" in findings'
    block: Remove the credential and send again.
  - name: hide-phones
    when: '"phone" in findings'
    mask: [phone]
    lowers_to: public
knowledge: [{{name: book, documents: "*.md", label: public}}]
routes:
  - name: from-the-book
    when: request.metadata.way == "book"
    retrieve: {{from: [book]}}
    model: base
  - {{name: chat-first, when: request.metadata.way == "chat", model: chatty, fallback: base}}
  - {{name: everything, model: base}}
"""


def script(request: Recorded) -> Reply:
    if request.path == "/v1/chat/completions":
        return _chat(request)
    prompt, n = request.body["prompt"], request.body.get("n", 1)
    if prompt == "broken":
        return failure(400, "no such token", code="bad_token")
    prompts = prompt if isinstance(prompt, list) and isinstance(prompt[0], str | list) else [prompt]
    said = [f"{str(each).upper()} {i} ends" for each in prompts for i in range(n)]
    finishes = tuple("length" if i % 2 else "stop" for i in range(len(said)))
    if request.streams:
        return text_replies.streamed(request, *said, finishes=finishes)
    return text_replies.texts(*said, finishes=finishes, new_member={"kept": 1.5})


def _chat(request: Recorded) -> Reply:
    if request.streams or request.body.get("n", 1) == 1:
        return Reply("CHAT " + request.question.upper())
    whole = json.loads(completion(request, Reply("one")))
    second = {**whole["choices"][0], "index": 1, "finish_reason": "length"}
    second["message"] = {"role": "assistant", "content": "two"}
    return Reply(json={**whole, "choices": [*whole["choices"], second]})


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("completions")
    (folder / "policies").mkdir()
    (folder / "policies" / "policy.yaml").write_text(POLICY.format(url=up.url, key=hash_key(KEY)))
    (folder / "book").mkdir()
    (folder / "book" / "returns.md").write_text("# Returns\nParcels are taken back within 31 days.\n")
    root = ("--knowledge-root", str(folder / "book"))
    with Gateway(folder / "policies", folder / "data", *root) as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)


def post(gateway: Gateway, body: Any) -> tuple[int, dict[str, str], bytes]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    request = urllib.request.Request(gateway.url + "/v1/completions", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, dict(reply.headers), reply.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


# Models that speak it


def test_a_prompt_is_completed(client: openai.OpenAI) -> None:
    made = client.completions.create(model="auto", prompt="once upon")
    assert (made.object, made.choices[0].text) == ("text_completion", "ONCE UPON 0 ends")
    assert made.choices[0].finish_reason == "stop"
    assert made.usage is not None
    assert made.usage.total_tokens == 10


def test_the_upstream_gets_the_callers_bytes_but_for_the_model(gateway: Gateway, up: Upstream) -> None:
    sent = (
        b'{"prompt" : "x", "suffix":"z", "echo":true,"best_of":3,"logprobs":2, "logit_bias":{"50256": -100},'
        b' "frobnicate":[1, 2.50],"stop":["\\n"] ,"model":"base", "max_tokens":7}'
    )
    status, headers, answer = post(gateway, sent)
    assert status == 200
    assert up.requests[-1].path == "/v1/completions"
    assert up.requests[-1].raw == sent.replace(b'"base"', b'"base-model"')
    assert json.loads(answer)["new_member"] == {"kept": 1.5}
    assert headers["x-pointsman-model"] == "base"


def test_several_choices_of_several_prompts_come_back_with_their_own_ends(client: openai.OpenAI) -> None:
    made = client.completions.create(model="base", prompt=["a", "b"], n=2)
    assert [(one.index, one.text) for one in made.choices] == [
        (0, "A 0 ends"),
        (1, "A 1 ends"),
        (2, "B 0 ends"),
        (3, "B 1 ends"),
    ]
    assert [one.finish_reason for one in made.choices] == ["stop", "length", "stop", "length"]


def test_a_stream_is_relayed_event_by_event_with_usage_only_for_whoever_asked(
    gateway: Gateway, up: Upstream
) -> None:
    _, headers, plain = post(gateway, {"model": "base", "prompt": "a", "n": 2, "stream": True})
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    events = [e for e in plain.split(b"\n\n") if e]
    assert events[-1] == b"data: [DONE]"
    assert b'"kept": 1.5' in events[0]
    said: dict[int, str] = {}
    ends: dict[int, str] = {}
    for body in (json.loads(event[6:]) for event in events[:-1]):
        (one,) = body["choices"]
        said[one["index"]] = said.get(one["index"], "") + one["text"]
        if one["finish_reason"]:
            ends[one["index"]] = one["finish_reason"]
    assert (said, ends) == ({0: "A 0 ends", 1: "A 1 ends"}, {0: "stop", 1: "length"})
    assert up.requests[-1].body["stream_options"] == {"include_usage": True}


def test_a_stream_that_asks_for_usage_ends_with_it_and_its_cost(client: openai.OpenAI) -> None:
    stream = client.completions.create(
        model="base", prompt="a", stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert "".join(chunk.choices[0].text for chunk in chunks) == "A 0 ends"
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens == 10
    assert last.usage.model_extra == {"cost": pytest.approx(64e-6)}


def test_tokens_go_on_only_to_models_that_are_cleared_for_what_cannot_be_read(
    client: openai.OpenAI, up: Upstream
) -> None:
    made = client.completions.create(model="open", prompt=[101, 2054])
    assert made.choices[0].text == "[101, 2054] 0 ends"
    assert up.requests[-1].body["prompt"] == [101, 2054]
    before = len(up.requests)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.completions.create(model="base", prompt=[[101], [2054]])
    assert refused.value.code == "policy_no_cleared_model"
    assert len(up.requests) == before


def test_a_row_says_which_api_was_asked_and_what_was_used(gateway: Gateway, client: openai.OpenAI) -> None:
    reply = client.completions.with_raw_response.create(model="auto", prompt="once")
    row = gateway.row(reply.headers["x-request-id"])
    assert (row["request"]["api"], row["model"], row["finish"]) == ("completions", "base", "stop")
    assert (row["usage"]["input"], row["usage"]["output"]) == (4, 6)
    assert float(row["cost_usd"]) == pytest.approx(64e-6)


def test_an_upstreams_400_comes_back_whole(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(model="base", prompt="broken")
    assert refused.value.code == "bad_token"


# Models that are asked by chat


def test_a_model_that_speaks_chat_alone_is_asked_by_chat(client: openai.OpenAI, up: Upstream) -> None:
    made = client.completions.create(
        model="chatty", prompt="once upon", temperature=0.5, stop=["."], best_of=1, extra_body={"top_k": 3}
    )
    assert up.requests[-1].path == "/v1/chat/completions"
    body = up.requests[-1].body
    assert body["messages"] == [{"role": "user", "content": "once upon"}]
    assert (body["temperature"], body["stop"], body["top_k"]) == (0.5, ["."], 3)
    assert not {"prompt", "best_of"} & body.keys()
    assert (made.object, made.id[:5], made.model) == ("text_completion", "cmpl-", "chatty")
    assert made.choices[0].text == "CHAT ONCE UPON"
    assert made.choices[0].finish_reason == "stop"
    assert made.usage is not None
    assert made.usage.total_tokens == 18


def test_what_chat_streams_is_written_as_text(client: openai.OpenAI) -> None:
    stream = client.completions.create(
        model="chatty", prompt="once upon", stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert "".join(chunk.choices[0].text for chunk in chunks) == "CHAT ONCE UPON"
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "stop"]
    assert all(chunk.object == "text_completion" for chunk in [*chunks, last])
    assert last.usage is not None
    assert last.usage.total_tokens == 18


def test_every_choice_of_a_chat_is_written(client: openai.OpenAI) -> None:
    made = client.completions.create(model="chatty", prompt="once", n=2)
    assert [(c.index, c.text, c.finish_reason) for c in made.choices] == [
        (0, "one", "stop"),
        (1, "two", "length"),
    ]


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ({"prompt": ["a", "b"]}, "a list of prompts exists only in the Completions API"),
        ({"suffix": "z"}, "asked in chat completions, and 'suffix' exists only"),
        ({"echo": True}, "'echo' exists only"),
        ({"best_of": 3}, "'best_of' exists only"),
        ({"logprobs": 2}, "'logprobs' as a number exists only"),
    ],
)
def test_what_chat_cannot_say_goes_to_a_model_that_can(
    gateway: Gateway, up: Upstream, member: dict[str, Any], said: str
) -> None:
    asked = {"model": "auto", "prompt": "once", "metadata": {"way": "chat"}, **member}
    status, headers, _ = post(gateway, asked)
    assert (status, headers["x-pointsman-model"]) == (200, "base")
    assert headers["x-pointsman-route"] == "chat-first"
    before = len(up.requests)
    status, _, answer = post(gateway, {**asked, "model": "chatty"})
    assert (status, json.loads(answer)["error"]["code"]) == (400, "provider_speaks_another_api")
    assert said in json.loads(answer)["error"]["message"]
    assert len(up.requests) == before


def test_what_the_gateway_adds_is_asked_by_chat_of_a_model_that_speaks_both(
    gateway: Gateway, up: Upstream
) -> None:
    asked = {"model": "auto", "prompt": "how long are parcels taken back?", "metadata": {"way": "book"}}
    status, headers, answer = post(gateway, asked)
    assert (status, headers["x-pointsman-sources"]) == (200, "returns.md")
    assert up.requests[-1].path == "/v1/chat/completions"
    assert b"within 31 days" in up.requests[-1].raw
    assert json.loads(answer)["choices"][0]["text"] == "CHAT HOW LONG ARE PARCELS TAKEN BACK?"
    status, _, answer = post(gateway, {**asked, "suffix": "!"})
    assert (status, json.loads(answer)["error"]["code"]) == (400, "provider_speaks_another_api")


# Policy


def test_a_prompt_and_a_suffix_are_read_for_secrets(gateway: Gateway, up: Upstream) -> None:
    before = len(up.requests)
    secret = "sk-proj-" + "Qz7Rk2Lm9Xw4Vb8N" * 3
    for body in ({"prompt": f"key {secret}"}, {"prompt": ["x", secret]}, {"prompt": "x", "suffix": secret}):
        status, _, answer = post(gateway, {"model": "base", **body})
        assert (status, json.loads(answer)["error"]["code"]) == (403, "policy_blocked")
        assert secret.encode() not in answer
    assert len(up.requests) == before


@pytest.mark.parametrize("model", ["base", "chatty"])
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_masked_comes_back(client: openai.OpenAI, up: Upstream, model: str, stream: bool) -> None:
    made = client.completions.create(model=model, prompt="Call +49 30 901820 please", stream=stream)
    if isinstance(made, openai.Stream):
        text = "".join(chunk.choices[0].text for chunk in made)
    else:
        text = made.choices[0].text
    assert "CALL +49 30 901820 PLEASE" in text
    assert b"901820" not in up.requests[-1].raw


def test_what_is_masked_comes_back_in_every_choice(client: openai.OpenAI, up: Upstream) -> None:
    prompts = ["Call +49 30 901820 please", "Or +49 30 901821 please"]
    made = client.completions.create(model="base", prompt=prompts)
    assert [one.text for one in made.choices] == [
        "CALL +49 30 901820 PLEASE 0 ends",
        "OR +49 30 901821 PLEASE 0 ends",
    ]
    assert up.requests[-1].body["prompt"] == ["Call [PHONE_1] please", "Or [PHONE_2] please"]


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        (b"nope", None, "not valid JSON"),
        ({"prompt": "x"}, "model", "'model' is required"),
        ({"model": "auto"}, "prompt", "'prompt' is required"),
        ({"model": "auto", "prompt": []}, "prompt", "must not be empty"),
        ({"model": "auto", "prompt": 3}, "prompt", "must be a string"),
        ({"model": "auto", "prompt": ["x", [1]]}, "prompt", "no string"),
        ({"model": "auto", "prompt": "x", "stream": "yes"}, "stream", "true or false"),
        ({"model": "auto", "prompt": "x", "logprobs": True}, "logprobs", "an integer"),
        ({"model": "auto", "prompt": "x", "echo": "yes"}, "echo", "true or false"),
        ({"model": "auto", "prompt": "x", "suffix": 1}, "suffix", "a string"),
        ({"model": "auto", "prompt": "x", "best_of": "1"}, "best_of", "an integer"),
    ],
)
def test_a_mistake_is_told_in_the_clients_shape(
    gateway: Gateway, body: Any, param: str | None, said: str
) -> None:
    status, _, answer = post(gateway, body)
    error = json.loads(answer)["error"]
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert said in error["message"]
