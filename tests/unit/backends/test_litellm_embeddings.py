"""Embeddings of other providers through litellm, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from typing import Any

import pytest

from gateway.access.keys import ANYONE
from gateway.api.embeddings import parse
from gateway.backends.litellm import LiteLLM
from gateway.backends.litellm_embeddings import EmbeddingCall, arguments
from gateway.errors import (
    ProviderBroken,
    ProviderError,
    ProviderOverloaded,
    ProviderRefused,
    ProviderUnavailable,
)
from gateway.policy.schema import Model
from gateway.reach import Reach
from gateway.types import Answer, Api, ChatRequest, Event, Timeouts, Usage
from tests.asking import put_to
from tests.reach import EVERYWHERE
from tests.upstream import FOREVER, Recorded, Reply, Script, Upstream, embeddings, failure

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def read(**body: Any) -> ChatRequest:
    return parse(json.dumps({"model": "embed", **body}).encode(), ANYONE)


def model(url: str, provider: str = "mistral", total: float = 20.0) -> Model:
    return Model(
        "embed",
        provider,
        "mistral-embed",
        kind="embedding",
        base_url=url,
        api_key="sk-test",
        retries=0,
        timeouts=Timeouts(connect=1.0, first_token=5.0, idle=5.0, total=total),
    )


async def ask(model: Model, request: ChatRequest, reach: Reach = EVERYWHERE) -> Answer:
    events: list[Event] = []

    async def emit(event: Event) -> None:
        events.append(event)

    await put_to(LiteLLM(model, reach, (), EmbeddingCall), model, request, emit)
    (answer,) = events
    assert isinstance(answer, Answer)
    return answer


def asked(script: Script, **body: Any) -> tuple[Answer, list[Recorded]]:
    with Upstream(script) as up:
        return asyncio.run(ask(model(up.url), read(**{"input": ["a", "b"], **body}))), up.requests


def test_vectors_come_in_openais_shape_with_their_usage() -> None:
    answer, requests = asked(embeddings([[0.5, 1.0], [2.0, -1.0]]))
    body = json.loads(answer.raw or b"")
    assert (answer.api, answer.usage) == (Api.EMBEDDINGS, Usage(input=5))
    assert body["object"] == "list"
    assert [(item["index"], item["embedding"]) for item in body["data"]] == [
        (0, [0.5, 1.0]),
        (1, [2.0, -1.0]),
    ]
    assert body["usage"] == {"prompt_tokens": 5, "total_tokens": 5}
    (request,) = requests
    assert request.path == "/v1/embeddings"
    assert request.body["input"] == ["a", "b"]
    assert request.headers["authorization"] == "Bearer sk-test"


def test_base64_is_made_here_since_few_providers_know_it() -> None:
    answer, requests = asked(embeddings([[0.5, -1.0]]), encoding_format="base64")
    (item,) = json.loads(answer.raw or b"")["data"]
    assert struct.unpack("<2f", base64.b64decode(item["embedding"])) == (0.5, -1.0)
    assert "encoding_format" not in requests[0].body


def test_vectors_of_another_length_than_was_asked_for_are_no_answer() -> None:
    with pytest.raises(ProviderRefused, match="vectors of 2 dimensions") as caught:
        asked(embeddings([[0.5, -1.0]]), dimensions=3)
    assert (caught.value.http_status, caught.value.param) == (400, "dimensions")


def test_no_member_of_the_callers_body_becomes_an_address_a_key_or_a_switch_of_litellm() -> None:
    hostile = {"api_base": "http://evil", "api_key": "k", "custom_llm_provider": "openai", "timeout": 9}
    keywords = arguments(model("http://own/v1"), read(input="x", user="u", dimensions=3, **hostile), 1.0)
    assert (keywords["api_base"], keywords["api_key"]) == ("http://own/v1", "sk-test")
    assert (keywords["timeout"], keywords["user"], keywords["dimensions"]) == (1.0, "u", 3)
    assert (keywords["input"], keywords["model"]) == ("x", "mistral/mistral-embed")
    assert "custom_llm_provider" not in keywords


def test_tokens_are_sent_to_none_but_models_that_read_openais() -> None:
    with pytest.raises(ProviderRefused, match="as text, not as tokens"):
        arguments(model("http://own/v1"), read(input=[1, 2]), 1.0)
    assert arguments(model("http://own/v1", "azure"), read(input=[[1], [2]]), 1.0)["input"] == [[1], [2]]


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (failure(503), ProviderOverloaded),
        (failure(400, "bad"), ProviderRefused),
        (Reply(raw=b"<html>"), ProviderError),
        (Reply(before_first=FOREVER), ProviderError),
    ],
)
def test_a_failure_is_one_of_ours(script: Script, kind: type[ProviderError]) -> None:
    with Upstream(script) as up, pytest.raises(kind):
        asyncio.run(ask(model(up.url, total=1.5), read(input="x")))


def test_an_encoding_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ProviderRefused, match="float or base64"):
        asked(embeddings([[1.0]]), encoding_format="hex")


def test_an_address_that_is_not_allowed_is_not_asked() -> None:
    with Upstream(embeddings([[1.0]])) as up:
        with pytest.raises(ProviderUnavailable, match="may not connect to"):
            asyncio.run(ask(model(up.url), read(input="x"), Reach()))
        assert up.connections == 0


def test_an_answer_without_vectors_is_broken() -> None:
    with pytest.raises(ProviderBroken):
        asked(Reply(json={"object": "list", "model": "m", "usage": {}}))
