"""The official `openai` client, through chat completions."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import openai
from cases import MAX_TOKENS, SYSTEM, TEMPERATURE, URL, WEATHER, Asked, Seen, run, weather, weather_schema
from pydantic import BaseModel


class Report(BaseModel):
    city: str
    degrees: int


TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": WEATHER, "parameters": weather_schema(), "strict": True},
}


@cache
def client(key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=URL, api_key=key, max_retries=0)


def members(asked: Asked) -> dict[str, Any]:
    return {
        "model": asked.model,
        "messages": [{"role": "developer", "content": SYSTEM}, {"role": "user", "content": asked.prompt}],
        "max_completion_tokens": MAX_TOKENS,
        "temperature": TEMPERATURE,
        "stop": ["END", "STOP"],
        "user": "user-1",
        "metadata": {"team": "weather"},
        "safety_identifier": "safe-1",
        "prompt_cache_key": "cache-1",
    }


def chat(asked: Asked) -> Seen:
    reply = client(asked.key).chat.completions.create(**members(asked))
    (choice,) = reply.choices
    return {
        "text": choice.message.content,
        "finish": choice.finish_reason,
        "input": reply.usage.prompt_tokens,
        "output": reply.usage.completion_tokens,
        "cached": reply.usage.prompt_tokens_details.cached_tokens,
        "request_id": reply._request_id,
    }


def stream(asked: Asked) -> Seen:
    chunks = client(asked.key).chat.completions.create(
        **members(asked), stream=True, stream_options={"include_usage": True}
    )
    pieces, finish, usage = [], None, None
    for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            pieces += [choice.delta.content] if choice.delta.content else []
    return {
        "pieces": len(pieces),
        "text": "".join(pieces),
        "finish": finish,
        "input": usage.prompt_tokens,
        "output": usage.completion_tokens,
    }


def tools(asked: Asked) -> Seen:
    messages = [{"role": "developer", "content": SYSTEM}, {"role": "user", "content": asked.prompt}]
    about = {"model": asked.model, "tools": [TOOL], "parallel_tool_calls": True}
    with client(asked.key).chat.completions.stream(messages=messages, **about) as events:
        deltas = [e.arguments_delta for e in events if e.type == "tool_calls.function.arguments.delta"]
        message = events.get_final_completion().choices[0].message
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": weather(**arguments)}
        for call, (_, arguments) in zip(message.tool_calls, calls, strict=True)
    ]
    said = message.model_dump(exclude_none=True, exclude={"parsed"})
    for call in said["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
    with client(asked.key).chat.completions.stream(messages=[*messages, said, *results], **about) as events:
        final = events.get_final_completion().choices[0].message
    return {"calls": calls, "deltas": len(deltas), "text": final.content}


def structured(asked: Asked) -> Seen:
    about = members(asked)
    reply = client(asked.key).chat.completions.parse(**about, response_format=Report)
    return {"parsed": reply.choices[0].message.parsed.model_dump()}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
