"""What the gateway itself writes is what the providers publish: every API asked of models that speak others.

An answer of an upstream that speaks the caller's own API is relayed as it came, which other tests see to.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.folder import KEY
from tests.protocols import CALL, ENVIRONMENT, REFUSED, SAID, THOUGHT, answer, every_api
from tests.published import ANTHROPIC, OPENAI, event_mistakes, mistakes
from tests.running import Gateway
from tests.upstream import Upstream

Json = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """An endpoint, and the published schemas of what it writes; `events` may be a union by `type`."""

    path: str
    provider: str
    says: str
    whole: str
    events: str = ""
    union: bool = False
    also: tuple[tuple[str, Any], ...] = ()
    tools: Any = None

    def body(self, using: str, say: str, **members: Any) -> Json:
        said = say if self.says != "messages" else [{"role": "user", "content": say}]
        offered = {"tools": [self.tools]} if self.tools else {}
        return {"model": using, self.says: said, **dict(self.also), **offered} | members

    def event_mistakes(self, event: Json) -> list[str]:
        if self.union:
            return event_mistakes(self.provider, self.events, event)
        return mistakes(self.provider, self.events, event)

    def error_mistakes(self, body: Json) -> list[str]:
        if body["error"]["type"] == "request_too_large":  # in Anthropic's list of errors, not in its document
            body = {**body, "error": {**body["error"], "type": "invalid_request_error"}}
        return mistakes(self.provider, "ErrorResponse", body)


FUNCTION = {"name": CALL.name, "description": "", "parameters": {"type": "object"}}
CHAT = Api(
    "/v1/chat/completions",
    OPENAI,
    "messages",
    "CreateChatCompletionResponse",
    "CreateChatCompletionStreamResponse",
    tools={"type": "function", "function": FUNCTION},
)
COMPLETIONS = Api("/v1/completions", OPENAI, "prompt", "CreateCompletionResponse", "CreateCompletionResponse")
RESPONSES = Api(
    "/v1/responses",
    OPENAI,
    "input",
    "Response",
    "ResponseStreamEvent",
    union=True,
    tools={"type": "function", **FUNCTION},
)
MESSAGES = Api(
    "/v1/messages",
    ANTHROPIC,
    "messages",
    "Message",
    "MessageStreamEvent",
    union=True,
    also=(("max_tokens", 100),),
    tools={"name": CALL.name, "input_schema": {"type": "object"}},
)
COUNT = Api("/v1/messages/count_tokens", ANTHROPIC, "messages", "CountMessageTokensResponse")
EMBEDDINGS = Api("/v1/embeddings", OPENAI, "input", "CreateEmbeddingResponse")
ALL = (CHAT, COMPLETIONS, RESPONSES, MESSAGES, COUNT, EMBEDDINGS)
TRANSLATED = [
    *((CHAT, "claude"), (COMPLETIONS, "chat"), (COMPLETIONS, "claude")),
    *((RESPONSES, "chat"), (RESPONSES, "claude"), (MESSAGES, "chat"), (MESSAGES, "all")),
]
"""What models are asked in another API than the caller's, so that the gateway writes the answer."""
SAYINGS = ("Hello", "TOOL", "THINK", "REFUSE", "LONG")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("published")
    with Upstream(answer) as up:
        policies = every_api(folder / "policies", up.url)
        with Gateway(policies, folder / "data", environment=ENVIRONMENT) as running:
            yield running


def ask(gateway: Gateway, path: str, body: Json | bytes | None, **headers: str) -> tuple[int, bytes]:
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"authorization": f"Bearer {KEY}", "content-type": "application/json", **named}
    request = urllib.request.Request(gateway.url + path, data, sent)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def events(stream: bytes) -> list[tuple[str, str]]:
    """Names and data; the name is empty where there is none."""
    found = []
    for block in stream.decode().split("\n\n"):
        lines = dict(line.partition(": ")[::2] for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines.get("event", ""), lines["data"]))
    return found


@pytest.mark.parametrize("say", SAYINGS)
@pytest.mark.parametrize(("api", "model"), TRANSLATED, ids=lambda value: getattr(value, "path", value))
def test_a_whole_answer_is_one_that_is_published(gateway: Gateway, api: Api, model: str, say: str) -> None:
    status, body = ask(gateway, api.path, api.body(model, say))
    assert status == 200, body
    assert mistakes(api.provider, api.whole, json.loads(body)) == []
    assert _said(say, api) in body.decode()


