"""The official `openai` client, asynchronous, through chat completions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import openai
from cases import URL, Ask, Asked, Seen, run, weather
from openai_client import TOOL, Report, members


def waited(ask: Callable[[openai.AsyncOpenAI, Asked], Awaitable[Seen]]) -> Ask:
    async def within(asked: Asked) -> Seen:
        async with openai.AsyncOpenAI(base_url=URL, api_key=asked.key, max_retries=0) as client:
            return await ask(client, asked)

    return lambda asked: asyncio.run(within(asked))


async def chat(client: openai.AsyncOpenAI, asked: Asked) -> Seen:
    reply = await client.chat.completions.create(**members(asked))
    (choice,) = reply.choices
    usage = reply.usage
    return {
        "text": choice.message.content,
        "finish": choice.finish_reason,
        "input": usage.prompt_tokens,
        "output": usage.completion_tokens,
    }


async def stream(client: openai.AsyncOpenAI, asked: Asked) -> Seen:
    pieces, last = [], None
    usage_too = {"include_usage": True}
    async for chunk in await client.chat.completions.create(
        **members(asked), stream=True, stream_options=usage_too
    ):
        last = chunk
        pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
    usage = last.usage
    return {
        "pieces": len(pieces),
        "text": "".join(pieces),
        "input": usage.prompt_tokens,
        "output": usage.completion_tokens,
    }


async def tools(client: openai.AsyncOpenAI, asked: Asked) -> Seen:
    about = {**members(asked), "tools": [TOOL]}
    calls: dict[int, dict[str, str]] = {}
    deltas = 0
    async for chunk in await client.chat.completions.create(**about, stream=True):
        for call in chunk.choices[0].delta.tool_calls or []:
            so_far = calls.setdefault(
                call.index, {"id": call.id, "name": call.function.name, "arguments": ""}
            )
            so_far["arguments"] += call.function.arguments
            deltas += bool(call.function.arguments)
    said = [
        {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": c["arguments"]}}
        for c in calls.values()
    ]
    results = [
        {"role": "tool", "tool_call_id": c["id"], "content": weather(**json.loads(c["arguments"]))}
        for c in calls.values()
    ]
    about["messages"] = [*about["messages"], {"role": "assistant", "tool_calls": said}, *results]
    reply = await client.chat.completions.create(**about)
    return {
        "calls": [(c["name"], json.loads(c["arguments"])) for c in calls.values()],
        "deltas": deltas,
        "text": reply.choices[0].message.content,
    }


async def structured(client: openai.AsyncOpenAI, asked: Asked) -> Seen:
    reply = await client.chat.completions.parse(**members(asked), response_format=Report)
    return {"parsed": reply.choices[0].message.parsed.model_dump()}


if __name__ == "__main__":
    run(
        chat=waited(chat),
        stream=waited(stream),
        tools=waited(tools),
        structured=waited(structured),
    )
