"""What a scripted upstream says that speaks OpenAI's Responses API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.replies import Call, Recorded, Reply

USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 29,
}
Event = dict[str, Any]


def message(text: str, id_: str = "msg_up") -> Event:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": id_, "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def refusal(text: str) -> Event:
    return {**message(""), "content": [{"type": "refusal", "refusal": text}]}


def reasoning(text: str, **more: Any) -> Event:
    return {"id": "rs_up", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}], **more}


def call(wanted: Call, id_: str = "fc_up") -> Event:
    return {
        "id": id_,
        "type": "function_call",
        "call_id": wanted.id,
        "name": wanted.name,
        "arguments": json.dumps(wanted.arguments),
        "status": "completed",
    }


def body(request: Recorded, output: Sequence[Event], id_: str = "resp_up", **more: Any) -> Event:
    asked: Mapping[str, Any] = request.body
    return {
        "id": id_,
        "object": "response",
        "created_at": 1700000000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "metadata": asked.get("metadata") or {},
        "model": asked.get("model"),
        "output": list(output),
        "parallel_tool_calls": True,
        "previous_response_id": asked.get("previous_response_id"),
        "store": asked.get("store") is not False,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": asked.get("tools") or [],
        "top_p": 1.0,
        "usage": USAGE,
        "x_upstream": "kept as it is",
        **more,
    }


def answered(request: Recorded, *output: Event, id_: str = "resp_up", **more: Any) -> Reply:
    """A response, streamed or not as the request asks; `more` are members of its object."""
    whole = body(request, output, id_, **more)
    if not request.streams:
        return Reply(json=whole)
    return stream([*begun(whole), *_said(output), {"type": f"response.{whole['status']}", "response": whole}])


def stream(events: Iterable[Event], **faults: Any) -> Reply:
    """These events, named and numbered; the service says no [DONE]."""
    return Reply(events=tuple(named(event, number) for number, event in enumerate(events)), **faults)


def named(event: Event, number: int) -> bytes:
    data = json.dumps({**event, "sequence_number": number})
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


def begun(whole: Event) -> list[Event]:
    open_ = {**whole, "status": "in_progress", "output": [], "usage": None}
    return [{"type": f"response.{name}", "response": open_} for name in ("created", "in_progress")]


def _said(output: Sequence[Event]) -> list[Event]:
    events: list[Event] = []
    for index, item in enumerate(output):
        place = {"item_id": item["id"], "output_index": index}
        empty = {**item, **({"content": []} if "content" in item else {})}
        empty |= {"arguments": ""} if "arguments" in item else {}
        events.append({"type": "response.output_item.added", "output_index": index, "item": empty})
        if item["type"] in _PIECES:
            events += _PIECES[item["type"]](item, place)
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    return events


def _spoken(item: Event, place: Event) -> list[Event]:
    events: list[Event] = []
    for number, part in enumerate(item["content"]):
        at = {**place, "content_index": number}
        kind, name = ("output_text", "text") if part["type"] == "output_text" else ("refusal", "refusal")
        logprobs: Event = {"logprobs": []} if kind == "output_text" else {}
        events.append({"type": "response.content_part.added", **at, "part": {**part, name: ""}})
        said = ({"delta": piece} for piece in _halves(part[name]))
        events += [{"type": f"response.{kind}.delta", **at, **piece, **logprobs} for piece in said]
        events.append({"type": f"response.{kind}.done", **at, name: part[name], **logprobs})
        events.append({"type": "response.content_part.done", **at, "part": part})
    return events


def _thought(item: Event, place: Event) -> list[Event]:
    events: list[Event] = []
    for number, part in enumerate(item["summary"]):
        at = {**place, "summary_index": number}
        empty = {**part, "text": ""}
        events.append({"type": "response.reasoning_summary_part.added", **at, "part": empty})
        said = ({"delta": piece} for piece in _halves(part["text"]))
        events += [{"type": "response.reasoning_summary_text.delta", **at, **piece} for piece in said]
        events.append({"type": "response.reasoning_summary_text.done", **at, "text": part["text"]})
        events.append({"type": "response.reasoning_summary_part.done", **at, "part": part})
    return events


def _called(item: Event, place: Event) -> list[Event]:
    name, whole = "response.function_call_arguments", item["arguments"]
    pieces = [{"type": f"{name}.delta", **place, "delta": piece} for piece in _halves(whole)]
    return [*pieces, {"type": f"{name}.done", **place, "name": item["name"], "arguments": whole}]


def _halves(text: str) -> list[str]:
    half = len(text) // 2
    return [piece for piece in (text[:half], text[half:]) if piece]


_PIECES: Mapping[str, Callable[[Event, Event], list[Event]]] = {
    "message": _spoken,
    "reasoning": _thought,
    "function_call": _called,
}
