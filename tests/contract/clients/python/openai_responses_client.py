"""The official `openai` client, through Responses."""

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
    "name": "weather",
    "description": WEATHER,
    "parameters": weather_schema(),
    "strict": True,
}


@cache
def client(key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=URL, api_key=key, max_retries=0)


def members(asked: Asked) -> dict[str, Any]:
    return {
        "model": asked.model,
        "instructions": SYSTEM,
        "input": asked.prompt,
        "max_output_tokens": MAX_TOKENS,
        "temperature": TEMPERATURE,
        "metadata": {"team": "weather"},
        "safety_identifier": "safe-1",
        "prompt_cache_key": "cache-1",
    }


def told(reply: Any) -> Seen:
    usage = reply.usage
    return {
        "text": reply.output_text,
        "status": reply.status,
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cached": usage.input_tokens_details.cached_tokens,
    }


def chat(asked: Asked) -> Seen:
    return told(client(asked.key).responses.create(**members(asked)))


def stream(asked: Asked) -> Seen:
    kinds, pieces, last = [], [], None
    for event in client(asked.key).responses.create(**members(asked), stream=True):
        kinds.append(event.type)
        pieces += [event.delta] if event.type == "response.output_text.delta" else []
        last = event
    assert last.type == "response.completed", kinds
    return {**told(last.response), "text": "".join(pieces), "pieces": len(pieces), "first": kinds[0]}


def tools(asked: Asked) -> Seen:
    about = {**members(asked), "tools": [TOOL]}
    with client(asked.key).responses.stream(**about) as events:
        deltas = sum(event.type == "response.function_call_arguments.delta" for event in events)
        said = events.get_final_response()
    calls = [item for item in said.output if item.type == "function_call"]
    results = [
        {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": weather(**json.loads(call.arguments)),
        }
        for call in calls
    ]
    about["input"] = [*results, {"role": "user", "content": asked.prompt}]
    final = client(asked.key).responses.create(**about, previous_response_id=said.id)
    return {
        "calls": [(call.name, json.loads(call.arguments)) for call in calls],
        "deltas": deltas,
        "text": final.output_text,
    }


def structured(asked: Asked) -> Seen:
    reply = client(asked.key).responses.parse(**members(asked), text_format=Report)
    return {"parsed": reply.output_parsed.model_dump()}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
