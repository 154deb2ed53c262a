"""What a scripted upstream says at /v1/completions."""

from __future__ import annotations

import json
from typing import Any

from tests.replies import Recorded, Reply

USAGE = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}


def _body(choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "id": "cmpl-scripted",
        "object": "text_completion",
        "created": 1700000000,
        "model": "scripted",
        "choices": choices,
        **more,
    }


def choice(index: int, text: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish, **more}


def texts(*said: str, finishes: tuple[str, ...] = (), **more: Any) -> Reply:
    """A whole text completion, a choice a text."""
    ends = finishes or ("stop",) * len(said)
    choices = [choice(i, text, end) for i, (text, end) in enumerate(zip(said, ends, strict=True))]
    return Reply(json=_body(choices, usage=USAGE, **more))


def streamed(request: Recorded, *said: str, finishes: tuple[str, ...] = (), done: bool = True) -> Reply:
    """The choices word by word, interleaved; usage at the end where it is asked for."""
    words = [text.split(" ") for text in said]
    bodies = [
        _body([choice(index, (" " if at else "") + own[at])], new_member={"kept": 1.50})
        for at in range(max(map(len, words)))
        for index, own in enumerate(words)
        if at < len(own)
    ]
    ends = finishes or ("stop",) * len(said)
    bodies += [_body([choice(index, "", end)]) for index, end in enumerate(ends)]
    if (request.body.get("stream_options") or {}).get("include_usage"):
        bodies.append(_body([], usage=USAGE))
    events = [b"data: " + json.dumps(body).encode() + b"\n\n" for body in bodies]
    return Reply(events=(*events, *([b"data: [DONE]\n\n"] if done else [])))
