"""What the upstream of the client tests answers, in the API in which it is asked.

Each request carries the mark CLIENT/MODEL/CASE in its text, and the case says what is answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests import messages_replies, responses_replies
from tests.replies import Call, Recorded, Reply, failure

TEXT = "Mild in both: Größe egal, 東京 is far 🚄 away."
AFTER_TOOLS = "It is 21 degrees in both."
REPORT = {"city": "Paris", "degrees": 21}
CALLS = (
    Call("weather", {"city": "Paris"}, "call_paris"),
    Call("weather", {"city": "Oslo"}, "call_oslo"),
)
USAGE = {
    "prompt_tokens": 110,
    "completion_tokens": 7,
    "total_tokens": 117,
    "prompt_tokens_details": {"cached_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
OF_MESSAGES = {
    "input_tokens": 80,
    "cache_read_input_tokens": 30,
    "cache_creation_input_tokens": 0,
    "output_tokens": 7,
}
OF_RESPONSES = {
    "input_tokens": 110,
    "input_tokens_details": {"cached_tokens": 30},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 117,
}
TOO_LONG = "prompt is too long: 300000 tokens, and the maximum context length is 200000 tokens"
BUSY = "Slow down, please."
_MARK = re.compile(rb"([\w.-]+)/([\w.-]+)/(\w+): how is the weather")


def mark(request: Recorded) -> tuple[str, str, str] | None:
    """The client, the model and the case that a request belongs to."""
    found = _MARK.search(request.raw)
    return (found[1].decode(), found[2].decode(), found[3].decode()) if found else None


def answer(request: Recorded) -> Reply:
    """The reply to a request."""
    _, _, case = mark(request) or ("", "", "")
    if request.path.endswith("/messages"):
        return _messages(case, request)
    if request.path.endswith("/responses"):
        return _responses(case, request)
    return _chat(case, request.body)


def _chat(case: str, body: dict[str, Any]) -> Reply:
    if case in ("context_length", "busy"):
        return _openai_error(case)
    if case == "broken":
        return Reply(TEXT, cut_after=4)
    if "response_format" in body:
        return Reply(json.dumps(REPORT), usage=USAGE)
    done = any(message["role"] == "tool" for message in body["messages"])
    calls = _calls([tool["function"]["name"] for tool in body.get("tools", ())], done)
    return Reply(AFTER_TOOLS if done else TEXT, calls, usage=USAGE)


def _responses(case: str, request: Recorded) -> Reply:
    if case in ("context_length", "busy"):
        return _openai_error(case)
    body = request.body
    said = json.dumps(REPORT) if body.get("text", {}).get("format", {}).get("type") == "json_schema" else TEXT
    done = any(isinstance(i, dict) and i.get("type") == "function_call_output" for i in body["input"])
    calls = _calls([tool["name"] for tool in body.get("tools", ())], done)
    output = [responses_replies.call(call, f"fc_{call.id}") for call in calls]
    if not output:
        output = [responses_replies.message(AFTER_TOOLS if done else said)]
    reply = responses_replies.answered(request, *output, usage=OF_RESPONSES)
    return replace(reply, cut_after=5) if case == "broken" else reply


def _messages(case: str, request: Recorded) -> Reply:
    if case == "context_length":
        return messages_replies.error(400, "invalid_request_error", TOO_LONG)
    if case == "busy":
        return messages_replies.error(429, "rate_limit_error", BUSY, retry_after="1")
    body = request.body
    said = json.dumps(REPORT) if "format" in body.get("output_config", {}) else TEXT
    last = body["messages"][-1]["content"]
    done = isinstance(last, list) and any(block["type"] == "tool_result" for block in last)
    calls = _calls([tool["name"] for tool in body.get("tools", ())], done)
    blocks = [messages_replies.tool_use(call.name, call.arguments, call.id) for call in calls]
    stop = "tool_use" if blocks else "end_turn"
    blocks = blocks or [messages_replies.text(AFTER_TOOLS if done else said)]
    if not request.streams:
        return Reply(json=messages_replies.message(*blocks, stop=stop, usage=OF_MESSAGES))
    events = messages_replies.stream(*blocks, stop=stop, **OF_MESSAGES)
    return Reply(events=events, cut_after=4 if case == "broken" else None)


def _calls(tools: Sequence[str], done: bool) -> tuple[Call, ...]:
    """What a model wants of the tools that it is offered: a report, where there is a tool to give it with."""
    for name in tools:
        if name != "weather":
            return (Call(name, REPORT),)
    return CALLS if tools and not done else ()


def _openai_error(case: str) -> Reply:
    if case == "busy":
        return failure(429, BUSY, code="rate_limit_exceeded", retry_after="1")
    error = {"message": TOO_LONG, "type": "invalid_request_error", "param": "messages"}
    return Reply(status=400, json={"error": {**error, "code": "context_length_exceeded"}})
