"""How much a model is to think, in the words that it knows for that: pure."""

from __future__ import annotations

from typing import Any

from gateway.backends.anthropic.abilities import Abilities

_LEAST_BUDGET = 1_024  # Anthropic's
_SCALE = ("minimal", "low", "medium", "high", "xhigh", "max")
# Tokens. Anthropic gives none to an effort: medium and high are what Gemini's OpenAI-compatible API takes for
# them, and the others are chosen around those.
_BUDGETS = {
    "minimal": _LEAST_BUDGET,
    "low": 2_048,
    "medium": 8_192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 49_152,
}
_Thinking = dict[str, Any]


def thinking_of(
    effort: str, abilities: Abilities, max_tokens: int, barred: bool
) -> tuple[_Thinking | None, str | None]:
    """`thinking` and `output_config.effort` for OpenAI's `reasoning_effort`; None: not to be sent.

    `none` turns thinking off. A model with a budget thinks within half of what it may write; where that is
    too little, or it is `barred` from thinking, it does not.
    """
    if effort == "none":
        return {"type": "disabled"}, None
    word = _word(effort, abilities)
    if barred:
        return None, word
    if abilities.adaptive:
        return {"type": "adaptive", "display": "summarized"}, word
    budget = min(_BUDGETS.get(effort, _BUDGETS["medium"]), max_tokens // 2)
    return ({"type": "enabled", "budget_tokens": budget} if budget >= _LEAST_BUDGET else None), word


def _word(effort: str, abilities: Abilities) -> str | None:
    """The effort in the model's own words: the nearest one that is no higher, else its lowest."""
    if not abilities.efforts:
        return None
    if effort not in _SCALE:
        return effort  # a newer word, which the model may know
    known = [word for word in abilities.efforts if _SCALE.index(word) <= _SCALE.index(effort)]
    return known[-1] if known else abilities.efforts[0]
