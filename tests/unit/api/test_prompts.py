"""What a completion goes on from, and what embeddings are made of."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.api.prompts import MAX_PROMPTS, MAX_TOKENS, prompts_of, room
from gateway.errors import InvalidRequest


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("hello", ("hello",)),
        ("", ("",)),
        (["a", "b"], ("a", "b")),
        ([101, 2054], (None,)),
        ([[101], [2054, 7]], (None, None)),
        ([0, 2**32], (None,)),
    ],
)
def test_texts_are_read_and_tokens_are_not(given: Any, read: tuple[str | None, ...]) -> None:
    assert prompts_of({"prompt": given}, "prompt") == read


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "'input' is required: a string"),
        (3, "'input' must be a string"),
        ({"text": "x"}, "'input' must be a string"),
        ([], "'input' must not be empty"),
        ([[1], []], r"'input\[1\]' must not be empty"),
        (["a", 1], r"'input\[1\]' is no string"),
        ([1, "a"], "'input' must be a string"),
        ([[1], "a"], "'input' must be a string"),
        ([[1, "a"]], "'input' must be a string"),
        ([{"text": "x"}], "'input' must be a string"),
        ([None], "'input' must be a string"),
        ([True], "'input' must be a string"),
        ([-1], "'input' must be a string"),
        ([1.0], "'input' must be a string"),
        ([2**63], "'input' must be a string"),
        (["x"] * (MAX_PROMPTS + 1), "holds 2,049 items; 2,048 are allowed"),
        ([[1]] * (MAX_PROMPTS + 1), "holds 2,049 items; 2,048 are allowed"),
        ([1] * (MAX_TOKENS + 1), "holds 300,001 tokens; 300,000 are allowed"),
    ],
)
def test_whatever_else_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said) as caught:
        prompts_of({"input": given}, "input")
    assert caught.value.param == "input"


def test_as_many_as_openai_takes_are_taken() -> None:
    assert len(prompts_of({"input": ["x"] * MAX_PROMPTS}, "input")) == MAX_PROMPTS
    assert prompts_of({"input": [1] * MAX_TOKENS}, "input") == (None,)
    room().take(MAX_TOKENS + 100_000)
    with pytest.raises(InvalidRequest, match="more than 500,000 JSON values"):
        room().take(2 * MAX_TOKENS)
