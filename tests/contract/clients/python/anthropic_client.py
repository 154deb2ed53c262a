"""The official `anthropic` client, through Messages."""

from __future__ import annotations

from functools import cache
from typing import Any

import anthropic
from cases import GATEWAY, MAX_TOKENS, SYSTEM, TEMPERATURE, WEATHER, Asked, Seen, run, weather, weather_schema
from pydantic import BaseModel


class Report(BaseModel):
    city: str
    degrees: int


TOOL = {"name": "weather", "description": WEATHER, "input_schema": weather_schema()}


@cache
def client(key: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=GATEWAY, api_key=key, max_retries=0)


def members(asked: Asked) -> dict[str, Any]:
    return {
        "model": asked.model,
        "system": SYSTEM,
        "messages": [{"role": "user", "content": asked.prompt}],
        "max_tokens": MAX_TOKENS,
        "extra_body": {"temperature": TEMPERATURE},  # the newest clients know it no longer, most upstreams do
        "stop_sequences": ["END", "STOP"],
        "metadata": {"user_id": "user-1"},
    }


def told(reply: Any) -> Seen:
    return {
        "text": "".join(block.text for block in reply.content if block.type == "text"),
        "finish": reply.stop_reason,
        "input": reply.usage.input_tokens + (reply.usage.cache_read_input_tokens or 0),
        "output": reply.usage.output_tokens,
        "cached": reply.usage.cache_read_input_tokens,
    }


def chat(asked: Asked) -> Seen:
    return told(client(asked.key).messages.create(**members(asked)))


def stream(asked: Asked) -> Seen:
    with client(asked.key).messages.stream(**members(asked)) as events:
        pieces = list(events.text_stream)
        return {**told(events.get_final_message()), "text": "".join(pieces), "pieces": len(pieces)}


def tools(asked: Asked) -> Seen:
    about = {**members(asked), "tools": [TOOL]}
    with client(asked.key).messages.stream(**about) as events:
        deltas = sum(event.type == "input_json" for event in events)
        said = events.get_final_message()
    calls = [block for block in said.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": c.id, "content": weather(**c.input)} for c in calls]
    about["messages"] = [
        *about["messages"],
        {"role": "assistant", "content": said.content},
        {"role": "user", "content": results},
    ]
    final = client(asked.key).messages.create(**about)
    return {"calls": [(c.name, c.input) for c in calls], "deltas": deltas, "text": final.content[0].text}


def structured(asked: Asked) -> Seen:
    reply = client(asked.key).messages.parse(**members(asked), output_format=Report)
    return {"parsed": reply.parsed_output.model_dump()}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
