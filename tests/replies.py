"""What a scripted upstream can say: replies, their faults, and the bytes that they become."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that a scripted model wants."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = "call_1"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, streamed or not as the request asks, and what goes wrong with it.

    Seconds: `before_headers`, `before_first` (headers out, then the wait for the first event or the body),
    `between` events; FOREVER waits until the client leaves. `cut_after` closes the connection after so many
    events (0: after the headers; not streaming: in mid-body). `reset` closes it before any byte.
    """

    text: str = "Hello there, this is the upstream."
    calls: tuple[Call, ...] = ()
    finish: str | None = None  # None: stop, or tool_calls where there are some
    usage: Mapping[str, Any] = field(
        default_factory=lambda: {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    )
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None  # this body instead of a chat completion; never streamed
    raw: bytes | None = None  # the same, byte for byte (HTML and the like)
    events: tuple[bytes, ...] | None = None  # these bytes as the stream instead of chat chunks
    extra: Mapping[str, Any] = field(
        default_factory=dict
    )  # more top-level members in the body and each chunk
    before_headers: float = 0.0
    before_first: float = 0.0
    between: float = 0.0
    cut_after: int | None = None
    stall_after: int | None = None  # so many events, then silence until the client leaves
    reset: bool = False
    done: bool = True  # send [DONE]
    malformed_at: int | None = None  # an event that is not JSON comes before this one
    error_at: int | None = None  # an {"error": …} event comes instead of this one, and ends the stream
    split: int | None = None  # write the stream in pieces of so many bytes
    keep_alive: bool = True


def failure(status: int, message: str = "", *, code: str | None = None, **headers: str) -> Reply:
    """A status with OpenAI's error body; `retry_after="1"` becomes the header `retry-after`."""
    error = {"message": message or f"scripted {status}", "type": "scripted", "param": None, "code": code}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=names, json={"error": error})


@dataclass(slots=True)
class Recorded:
    """A request as it came. `hung_up` is when (monotonic) the client left before the reply was over."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    connection: int  # 1 for the first connection that the upstream took
    at: float = field(default_factory=time.monotonic)
    hung_up: float | None = None
    finished: bool = False

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    @property
    def question(self) -> str:
        """The last user message, where it is plain text."""
        return next((m["content"] for m in reversed(self.body["messages"]) if m["role"] == "user"), "")

    @property
    def streams(self) -> bool:
        try:
            return isinstance(self.body, dict) and bool(self.body.get("stream"))
        except ValueError:
            return False


def _choice(index: int, finish: str | None, **content: Any) -> dict[str, Any]:
    return {"index": index, **content, "logprobs": None, "finish_reason": finish}


def _tool_call(call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _frame(request: Recorded, kind: str, reply: Reply) -> dict[str, Any]:
    return {
        "id": "chatcmpl-scripted",
        "object": kind,
        "created": 1700000000,
        "model": request.body.get("model", "scripted"),
        **reply.extra,
    }


def completion(request: Recorded, reply: Reply) -> bytes:
    """The body of a reply that does not stream."""
    finish = reply.finish or ("tool_calls" if reply.calls else "stop")
    message: dict[str, Any] = {"role": "assistant", "content": None if reply.calls else reply.text}
    if reply.calls:
        message["tool_calls"] = [_tool_call(call) for call in reply.calls]
    frame = _frame(request, "chat.completion", reply)
    return json.dumps(
        {**frame, "choices": [_choice(0, finish, message=message)], "usage": reply.usage}
    ).encode()


def _deltas(reply: Reply) -> list[dict[str, Any]]:
    """A role, then the text word by word or the tool calls, each in fragments."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if not reply.calls:
        words = reply.text.split(" ")
        return deltas + [{"content": word if i == 0 else f" {word}"} for i, word in enumerate(words)]
    for index, call in enumerate(reply.calls):
        whole = _tool_call(call)
        arguments, half = whole["function"]["arguments"], len(whole["function"]["arguments"]) // 2
        deltas.append(
            {"tool_calls": [{"index": index, **whole, "function": {"name": call.name, "arguments": ""}}]}
        )
        halves = ({"arguments": part} for part in (arguments[:half], arguments[half:]))
        deltas += [{"tool_calls": [{"index": index, "function": function}]} for function in halves]
    return deltas


def chunks(request: Recorded, reply: Reply) -> list[bytes]:
    """The SSE events of a reply that streams, usage and [DONE] included where they belong."""
    finish = reply.finish or ("tool_calls" if reply.calls else "stop")
    choices = [_choice(0, None, delta=delta) for delta in _deltas(reply)]
    if reply.finish != "":
        choices.append(_choice(0, finish, delta={}))
    frame = _frame(request, "chat.completion.chunk", reply)
    bodies: list[dict[str, Any]] = [{**frame, "choices": [choice]} for choice in choices]
    if (request.body.get("stream_options") or {}).get("include_usage"):
        bodies.append({**frame, "choices": [], "usage": reply.usage})
    events = [b"data: " + json.dumps(body).encode() + b"\n\n" for body in bodies]
    if reply.malformed_at is not None:
        events.insert(reply.malformed_at, b'data: {"choices": [oops\n\n')
    if reply.error_at is not None:
        error = {"error": {"message": "scripted trouble", "type": "server_error", "code": None}}
        return [*events[: reply.error_at], b"data: " + json.dumps(error).encode() + b"\n\n"]
    return [*events, b"data: [DONE]\n\n"] if reply.done else events


def embeddings(vectors: Sequence[Sequence[float]]) -> Reply:
    """A reply of /v1/embeddings."""
    data = [{"object": "embedding", "index": i, "embedding": list(v)} for i, v in enumerate(vectors)]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return Reply(json={"object": "list", "data": data, "model": "scripted", "usage": usage})
