"""What an upstream heard, whichever API it was asked in: the same names for what each calls its own way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.replies import Recorded

_SAID = ("stop", "user", "metadata", "safety_identifier", "prompt_cache_key")


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
    previous: str = ""  # the response that it goes on from, which the upstream knows

    @classmethod
    def of(cls, request: Recorded) -> Heard:
        """A request of any of the three APIs."""
        if request.path.endswith("/messages"):
            return _messages(request.body)
        if request.path.endswith("/responses"):
            return _responses(request.body)
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


def _messages(body: dict[str, Any]) -> Heard:
    turns = [m for m in body["messages"] if isinstance(m["content"], list)]
    blocks = [block for m in turns for block in m["content"]]
    tools = {tool["name"]: tool["input_schema"] for tool in body.get("tools", ())}
    form = body.get("output_config", {}).get("format", {}).get("schema")
    return Heard(
        system=_text(body.get("system")),
        prompt=next(_text(m["content"]) for m in body["messages"] if m["role"] == "user"),
        max_tokens=body.get("max_tokens"),
        temperature=body.get("temperature"),
        tools=tools,
        calls={b["id"]: b["input"] for b in blocks if b["type"] == "tool_use"},
        results={b["tool_use_id"]: _text(b["content"]) for b in blocks if b["type"] == "tool_result"},
        schema=form or next(iter(tools.values()), {}),
        said={"stop": body.get("stop_sequences"), "user": body.get("metadata", {}).get("user_id")},
        streams=bool(body.get("stream")),
    )


def _responses(body: dict[str, Any]) -> Heard:
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    tools = {tool["name"]: tool["parameters"] for tool in body.get("tools", ())}
    system = [_text(i["content"]) for i in items if i.get("role") in ("system", "developer")]
    calls = [item for item in items if item.get("type") == "function_call"]
    results = [item for item in items if item.get("type") == "function_call_output"]
    return Heard(
        system=" ".join([body.get("instructions") or "", *system]),
        prompt=next((_text(item["content"]) for item in items if item.get("role") == "user"), ""),
        max_tokens=body.get("max_output_tokens"),
        temperature=body.get("temperature"),
        tools=tools,
        calls={call["call_id"]: json.loads(call["arguments"]) for call in calls},
        results={result["call_id"]: _text(result["output"]) for result in results},
        schema=body.get("text", {}).get("format", {}).get("schema") or next(iter(tools.values()), {}),
        said={name: body[name] for name in _SAID if name in body},
        streams=bool(body.get("stream")),
        previous=body.get("previous_response_id") or "",
    )


def _text(content: Any) -> str:
    """Text, or the text of its parts."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content or ())
