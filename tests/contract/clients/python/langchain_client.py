"""langchain-openai's ChatOpenAI, through chat completions."""

from __future__ import annotations

from typing import Any

from cases import MAX_TOKENS, SYSTEM, TEMPERATURE, URL, Asked, Seen, run, weather
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class Report(BaseModel):
    """A report of the weather in one city."""

    city: str
    degrees: int


def model(asked: Asked, **more: Any) -> ChatOpenAI:
    return ChatOpenAI(
        base_url=URL,
        api_key=asked.key,
        model=asked.model,
        max_retries=0,
        max_tokens=MAX_TOKENS,
        temperature=TEMPERATURE,
        **more,
    )


def messages(asked: Asked) -> list[Any]:
    return [SystemMessage(SYSTEM), HumanMessage(asked.prompt)]


def chat(asked: Asked) -> Seen:
    reply = model(asked).invoke(messages(asked))
    return {
        "text": reply.content,
        "finish": reply.response_metadata["finish_reason"],
        "input": reply.usage_metadata["input_tokens"],
        "output": reply.usage_metadata["output_tokens"],
        "cached": reply.usage_metadata["input_token_details"]["cache_read"],
    }


def stream(asked: Asked) -> Seen:
    chunks = list(model(asked, stream_usage=True).stream(messages(asked)))
    whole = sum(chunks[1:], chunks[0])
    return {
        "pieces": sum(bool(chunk.content) for chunk in chunks),
        "text": whole.content,
        "finish": whole.response_metadata["finish_reason"],
        "input": whole.usage_metadata["input_tokens"],
        "output": whole.usage_metadata["output_tokens"],
    }


def tools(asked: Asked) -> Seen:
    bound = model(asked).bind_tools([tool(weather)])
    chunks = list(bound.stream(messages(asked)))
    said = sum(chunks[1:], chunks[0])
    results = [ToolMessage(weather(**call["args"]), tool_call_id=call["id"]) for call in said.tool_calls]
    final = bound.invoke([*messages(asked), said, *results])
    return {
        "calls": [(call["name"], call["args"]) for call in said.tool_calls],
        "deltas": sum(bool(part["args"]) for chunk in chunks for part in chunk.tool_call_chunks),
        "text": final.content,
    }


def structured(asked: Asked) -> Seen:
    return {"parsed": model(asked).with_structured_output(Report).invoke(messages(asked)).model_dump()}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
