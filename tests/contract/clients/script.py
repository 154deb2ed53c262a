"""What the upstream of the client tests answers, in the API in which it is asked.

Each request carries the mark CLIENT/MODEL/CASE in its text, and the case says what is answered.
"""

from __future__ import annotations

import json
import re
from typing import Any

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
TOO_LONG = "This model's maximum context length is 10 tokens."
BUSY = "Slow down, please."
_MARK = re.compile(rb"([\w.-]+)/([\w.-]+)/(\w+): how is the weather")


def mark(request: Recorded) -> tuple[str, str, str] | None:
    """The client, the model and the case that a request belongs to."""
    found = _MARK.search(request.raw)
    return (found[1].decode(), found[2].decode(), found[3].decode()) if found else None


def answer(request: Recorded) -> Reply:
    """The reply to a request."""
    _, _, case = mark(request) or ("", "", "")
    return _chat(case, request.body)


def _chat(case: str, body: dict[str, Any]) -> Reply:
    if case == "context_length":
        error = {
            "message": TOO_LONG,
            "type": "invalid_request_error",
            "param": "messages",
            "code": "context_length_exceeded",
        }
        return Reply(status=400, json={"error": error})
    if case == "busy":
        return failure(429, BUSY, code="rate_limit_exceeded", retry_after="1")
    if case == "broken":
        return Reply(TEXT, cut_after=4)
    if "response_format" in body:
        return Reply(json.dumps(REPORT), usage=USAGE)
    own = [t["function"]["name"] for t in body.get("tools", ()) if t["function"]["name"] != "weather"]
    if own:
        return Reply(calls=(Call(own[0], REPORT),), usage=USAGE)
    if body.get("tools"):
        done = body["messages"][-1]["role"] == "tool"
        return Reply(AFTER_TOOLS, usage=USAGE) if done else Reply(calls=CALLS, usage=USAGE)
    return Reply(TEXT, usage=USAGE)
