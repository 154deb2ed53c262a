"""An answer changed, and its JSON with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.strategies.amend import with_more, with_text, with_usage
from gateway.types import Answer, Delta, Usage


def answer(**members: Any) -> Answer:
    body = {"id": "x", "choices": [{"message": {"content": "old"}}], **members}
    return Answer("old", raw=json.dumps(body).encode())


def body_of(changed: Answer) -> Any:
    assert changed.raw is not None
    return json.loads(changed.raw)


def test_the_text_changes_and_the_rest_of_the_body_stays() -> None:
    changed = with_text(answer(), "new")
    assert changed.text == "new"
    assert body_of(changed) == {"id": "x", "choices": [{"message": {"content": "new"}}]}


@pytest.mark.parametrize("told", [None, 5, [1], {"prompt_tokens": 1, "other": 2}])
def test_usage_becomes_the_sum_whatever_the_upstream_said(told: Any) -> None:
    usage = body_of(with_usage(answer(usage=told), Usage(input=3, output=4)))["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (3, 4, 7)


def test_an_answer_made_here_has_no_body_to_change() -> None:
    assert with_usage(Answer("x"), Usage(input=1)) == Answer("x", usage=Usage(input=1))


def chunk(choice: dict[str, Any]) -> Delta:
    return Delta("old", finish="stop", raw=json.dumps({"id": "x", "choices": [choice]}).encode())


@pytest.mark.parametrize(
    ("delta", "said"),
    [
        ({"content": "old"}, {"content": "old, new"}),
        ({}, {"content": ", new"}),
        ({"role": "assistant", "content": None}, {"role": "assistant", "content": ", new"}),
        (None, {"content": ", new"}),
        (
            {"content": [{"type": "text", "text": "old"}]},
            {"content": [{"type": "text", "text": "old"}, {"type": "text", "text": ", new"}]},
        ),
    ],
)
def test_a_chunk_says_more_at_its_end(delta: Any, said: Any) -> None:
    more = with_more(chunk({"index": 0, "delta": delta, "finish_reason": "stop"}), ", new")
    assert (more.text, more.finish) == ("old, new", "stop")
    assert json.loads(more.raw or b"")["choices"] == [{"index": 0, "delta": said, "finish_reason": "stop"}]


def test_a_chunk_of_another_choice_says_more_for_the_first() -> None:
    other = {"index": 1, "delta": {}, "finish_reason": "stop"}
    first = {"index": 0, "delta": {"content": "new"}, "finish_reason": None}
    assert json.loads(with_more(chunk(other), "new").raw or b"")["choices"] == [other, first]


def test_a_delta_made_here_says_more() -> None:
    assert with_more(Delta("old", finish="stop"), ", new") == Delta("old, new", finish="stop")
