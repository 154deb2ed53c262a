"""A body for embeddings, as it is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.access.keys import ANYONE
from gateway.accounting.exchange import Exchange
from gateway.api.embeddings import EMBEDDINGS, parse
from gateway.errors import InternalError, InvalidRequest
from gateway.policy.schema import Policy
from gateway.types import Answer, Api, ChatRequest


def read(**body: Any) -> ChatRequest:
    return parse(json.dumps({"model": "embed", **body}).encode(), ANYONE)


def test_each_input_is_a_message_and_the_body_stays_as_it_came() -> None:
    request = read(input=["a cat", "a dog"], dimensions=3, task="retrieval")
    assert [(m.role, m.text, m.unreadable) for m in request.messages] == [
        ("user", "a cat", False),
        ("user", "a dog", False),
    ]
    assert (request.api, request.model, request.stream) == (Api.EMBEDDINGS, "embed", False)
    assert request.untouched
    assert request.fields == {"model": b'"embed"', "dimensions": b"3", "task": b'"retrieval"'}
    assert request.other_text == "dimensions: 3\ntask: retrieval\nretrieval"
    assert request.sent is not None
    assert json.loads(request.sent.body)["input"] == ["a cat", "a dog"]


def test_tokens_and_base64_cannot_be_read() -> None:
    assert [m.unreadable for m in read(input=[[1, 2], [3]]).messages] == [True, True]
    assert [m.unreadable for m in read(input=["QUJD" * 500, "a cat"]).messages] == [True, False]


def test_what_asks_for_a_stream_is_no_member_of_this_api() -> None:
    assert not read(input="x", stream=True).stream


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": ["x", ""]}, "input"),
        ({"input": "x", "dimensions": -1}, "dimensions"),
        ({"input": "x", "dimensions": 2.5}, "dimensions"),
        ({"input": "x", "encoding_format": ["float"]}, "encoding_format"),
        ({"input": "x", "model": "m" * 257}, "model"),
        ({"input": "x", "model": ""}, "model"),
    ],
)
def test_a_mistake_names_its_member(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**body)
    assert caught.value.param == param


def test_a_whole_answer_is_the_upstreams_and_nothing_is_streamed() -> None:
    exchange = Exchange("id", 0.0, 0.0, Policy("r", {}, ()))
    rendering = EMBEDDINGS.rendering("id", 0)
    assert rendering.whole(Answer(raw=b'{"data": []}', api=Api.EMBEDDINGS), exchange) == b'{"data": []}'
    assert rendering.end(exchange) == rendering.broken(InternalError("x"), exchange) == []
