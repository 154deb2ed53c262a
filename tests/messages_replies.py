"""What a scripted upstream says that speaks Anthropic's Messages API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.replies import Recorded, Reply

USAGE: Mapping[str, Any] = {
    "input_tokens": 12,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 2,
    "output_tokens": 5,
}
Block = Mapping[str, Any]


def text(said: str) -> Block:
    return {"type": "text", "text": said}


def thinking(said: str, signature: str = "sig") -> Block:
    return {"type": "thinking", "thinking": said, "signature": signature}


def tool_use(name: str, arguments: Mapping[str, Any], id: str = "toolu_1") -> Block:
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


def message(*blocks: Block, stop: str | None = "end_turn", **members: Any) -> dict[str, Any]:
    """A whole message; without blocks it says "Good day"."""
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": "scripted",
        "content": list(blocks or [text("Good day")]),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": USAGE,
        **members,
    }


def event(type: str, **members: Any) -> bytes:
    return f"event: {type}\ndata: {json.dumps({'type': type, **members})}\n\n".encode()


def start() -> bytes:
    begun = {**message(stop=None), "content": [], "usage": {**USAGE, "output_tokens": 1}}
    return event("message_start", message=begun)


def end(stop: str | None = "end_turn", **usage: Any) -> tuple[bytes, bytes]:
    """The last two events."""
    delta = {"stop_reason": stop, "stop_sequence": None}
    return event("message_delta", delta=delta, usage={"output_tokens": 5, **usage}), event("message_stop")


def block_events(index: int, block: Block) -> list[bytes]:
    """One content block, in two pieces."""
    begun, deltas = _pieces(block)
    return [
        event("content_block_start", index=index, content_block=begun),
        *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
        event("content_block_stop", index=index),
    ]


def _pieces(block: Block) -> tuple[Block, list[Block]]:
    deltas: list[Block]
    match block["type"]:
        case "text":
            deltas = [{"type": "text_delta", "text": half} for half in _halves(block["text"])]
            return {**block, "text": ""}, deltas
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": half} for half in _halves(block["thinking"])]
            sealed = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*deltas, sealed]
        case "tool_use":
            halves = _halves(json.dumps(block["input"])) if block["input"] else []
            deltas = [{"type": "input_json_delta", "partial_json": half} for half in halves]
            return {**block, "input": {}}, deltas
    return block, []


def _halves(said: str) -> tuple[str, str]:
    return said[: len(said) // 2], said[len(said) // 2 :]


def stream(*blocks: Block, stop: str = "end_turn", **usage: Any) -> tuple[bytes, ...]:
    """The events of a whole message, with a ping as Anthropic sends it."""
    said: Iterable[Block] = blocks or [text("Good day")]
    each = [piece for index, block in enumerate(said) for piece in block_events(index, block)]
    return (start(), event("ping"), *each, *end(stop, **usage))


def anthropic(*blocks: Block, stop: str = "end_turn") -> Any:
    """A script that answers as it is asked to: streamed or not, or with a count."""

    def script(request: Recorded) -> Reply:
        if request.path.endswith("/count_tokens"):
            return Reply(json={"input_tokens": 42})
        if request.streams:
            return Reply(events=stream(*blocks, stop=stop))
        return Reply(json=message(*blocks, stop=stop))

    return script


def error(status: int, type: str, said: str, **headers: str) -> Reply:
    """A status with Anthropic's error body; `retry_after="1"` becomes the header `retry-after`."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"type": "error", "error": {"type": type, "message": said}, "request_id": "req_1"}
    return Reply(status=status, headers=names, json=body)


def data_of(events: Sequence[bytes]) -> list[bytes]:
    """The JSON of each event."""
    return [each.partition(b"\ndata: ")[2].rstrip() for each in events]
