"""Models for embeddings behind an OpenAI-compatible API, over real sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.access.keys import ANYONE
from gateway.api.embeddings import parse
from gateway.backends.embeddings import MAX_ANSWER, OpenAIEmbeddings, vectors
from gateway.backends.http import Pool
from gateway.backends.response import MAX_BODY
from gateway.backends.speech import Announced, NotJson
from gateway.errors import ContextLength, ProviderBroken, ProviderError, ProviderOverloaded, ProviderRefused
from gateway.policy.schema import Model
from gateway.types import Answer, Api, Event, Timeouts, Usage
from tests.asking import put_to
from tests.reach import EVERYWHERE
from tests.upstream import FOREVER, Recorded, Reply, Script, Upstream, embeddings, failure

FAST = Timeouts(connect=1.0, first_token=0.3, idle=0.3, total=1.0)
BODY = b'{ "input":["a", "b"],"model":"embed" ,"dimensions":2, "x":1.50}'


async def ask(model: Model) -> list[Event]:
    events: list[Event] = []

    async def emit(event: Event) -> None:
        events.append(event)

    pool = Pool(EVERYWHERE)
    try:
        await put_to(OpenAIEmbeddings(model, pool), model, parse(BODY, ANYONE), emit)
    finally:
        await pool.close()
    return events


def asked(script: Script, **changes: Any) -> tuple[list[Event], list[Recorded]]:
    with Upstream(script) as up:
        made = Model("embed", "openai-compatible", "big", kind="embedding", base_url=up.url, timeouts=FAST)
        return asyncio.run(ask(replace(made, **{"retries": 0, "api_key": "sk-test", **changes}))), up.requests


def test_the_callers_bytes_go_on_but_for_the_model_and_the_reply_comes_back_whole() -> None:
    events, requests = asked(embeddings([[0.5, 1.0], [2.0, -1.0]]))
    (answer,) = events
    assert isinstance(answer, Answer)
    assert (answer.api, answer.usage, answer.text) == (Api.EMBEDDINGS, Usage(input=5), "")
    assert [item["embedding"] for item in json.loads(answer.raw or b"")["data"]] == [[0.5, 1.0], [2.0, -1.0]]
    (request,) = requests
    assert (request.path, request.raw) == ("/v1/embeddings", BODY.replace(b'"embed"', b'"big"'))
    assert request.headers["authorization"] == "Bearer sk-test"


def test_one_failure_is_tried_again_on_the_same_model() -> None:
    events, requests = asked([failure(500), embeddings([[1.0]])], retries=2)
    assert (len(events), len(requests)) == (1, 2)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (failure(503), ProviderOverloaded),
        (failure(400, "bad", code="x"), ProviderRefused),
        (failure(400, "too long", code="context_length_exceeded"), ContextLength),
        (Reply(json={"error": {"message": "slow down", "code": 429}}), ProviderOverloaded),
        (Reply(raw=b"<html>"), ProviderBroken),
        (Reply(json={"object": "list"}), ProviderBroken),
        (Reply(before_first=FOREVER), ProviderError),
    ],
)
def test_a_failure_is_told_apart(script: Script, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        asked(script)


def test_an_answer_may_be_as_large_as_two_thousand_vectors_in_decimals() -> None:
    assert MAX_ANSWER > MAX_BODY
    padded = {"data": [], "usage": {"prompt_tokens": 3}, "padding": " " * (MAX_BODY + 1)}
    events, _ = asked(Reply(raw=json.dumps(padded).encode()), timeouts=Timeouts(total=30.0))
    assert isinstance(events[0], Answer)
    assert events[0].usage == Usage(input=3)


def test_usage_that_is_not_told_is_not_made_up() -> None:
    assert vectors(b'{"data": []}').usage is None


def test_what_holds_no_vectors_is_no_answer() -> None:
    for body in (b"", b"[]", b'{"usage": {}}', b"\xff", b'{"data": [}'):
        with pytest.raises(NotJson):
            vectors(body)
    with pytest.raises(Announced):
        vectors(b'{"error": "no"}')
