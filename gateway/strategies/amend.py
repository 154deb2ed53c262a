"""Changes an answer that an upstream sent, and the JSON it came as with it: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from msgspec import structs

from gateway.types import Answer, Api, Delta, Usage


def with_text(answer: Answer, text: str) -> Answer:
    """The answer, saying `text`; what is in another shape than that of chat completions is written anew."""
    if answer.raw is None or answer.api is not Api.CHAT:
        return replace(answer, text=text, raw=None)
    body = msgspec.json.decode(answer.raw)
    body["choices"][0]["message"]["content"] = text
    return replace(answer, text=text, raw=msgspec.json.encode(body))


def with_more(delta: Delta, text: str) -> Delta:
    """The delta, saying `text` after what it says."""
    more = structs.replace(delta, text=delta.text + text)
    if delta.raw is None or delta.api is not Api.CHAT:
        return structs.replace(more, raw=None)
    body = msgspec.json.decode(delta.raw)
    choices = [choice for choice in body["choices"] if isinstance(choice, dict)]
    first = next((choice for choice in choices if not choice.get("index")), None)
    if first is None:
        body["choices"].append({"index": 0, "delta": {"content": text}, "finish_reason": None})
    else:
        said = first.get("delta")
        first["delta"] = _saying_more(said if isinstance(said, dict) else {}, text)
    return structs.replace(more, raw=msgspec.json.encode(body))


def _saying_more(said: dict[str, Any], text: str) -> dict[str, Any]:
    content = said.get("content")
    if isinstance(content, list):
        return {**said, "content": [*content, {"type": "text", "text": text}]}
    return {**said, "content": (content if isinstance(content, str) else "") + text}


def with_usage(answer: Answer, usage: Usage) -> Answer:
    """The answer, reporting `usage`: what all the steps behind it used."""
    if answer.raw is None or answer.usage == usage:
        return replace(answer, usage=usage)
    if answer.api is not Api.CHAT:
        return replace(answer, usage=usage, raw=None)
    body = msgspec.json.decode(answer.raw)
    told = body.get("usage")
    body["usage"] = {
        **(told if isinstance(told, dict) else {}),
        "prompt_tokens": usage.total_input,
        "completion_tokens": usage.total_output,
        "total_tokens": usage.total_input + usage.total_output,
    }
    return replace(answer, usage=usage, raw=msgspec.json.encode(body))
