"""The same request and answer in each API: what callers send and read, what upstreams get and say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.types import Api

Json = dict[str, Any]
PATHS = {
    Api.CHAT: "/v1/chat/completions",
    Api.RESPONSES: "/v1/responses",
    Api.MESSAGES: "/v1/messages",
}


def api_of(path: str) -> Api:
    """The API of an upstream's path."""
    return next(api for api, known in PATHS.items() if path.startswith(known))


# What a caller sends: a body of chat completions in another API, no text of it left out.


def asked(api: Api, chat: Json) -> Json:
    """The body in this API."""
    writes: dict[Api, Callable[[Json], Json]] = {Api.MESSAGES: _as_messages, Api.RESPONSES: _as_responses}
    return writes[api](dict(chat)) if api in writes else chat


def turns(api: Api) -> str:
    """The member that holds the conversation."""
    return "input" if api is Api.RESPONSES else "messages"


def _as_messages(chat: Json) -> Json:
    whole = {**chat, "max_tokens": 100, "messages": []}
    systems = [m["content"] for m in chat["messages"] if m["role"] == "system"]
    if systems:
        whole["system"] = [{"type": "text", "text": text} for text in systems]
    for message in chat["messages"]:
        if message["role"] != "system":
            whole["messages"].append(_turn(message))
    if "tools" in chat:
        functions = [tool["function"] for tool in chat["tools"]]
        whole["tools"] = [
            {"name": f["name"], "description": f["description"], "input_schema": f["parameters"]}
            for f in functions
        ]
    if "response_format" in chat:
        schema = whole.pop("response_format")["json_schema"]["schema"]
        whole["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    whole["metadata"] = {**chat.get("metadata", {}), "user_id": whole.pop("user")}
    return whole


def _turn(message: Json) -> Json:
    if message["role"] == "tool":
        result = {
            "type": "tool_result",
            "tool_use_id": message["tool_call_id"],
            "content": message["content"],
        }
        return {"role": "user", "content": [result]}
    if message.get("tool_calls"):
        return {"role": "assistant", "content": [_use(call) for call in message["tool_calls"]]}
    if isinstance(message["content"], list):
        return {**message, "content": [_block(part) for part in message["content"]]}
    return message


def _use(call: Json) -> Json:
    function = call["function"]
    return {
        "type": "tool_use",
        "id": call["id"],
        "name": function["name"],
        "input": json.loads(function["arguments"]),
    }


def _block(part: Json) -> Json:
    if part["type"] == "text":
        return part
    data = part["image_url"]["url"].partition("base64,")[2]
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def _as_responses(chat: Json) -> Json:
    whole = {**chat, "input": [item for message in chat["messages"] for item in _items(message)]}
    del whole["messages"]
    if "tools" in chat:
        whole["tools"] = [{"type": "function", **tool["function"]} for tool in chat["tools"]]
    if "response_format" in chat:
        schema = whole.pop("response_format")["json_schema"]
        whole["text"] = {"format": {"type": "json_schema", **schema}}
    return whole


def _items(message: Json) -> Iterator[Json]:
    if message["role"] == "tool":
        yield {
            "type": "function_call_output",
            "call_id": message["tool_call_id"],
            "output": message["content"],
        }
        return
    for call in message.get("tool_calls") or ():
        yield {"type": "function_call", "call_id": call["id"], **call["function"]}
    content = message["content"]
    if isinstance(content, list):
        yield {**message, "content": [_part(part) for part in content]}
    elif content is not None:
        yield message


def _part(part: Json) -> Json:
    if part["type"] == "text":
        return {"type": "input_text", "text": part["text"]}
    return {"type": "input_image", "image_url": part["image_url"]["url"], "detail": "auto"}


# What a caller reads.


def read(api: Api, kind: str, data: bytes) -> tuple[str, str | None]:
    """An answer's text, with the arguments of its tool calls, and an error's code (or its type)."""
    streamed = kind.startswith("text/event-stream")
    events = [json.loads(event) for event in _data(data)] if streamed else [json.loads(data)]
    said = {Api.CHAT: _chat, Api.MESSAGES: _messages, Api.RESPONSES: _responses}[api]
    errors = (error for event in events for error in _errors(event))
    return "".join(text for event in events for text in said(event, streamed)), next(errors, None)


def _data(data: bytes) -> list[bytes]:
    return [line.removeprefix(b"data: ") for line in data.split(b"\n") if line.startswith(b"data: {")]


def _errors(event: Json) -> Iterator[str]:
    for holder in (event, event.get("response") or {}):
        error = holder.get("error")
        if error:
            yield error.get("code") or error["type"]
    if event.get("type") == "error" and "error" not in event:
        yield event.get("code") or "error"


def _chat(event: Json, streamed: bool) -> Iterator[str]:
    for choice in event.get("choices", ()):
        message = choice["delta" if streamed else "message"]
        yield message.get("content") or ""
        yield from (call["function"].get("arguments") or "" for call in message.get("tool_calls") or ())


def _messages(event: Json, streamed: bool) -> Iterator[str]:
    delta = event.get("delta") or {}
    yield delta.get("text") or delta.get("partial_json") or ""
    if not streamed:
        for block in event.get("content", ()):
            yield block.get("text") or json.dumps(block.get("input", ""))


def _responses(event: Json, streamed: bool) -> Iterator[str]:
    if streamed:
        yield event["delta"] if str(event.get("type")).endswith(".delta") else ""
        return
    for item in event.get("output") or ():
        yield item.get("arguments") or ""
        yield from (part.get("text") or "" for part in item.get("content") or ())


# What an upstream gets and says.


def offered(api: Api, body: Json) -> list[str]:
    """The names of the tools that a model may call."""
    tools = body.get("tools") or ()
    return [(tool["function"] if api is Api.CHAT else tool)["name"] for tool in tools]


def whole(api: Api, text: str, calls: list[tuple[str, str, str]]) -> Json:
    """A whole answer; a call is its id, name and arguments."""
    if api is Api.MESSAGES:
        return {**_message(calls), "content": _blocks(text, calls), "usage": _TOKENS}
    if api is Api.RESPONSES:
        return _response(text, calls, "completed")
    message: Json = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [_call(*call) for call in calls]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
    return {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}


def events(api: Api, text: str, calls: list[tuple[str, str, str]]) -> list[bytes]:
    """The answer as server-sent events: an event without content, prose in pieces, calls, the end."""
    pieces = [text[i : i + 7] for i in range(0, len(text), 7)]
    if api is Api.MESSAGES:
        return [_event(event) for event in _message_events(pieces, calls)]
    if api is Api.RESPONSES:
        return [_event(event) for event in _response_events(text, pieces, calls)]
    deltas: list[Json] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]
    deltas += [{"tool_calls": [{"index": n, **_call(*call)}]} for n, call in enumerate(calls)]
    chosen: list[Json] = [{"index": 0, "delta": d, "finish_reason": None} for d in deltas]
    chosen.append({"index": 0, "delta": {}, "finish_reason": "tool_calls" if calls else "stop"})
    chunks = [{"id": "x", "object": "chat.completion.chunk", "choices": [c]} for c in chosen]
    return [*(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks), b"data: [DONE]\n\n"]


