"""instructor over the official client: what it is for is structured output, by a tool and by a schema."""

from __future__ import annotations

import instructor
import openai
from cases import MAX_TOKENS, SYSTEM, TEMPERATURE, URL, Asked, Seen, run
from pydantic import BaseModel


class Report(BaseModel):
    """A report of the weather in one city."""

    city: str
    degrees: int


def client(asked: Asked, mode: instructor.Mode) -> instructor.Instructor:
    return instructor.from_openai(openai.OpenAI(base_url=URL, api_key=asked.key, max_retries=0), mode=mode)


def report(asked: Asked, mode: instructor.Mode) -> Seen:
    parsed, reply = client(asked, mode).create_with_completion(
        model=asked.model,
        messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked.prompt}],
        response_model=Report,
        max_retries=1,
        max_tokens=MAX_TOKENS,
        temperature=TEMPERATURE,
    )
    usage = reply.usage
    return {"parsed": parsed.model_dump(), "input": usage.prompt_tokens, "output": usage.completion_tokens}


def chat(asked: Asked) -> Seen:
    return report(asked, instructor.Mode.JSON)


def stream(asked: Asked) -> Seen:
    parts = client(asked, instructor.Mode.TOOLS).create_partial(
        model=asked.model,
        messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked.prompt}],
        response_model=Report,
        max_retries=1,
    )
    seen = [part.model_dump() for part in parts]
    return {"pieces": len(seen), "parsed": seen[-1]}


def tools(asked: Asked) -> Seen:
    return report(asked, instructor.Mode.TOOLS)


def structured(asked: Asked) -> Seen:
    return report(asked, instructor.Mode.JSON_SCHEMA)


if __name__ == "__main__":
    run(chat=chat, stream=stream, tools=tools, structured=structured)
