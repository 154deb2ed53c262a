"""How much a model is to think, in its own words."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.backends.anthropic.abilities import abilities_of
from gateway.backends.anthropic.thinking import thinking_of

HAIKU, SONNET, OPUS = map(abilities_of, ("claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-7"))
ADAPTIVE = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("effort", "word"),
    [
        ("minimal", "low"),
        ("low", "low"),
        ("medium", "medium"),
        ("xhigh", "xhigh"),
        ("max", "max"),
        ("newest", "newest"),
    ],
)
def test_a_model_that_decides_itself_is_told_an_effort(effort: str, word: str) -> None:
    assert thinking_of(effort, OPUS, 1000, False) == (ADAPTIVE, word)


def test_an_effort_that_it_does_not_know_is_the_next_lower_one() -> None:
    assert thinking_of("xhigh", SONNET, 1000, False) == (ADAPTIVE, "high")


@pytest.mark.parametrize(
    ("effort", "most", "budget"),
    [("low", 64_000, 2_048), ("high", 64_000, 24_576), ("high", 4_000, 2_000), ("newest", 64_000, 8_192)],
)
def test_an_older_model_is_given_a_budget_within_what_it_may_write(
    effort: str, most: int, budget: int
) -> None:
    thinking: dict[str, Any] = {"type": "enabled", "budget_tokens": budget}
    assert thinking_of(effort, HAIKU, most, False) == (thinking, None)


def test_it_does_not_think_where_it_may_write_too_little() -> None:
    assert thinking_of("high", HAIKU, 2_000, False) == (None, None)


def test_barred_from_thinking_it_still_makes_the_effort() -> None:
    assert thinking_of("high", OPUS, 64_000, True) == (None, "high")


def test_none_turns_it_off() -> None:
    assert thinking_of("none", OPUS, 64_000, False) == ({"type": "disabled"}, None)