@pytest.mark.parametrize("say", SAYINGS)
@pytest.mark.parametrize(("api", "model"), TRANSLATED, ids=lambda value: getattr(value, "path", value))
def test_every_event_of_a_stream_is_one_that_is_published(
    gateway: Gateway, api: Api, model: str, say: str
) -> None:
    status, body = ask(gateway, api.path, api.body(model, say, stream=True))
    assert status == 200, body
    told = events(body)
    assert [name for name, _ in told if not name] == ([] if api.union else [""] * len(told))
    if not api.union:
        assert told.pop()[1] == "[DONE]"
    for name, data in told:
        if name == "ping":  # which the document does not have
            continue
        event = json.loads(data)
        assert api.event_mistakes(event) == [], event
        assert not name or name == event["type"]


def test_usage_in_a_stream_is_a_chunk_that_is_published(gateway: Gateway) -> None:
    for api in (CHAT, COMPLETIONS):
        body = api.body("claude", "Hello", stream=True, stream_options={"include_usage": True})
        *_, (_, last), (_, done) = events(ask(gateway, api.path, body)[1])
        assert done == "[DONE]"
        assert api.event_mistakes(json.loads(last)) == []
        assert json.loads(last)["choices"] == []


@pytest.mark.parametrize("api", [EMBEDDINGS, COUNT], ids=lambda api: api.path)
def test_what_is_no_answer_is_published_too(gateway: Gateway, api: Api) -> None:
    model = "vectors" if api is EMBEDDINGS else "chat"
    status, body = ask(gateway, api.path, api.body(model, "Hello"))
    assert status == 200, body
    assert mistakes(api.provider, api.whole, json.loads(body)) == []


@pytest.mark.parametrize("api", ALL, ids=lambda api: api.path)
@pytest.mark.parametrize(
    ("members", "headers", "status"),
    [
        ({}, {"authorization": "Bearer nobody"}, 401),
        ({"model": "nothing-of-the-name"}, {}, 404),
        ({"model": 7}, {}, 400),
        ({}, {"content_type": "text/plain"}, 415),
        ({}, {"content_length": "99999999999"}, 413),
    ],
    ids=["key", "model", "type", "media", "size"],
)
def test_an_error_is_one_that_is_published(
    gateway: Gateway, api: Api, members: Json, headers: dict[str, str], status: int
) -> None:
    told, body = ask(gateway, api.path, api.body("chat", "Hello", **members), **headers)
    assert told == status, body
    assert api.error_mistakes(json.loads(body)) == []


def test_models_are_listed_as_either_provider_lists_them(gateway: Gateway) -> None:
    version = {"anthropic_version": "2023-06-01"}
    listed = json.loads(ask(gateway, "/v1/models", None)[1])
    assert mistakes(OPENAI, "ListModelsResponse", listed) == []
    assert mistakes(OPENAI, "Model", json.loads(ask(gateway, "/v1/models/auto", None)[1])) == []
    listed = json.loads(ask(gateway, "/v1/models", None, **version)[1])
    assert mistakes(ANTHROPIC, "ListResponse_ModelInfo_", listed) == []
    one = json.loads(ask(gateway, "/v1/models/auto", None, **version)[1])
    assert mistakes(ANTHROPIC, "ModelInfo", one) == []
    missing = json.loads(ask(gateway, "/v1/models/nothing", None, **version)[1])
    assert mistakes(ANTHROPIC, "ErrorResponse", missing) == []


@pytest.mark.parametrize("model", ["chat", "claude"])
def test_a_response_that_is_kept_is_one_that_is_published(gateway: Gateway, model: str) -> None:
    made = json.loads(ask(gateway, "/v1/responses", RESPONSES.body(model, "Hello"))[1])
    kept = json.loads(ask(gateway, f"/v1/responses/{made['id']}", None)[1])
    assert mistakes(OPENAI, "Response", kept) == []
    items = json.loads(ask(gateway, f"/v1/responses/{made['id']}/input_items", None)[1])
    assert mistakes(OPENAI, "ResponseItemList", items) == []


def _said(say: str, api: Api) -> str:
    """What an answer has to say, so that an empty one does not pass."""
    if api is COMPLETIONS:
        return SAID if say not in ("TOOL", "REFUSE") else '"text'
    return {"TOOL": CALL.name, "REFUSE": REFUSED, "THINK": THOUGHT}.get(say, SAID)
