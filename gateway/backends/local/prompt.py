"""Lays a conversation out as ChatML, the form that SmolLM2 was trained on, within its context. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.types import Message

# The model reads some 100 tokens a second on a busy core: a longer past would cost more than it helps.
PROMPT_TOKENS = 1024
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"  # as in its own template
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_MARK = re.compile(r"<\|[a-z_]*\|>")


def chatml(messages: Sequence[Message], budget: int = PROMPT_TOKENS) -> str:
    """The prompt: instructions first, then as many of the last turns as fit; the oldest go first."""
    turns = [(_ROLES[m.role], _MARK.sub("", m.text).strip()) for m in messages if m.role in _ROLES]
    system = _cut("\n".join(text for role, text in turns if role == "system") or SYSTEM, budget // 2)
    left = budget - tokens(system)
    kept: list[tuple[str, str]] = []
    for role, text in reversed([turn for turn in turns if turn[0] != "system" and turn[1]]):
        if kept and tokens(text) > left:
            break
        kept.insert(0, (role, _cut(text, max(left, 16))))
        left -= tokens(text)
    laid = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in [("system", system), *kept])
    return laid + "<|im_start|>assistant\n"


def tokens(text: str) -> int:
    """An estimate: four characters of English, half a character of another script."""
    plain = sum(c.isascii() for c in text)
    return plain // 4 + 2 * (len(text) - plain) + 4


def _cut(text: str, most: int) -> str:
    """The end of a text that is too long: what is asked stands there more often than not."""
    while tokens(text) > most and len(text) > 16:
        text = text[-int(len(text) * most / tokens(text)) :]
    return text
