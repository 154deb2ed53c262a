"""litellm as a client, through chat completions."""

from __future__ import annotations

import json
from typing import Any

import litellm
from cases import MAX_TOKENS, SYSTEM, TEMPERATURE, URL, WEATHER, Asked, Seen, run, weather, weather_schema
from pydantic import BaseModel


class Report(BaseModel):
    city: str
    degrees: int


TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": WEATHER, "parameters": weather_schema()},
}


def messages(asked: Asked) -> list[Any]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked.prompt}]


def complete(asked: Asked, said: list[Any], **more: Any) -> Any:
    return litellm.completion(
        model=f"openai/{asked.model}",
        api_base=URL,
        api_key=asked.key,
        messages=said,
        max_tokens=MAX_TOKENS,
        temperature=TEMPERATURE,
        max_retries=0,
        **more,
    )


def chat(asked: Asked) -> Seen:
    reply = complete(asked, messages(asked))
    (choice,) = reply.choices
    return {
        "text": choice.message.content,
        "finish": choice.finish_reason,
        "input": reply.usage.prompt_tokens,
        "output": reply.usage.completion_tokens,
    }


def stream(asked: Asked) -> Seen:
    chunks = list(complete(asked, messages(asked), stream=True, stream_options={"include_usage": True}))
    whole = litellm.stream_chunk_builder(chunks)
    return {
        "pieces": sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in chunks),
        "text": whole.choices[0].message.content,
        "finish": whole.choices[0].finish_reason,
        "input": whole.usage.prompt_tokens,
        "output": whole.usage.completion_tokens,
    }


def tools(asked: Asked) -> Seen:
    chunks = list(complete(asked, messages(asked), tools=[TOOL], stream=True))
    deltas = [call.function.arguments for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    said = litellm.stream_chunk_builder(chunks).choices[0].message
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in said.tool_calls]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": weather(**arguments)}
        for call, (_, arguments) in zip(said.tool_calls, calls, strict=True)
    ]
    final = complete(asked, [*messages(asked), said.model_dump(exclude_none=True), *results], tools=[TOOL])
    return {
        "calls": calls,
        "deltas": sum(bool(delta) for delta in deltas),
        "text": final.choices[0].message.content,
    }


def structured(asked: Asked) -> Seen:
    reply = complete(asked, messages(asked), response_format=Report)
    return {"parsed": Report.model_validate_json(reply.choices[0].message.content).model_dump()}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
