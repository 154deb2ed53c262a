"""Changes an answer that an upstream sent, and the JSON it came as with it: pure."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from gateway.types import Answer, Usage


def with_text(answer: Answer, text: str) -> Answer:
    """The answer, saying `text`."""
    if answer.raw is None:
        return replace(answer, text=text)
    body = msgspec.json.decode(answer.raw)
    body["choices"][0]["message"]["content"] = text
    return replace(answer, text=text, raw=msgspec.json.encode(body))


def with_usage(answer: Answer, usage: Usage) -> Answer:
    """The answer, reporting `usage`: what all the steps behind it used."""
    if answer.raw is None or answer.usage == usage:
        return replace(answer, usage=usage)
    body = msgspec.json.decode(answer.raw)
    told = body.get("usage")
    body["usage"] = {
        **(told if isinstance(told, dict) else {}),
        "prompt_tokens": usage.total_input,
        "completion_tokens": usage.total_output,
        "total_tokens": usage.total_input + usage.total_output,
    }
    return replace(answer, usage=usage, raw=msgspec.json.encode(body))
