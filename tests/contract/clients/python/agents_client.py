"""openai-agents: an agent through chat completions, or through Responses, as its default is."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
)
from cases import MAX_TOKENS, SYSTEM, TEMPERATURE, URL, Asked, Seen, run, weather
from openai import AsyncOpenAI
from pydantic import BaseModel

API = os.environ.get("API", "chat")
MODEL = OpenAIResponsesModel if API == "responses" else OpenAIChatCompletionsModel


class Report(BaseModel):
    city: str
    degrees: int


def agent(asked: Asked, **more: Any) -> Agent[Any]:
    client = AsyncOpenAI(base_url=URL, api_key=asked.key, max_retries=0)
    return Agent(
        name="weather",
        instructions=SYSTEM,
        model=MODEL(asked.model, client),
        model_settings=ModelSettings(max_tokens=MAX_TOKENS, temperature=TEMPERATURE, include_usage=True),
        **more,
    )


def usage(of: Any) -> Seen:
    return {"input": of.context_wrapper.usage.input_tokens, "output": of.context_wrapper.usage.output_tokens}


def chat(asked: Asked) -> Seen:
    reply = Runner.run_sync(agent(asked), asked.prompt)
    return {"text": reply.final_output, **usage(reply)}


async def streamed(of: Agent[Any], prompt: str, kind: str) -> tuple[Any, list[str]]:
    """The run, and the deltas of one kind of event."""
    running = Runner.run_streamed(of, prompt)
    deltas = [
        event.data.delta
        async for event in running.stream_events()
        if event.type == "raw_response_event" and event.data.type == kind
    ]
    return running, deltas


def stream(asked: Asked) -> Seen:
    running, deltas = asyncio.run(streamed(agent(asked), asked.prompt, "response.output_text.delta"))
    return {"pieces": len(deltas), "text": "".join(deltas), **usage(running)}


def tools(asked: Asked) -> Seen:
    calls: list[tuple[str, Any]] = []

    def noted(city: str) -> str:
        calls.append(("weather", {"city": city}))
        return weather(city)

    tool = function_tool(noted, name_override="weather", description_override=weather.__doc__)
    kind = "response.function_call_arguments.delta"
    running, deltas = asyncio.run(streamed(agent(asked, tools=[tool]), asked.prompt, kind))
    return {"calls": calls, "deltas": len(deltas), "text": running.final_output}


def structured(asked: Asked) -> Seen:
    reply = Runner.run_sync(agent(asked, output_type=Report), asked.prompt)
    return {"parsed": reply.final_output.model_dump()}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