_TOKENS: Mapping[str, int] = {"input_tokens": 5, "output_tokens": 5, "total_tokens": 10}


def _event(event: Json) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _call(id_: str, name: str, arguments: str) -> Json:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def _message(calls: list[tuple[str, str, str]]) -> Json:
    reason = "tool_use" if calls else "end_turn"
    head = {"id": "msg_x", "type": "message", "role": "assistant", "model": "m"}
    return {**head, "stop_reason": reason, "stop_sequence": None}


def _blocks(text: str, calls: list[tuple[str, str, str]]) -> list[Json]:
    uses = [{"type": "tool_use", "id": i, "name": n, "input": json.loads(a)} for i, n, a in calls]
    return [{"type": "text", "text": text}, *uses]


def _message_events(pieces: list[str], calls: list[tuple[str, str, str]]) -> Iterator[Json]:
    start = {**_message([]), "content": [], "stop_reason": None, "usage": {**_TOKENS, "output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for piece in pieces:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    yield {"type": "content_block_stop", "index": 0}
    for n, (id_, name, arguments) in enumerate(calls, 1):
        use = {"type": "tool_use", "id": id_, "name": name, "input": {}}
        yield {"type": "content_block_start", "index": n, "content_block": use}
        delta = {"type": "input_json_delta", "partial_json": arguments}
        yield {"type": "content_block_delta", "index": n, "delta": delta}
        yield {"type": "content_block_stop", "index": n}
    reason = {"stop_reason": _message(calls)["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": reason, "usage": {"output_tokens": 5}}
    yield {"type": "message_stop"}


def _output(text: str, calls: list[tuple[str, str, str]]) -> list[Json]:
    part = {"type": "output_text", "text": text, "annotations": []}
    said = {"type": "message", "id": "msg_x", "role": "assistant", "status": "completed", "content": [part]}
    return [said, *(_function_call(*call) for call in calls)]


def _function_call(id_: str, name: str, arguments: str) -> Json:
    call = {"type": "function_call", "id": f"fc_{id_}", "call_id": id_, "name": name}
    return {**call, "arguments": arguments, "status": "completed"}


def _response(text: str, calls: list[tuple[str, str, str]], status: str) -> Json:
    done = status == "completed"
    return {
        "id": "resp_x",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": status,
        "error": None,
        "output": _output(text, calls) if done else [],
        "usage": _TOKENS if done else None,
    }


def _response_events(text: str, pieces: list[str], calls: list[tuple[str, str, str]]) -> Iterator[Json]:
    said, *called = _output(text, calls)
    yield {"type": "response.created", "response": _response(text, calls, "in_progress")}
    yield {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {**said, "status": "in_progress", "content": []},
    }
    for piece in pieces:
        yield {
            "type": "response.output_text.delta",
            "item_id": "msg_x",
            "output_index": 0,
            "content_index": 0,
            "delta": piece,
        }
    yield {"type": "response.output_item.done", "output_index": 0, "item": said}
    for n, item in enumerate(called, 1):
        at = {"output_index": n, "item_id": item["id"]}
        bare = {**item, "arguments": "", "status": "in_progress"}
        yield {"type": "response.output_item.added", "output_index": n, "item": bare}
        yield {"type": "response.function_call_arguments.delta", **at, "delta": item["arguments"]}
        yield {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]}
        yield {"type": "response.output_item.done", "output_index": n, "item": item}
    yield {"type": "response.completed", "response": _response(text, calls, "completed")}
