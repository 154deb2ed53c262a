"""The response object: what was asked for, echoed, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import time
from typing import Any, Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.responses.output import Item
from gateway.types import Usage

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DEFAULTS: Final[dict[str, Any]] = {
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "service_tier": "default",
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_ECHOED: Final = (*_DEFAULTS, "reasoning", "text", "tools")
_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a response has come. `error` has a code and a message."""

    status: str
    output: Sequence[Item] = ()
    usage: Usage | None = None
    incomplete: str | None = None
    error: dict[str, Any] | None = None

    @classmethod
    def of(cls, finish: str, output: Sequence[Item], usage: Usage) -> Outcome:
        """`finish` in the words of chat completions."""
        reason = _INCOMPLETE.get(finish)
        return cls("incomplete" if reason else "completed", output, usage, reason)


def status_of(finish: str) -> str:
    return "incomplete" if finish in _INCOMPLETE else "completed"


def response_object(
    id_: str, created: int, exchange: Exchange, outcome: Outcome, kept: bool
) -> dict[str, Any]:
    """`created` is in seconds since the epoch; `kept`: it can be referred to by its id."""
    asked = _asked(exchange)
    whole = outcome.status == "completed"
    return {
        "id": id_,
        "object": "response",
        "created_at": created,
        "status": outcome.status,
        "background": False,
        "completed_at": int(time()) if whole else None,
        "error": outcome.error,
        "incomplete_details": {"reason": outcome.incomplete} if outcome.incomplete else None,
        **{name: usual if asked.get(name) is None else asked[name] for name, usual in _DEFAULTS.items()},
        "model": exchange.model or "",
        "output": outcome.output,
        "reasoning": {"effort": None, "summary": None, **(asked.get("reasoning") or {})},
        "store": kept,
        "text": {"format": {"type": "text"}, **_given(asked.get("text"))},
        "tools": [_tool(tool) for tool in asked.get("tools") or ()],
        "usage": None if outcome.usage is None else usage_body(outcome.usage),
    }


def _asked(exchange: Exchange) -> dict[str, Any]:
    """The members that are echoed; what was said to the model may be megabytes, and is not decoded."""
    asked = exchange.asked
    if asked is None or asked.sent is None:
        return {}
    given = _members.decode(asked.sent.body)
    return {name: msgspec.json.decode(given[name]) for name in _ECHOED if name in given}


def _given(members: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (members or {}).items() if value is not None}


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    """A function with the members that one always has."""
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": None, **tool}


def usage_body(usage: Usage) -> dict[str, Any]:
    """Usage in the shape of this API, whose sums include the parts."""
    return {
        "input_tokens": usage.total_input,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.total_output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total_input + usage.total_output,
    }
