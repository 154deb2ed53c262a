"""A body for text completions, as it is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.access.keys import ANYONE
from gateway.api.completions import parse
from gateway.errors import InvalidRequest
from gateway.types import Api, ChatRequest


def read(**body: Any) -> ChatRequest:
    return parse(json.dumps({"model": "auto", **body}).encode(), ANYONE)


def test_a_prompt_is_what_a_user_says_and_what_chat_knows_too_is_kept() -> None:
    request = read(prompt="once upon", max_tokens=7, stop=["."], seed=1, top_k=3, suffix="", best_of=1)
    (message,) = request.messages
    assert (message.role, message.text) == ("user", "once upon")
    assert json.loads(message.raw) == {"role": "user", "content": "once upon"}
    assert list(request.fields) == ["model", "max_tokens", "stop", "seed", "top_k"]
    assert (request.api, request.max_tokens, request.only) == (Api.COMPLETIONS, 7, "")
    assert request.untouched


def test_a_stream_says_whether_its_usage_is_wanted() -> None:
    asked = read(prompt="x", stream=True, stream_options={"include_usage": True})
    assert (asked.stream, asked.include_usage) == (True, True)
    assert not read(prompt="x", stream=True).include_usage


@pytest.mark.parametrize(
    ("body", "only"),
    [
        ({"prompt": ["a", "b"]}, "a list of prompts exists only in the Completions API"),
        ({"prompt": [1, 2]}, "a prompt of tokens"),
        ({"prompt": [[1], [2]]}, "a list of prompts"),
        ({"prompt": "x", "suffix": "y"}, "'suffix'"),
        ({"prompt": "x", "echo": True}, "'echo'"),
        ({"prompt": "x", "best_of": 2}, "'best_of'"),
        ({"prompt": "x", "logprobs": 0}, "'logprobs'"),
        ({"prompt": ["a"]}, ""),
        ({"prompt": "x", "suffix": None, "echo": False, "best_of": None, "logprobs": None}, ""),
        ({"prompt": "x", "best_of": 2, "n": 2}, ""),
    ],
)
def test_what_chat_cannot_say_is_told(body: dict[str, Any], only: str) -> None:
    assert only in read(**body).only
    assert bool(read(**body).only) == bool(only)


def test_each_prompt_is_read_and_tokens_cannot_be() -> None:
    assert [m.text for m in read(prompt=["a", "b"]).messages] == ["a", "b"]
    assert [(m.text, m.unreadable) for m in read(prompt=[[1], [2]]).messages] == [("", True), ("", True)]
    assert read(prompt="QUJD" * 500).messages[0].unreadable


def test_what_stands_beside_a_prompt_is_read_too() -> None:
    request = read(prompt="x", suffix="the end", user="u-7", metadata={"tier": "gold"})
    assert {"the end", "u-7", "gold"} <= set(request.other_text.splitlines())
    assert request.metadata == {"tier": "gold"}


def test_logprobs_are_something_that_a_request_needs() -> None:
    assert read(prompt="x", logprobs=2).fields["logprobs"] == b"true"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "x", "model": "m" * 257}, "model"),
        ({"prompt": "x", "suffix": "y", "best_of": True}, "best_of"),
        ({"prompt": "x", "stream_options": []}, "stream_options"),
        ({"prompt": "x", "stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"prompt": "x", "max_tokens": "7"}, "max_tokens"),
    ],
)
def test_a_mistake_names_its_member(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**body)
    assert caught.value.param == param
