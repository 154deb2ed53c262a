"""What an upstream heard, whichever API it was asked in: the same names for what each calls its own way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.replies import Recorded

_SAID = ("stop", "user", "metadata", "safety_identifier", "prompt_cache_key", "stop_sequences")


@dataclass(frozen=True, slots=True)
class Heard:
    """One request. `calls` and `results` are by the id of the call, `tools` are schemas by name."""

    system: str
    prompt: str
    max_tokens: int | None
    temperature: float | None
    tools: Mapping[str, Any]
    calls: Mapping[str, Any]
    results: Mapping[str, str]
    schema: Mapping[str, Any]
    said: Mapping[str, Any]
    streams: bool

    @classmethod
    def of(cls, request: Recorded) -> Heard:
        """A request of any of the three APIs."""
        return _chat(request.body)


def _chat(body: dict[str, Any]) -> Heard:
    messages = body["messages"]
    calls = [call for m in messages for call in m.get("tool_calls") or ()]
    tools = {t["function"]["name"]: t["function"]["parameters"] for t in body.get("tools", ())}
    form = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return Heard(
        system=" ".join(_text(m["content"]) for m in messages if m["role"] in ("system", "developer")),
        prompt=next(_text(m["content"]) for m in messages if m["role"] == "user"),
        max_tokens=body.get("max_tokens", body.get("max_completion_tokens")),
        temperature=body.get("temperature"),
        tools=tools,
        calls={call["id"]: json.loads(call["function"]["arguments"]) for call in calls},
        results={m["tool_call_id"]: _text(m["content"]) for m in messages if m["role"] == "tool"},
        schema=form or next(iter(tools.values()), {}),
        said={name: body[name] for name in _SAID if name in body},
        streams=bool(body.get("stream")),
    )


def _text(content: Any) -> str:
    """Text, or the text of its parts."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or ())
