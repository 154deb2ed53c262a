"""llama-index's OpenAILike, through chat completions."""

from __future__ import annotations

from typing import Any

from cases import MAX_TOKENS, SYSTEM, TEMPERATURE, URL, Asked, Seen, run, weather
from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel


class Report(BaseModel):
    """A report of the weather in one city."""

    city: str
    degrees: int


def model(asked: Asked) -> OpenAILike:
    return OpenAILike(
        api_base=URL,
        api_key=asked.key,
        model=asked.model,
        is_chat_model=True,
        is_function_calling_model=True,
        should_use_structured_outputs=True,
        max_retries=0,
        max_tokens=MAX_TOKENS,
        temperature=TEMPERATURE,
    )


def messages(asked: Asked) -> list[Any]:
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=SYSTEM),
        ChatMessage(role=MessageRole.USER, content=asked.prompt),
    ]


def chat(asked: Asked) -> Seen:
    reply = model(asked).chat(messages(asked))
    return {
        "text": reply.message.content,
        "finish": reply.raw.choices[0].finish_reason,
        "input": reply.additional_kwargs["prompt_tokens"],
        "output": reply.additional_kwargs["completion_tokens"],
    }


def stream(asked: Asked) -> Seen:
    replies = list(model(asked).stream_chat(messages(asked), stream_options={"include_usage": True}))
    return {
        "pieces": sum(bool(reply.delta) for reply in replies),
        "text": replies[-1].message.content,
        "input": replies[-1].raw.usage.prompt_tokens,
        "output": replies[-1].raw.usage.completion_tokens,
    }


def tools(asked: Asked) -> Seen:
    llm = model(asked)
    tool = FunctionTool.from_defaults(weather)
    *_, said = replies = list(llm.stream_chat_with_tools([tool], chat_history=messages(asked)))
    calls = llm.get_tool_calls_from_response(said)
    results = [
        ChatMessage(
            role=MessageRole.TOOL,
            content=weather(**call.tool_kwargs),
            additional_kwargs={"tool_call_id": call.tool_id},
        )
        for call in calls
    ]
    final = llm.chat_with_tools([tool], chat_history=[*messages(asked), said.message, *results])
    return {
        "calls": [(call.tool_name, call.tool_kwargs) for call in calls],
        "deltas": len(replies),
        "text": final.message.content,
    }


def structured(asked: Asked) -> Seen:
    reply = model(asked).as_structured_llm(Report).chat(messages(asked))
    return {"parsed": reply.raw.model_dump()}


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
