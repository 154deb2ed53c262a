"""pydantic-ai: an agent through chat completions."""

from __future__ import annotations

import asyncio
from typing import Any

from cases import MAX_TOKENS, SYSTEM, TEMPERATURE, URL, Asked, Seen, run, weather
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.messages import PartDeltaEvent, PartStartEvent, ToolCallPart, ToolCallPartDelta
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


class Report(BaseModel):
    """A report of the weather in one city."""

    city: str
    degrees: int


def agent(asked: Asked, **more: Any) -> Agent[None, Any]:
    provider = OpenAIProvider(openai_client=AsyncOpenAI(base_url=URL, api_key=asked.key, max_retries=0))
    settings = {"max_tokens": MAX_TOKENS, "temperature": TEMPERATURE}
    return Agent(
        OpenAIChatModel(asked.model, provider=provider), instructions=SYSTEM, model_settings=settings, **more
    )


def usage(of: Any) -> Seen:
    return {"input": of.input_tokens, "output": of.output_tokens}


def chat(asked: Asked) -> Seen:
    reply = agent(asked).run_sync(asked.prompt)
    return {"text": reply.output, "finish": reply.response.finish_reason, **usage(reply.usage)}


def stream(asked: Asked) -> Seen:
    async def within() -> Seen:
        async with agent(asked).run_stream(asked.prompt) as reply:
            pieces = [piece async for piece in reply.stream_text(delta=True, debounce_by=None)]
            return {"pieces": len(pieces), "text": "".join(pieces), **usage(reply.usage)}

    return asyncio.run(within())


def tools(asked: Asked) -> Seen:
    calls: list[ToolCallPart] = []
    deltas = 0

    async def watch(_: Any, events: Any) -> None:
        nonlocal deltas
        async for event in events:
            if isinstance(event, PartDeltaEvent) and isinstance(event.delta, ToolCallPartDelta):
                deltas += bool(event.delta.args_delta)
            elif isinstance(event, PartStartEvent) and isinstance(event.part, ToolCallPart):
                calls.append(event.part)

    reply = agent(asked, tools=[weather]).run_sync(asked.prompt, event_stream_handler=watch)
    said = [part for m in reply.all_messages() for part in m.parts if isinstance(part, ToolCallPart)]
    return {
        "calls": [(part.tool_name, part.args_as_dict()) for part in said],
        "deltas": deltas,
        "text": reply.output,
    }


def structured(asked: Asked) -> Seen:
    reply = agent(asked, output_type=NativeOutput(Report)).run_sync(asked.prompt)
    return {"parsed": reply.output.model_dump()}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
