"""A policy whose models speak every API, and the upstream behind all of them, which answers in each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.access.keys import hash_key
from tests import messages_replies, responses_replies
from tests.folder import ADMIN_KEY, KEY
from tests.replies import Call, Recorded, Reply

ENVIRONMENT = {"ANTHROPIC_API_KEY": "sk-ant-any"}
SAID = "Hello there"
THOUGHT = "I am greeted."
REFUSED = "I would rather not."
CALL = Call("weather", {"city": "Paris"})
MODELS = ("chat", "all", "claude")
"""One that speaks chat completions alone, one that speaks OpenAI's other APIs too, and an Anthropic's."""

_POLICY = """\
models:
  - name: chat
    target: openai-compatible/upstream-model
    speaks: chat
    {settings}
  - name: all
    target: openai-compatible/upstream-model
    speaks: [chat, completions, responses]
    {settings}
  - name: claude
    target: anthropic/claude-haiku-4-5
    api_key: ${{ANTHROPIC_API_KEY}}
    {settings}
  - name: vectors
    target: openai-compatible/upstream-model
    kind: embedding
    {settings}
{callers}routes:
  - name: everything-else
    model: chat
"""
_SETTINGS = """\
base_url: {url}
    clearance: restricted
    price: {{input: 1.0, output: 10.0}}
    timeouts: {{connect: 1s, first_token: 2s, idle: 2s, total: 5s}}
    retries: 0"""
_CALLERS = f"""\
callers:
  - {{name: app, key_sha256: {hash_key(KEY)}, clearance: restricted}}
  - {{name: ops, key_sha256: {hash_key(ADMIN_KEY)}, admin: true, clearance: restricted}}
"""


def every_api(folder: Path, url: str, keyless: bool = False) -> Path:
    """Writes the policy's folder; `url` is the upstream's, ending in /v1. ENVIRONMENT has its key."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = _SETTINGS.format(url=url)
    text = _POLICY.format(settings=settings, callers="" if keyless else _CALLERS)
    (folder / "policy.yaml").write_text(text)
    return folder


def answer(request: Recorded) -> Reply:
    """A greeting; where the request says TOOL, a call; THINK: reasoning; REFUSE: a refusal; LONG: a cut."""
    kind = next((word for word in ("TOOL", "THINK", "REFUSE", "LONG") if word.encode() in request.raw), "")
    path = request.path.partition("?")[0]
    if request.method == "DELETE":
        return Reply(json={"id": path.rpartition("/")[2], "object": "response", "deleted": True})
    return next(reply for end, reply in _BY_PATH.items() if path.endswith(end))(request, kind)


def _chat(request: Recorded, kind: str) -> Reply:
    said: dict[str, Any] = {"role": "assistant", "content": SAID, "refusal": None}
    match kind:
        case "TOOL":
            return Reply(calls=(CALL,))
        case "LONG":
            return Reply(SAID, finish="length")
        case "REFUSE":
            said |= {"content": None, "refusal": REFUSED}
        case "THINK":
            said["reasoning_content"] = THOUGHT
        case _:
            return Reply(SAID)
    frame: dict[str, Any] = {"id": "chatcmpl-1", "created": 1700000000, "model": "upstream-model"}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    if not request.streams:
        choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": "stop"}
        return Reply(json={**frame, "object": "chat.completion", "choices": [choice], "usage": usage})
    deltas = [
        {"role": "assistant"},
        *({name: value} for name, value in said.items() if name != "role" and value),
    ]
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas
    ]
    choices.append({"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"})
    frame["object"] = "chat.completion.chunk"
    chunks = [{**frame, "choices": [choice]} for choice in choices]
    return _events([*chunks, {**frame, "choices": [], "usage": usage}])


def _completion(request: Recorded, kind: str) -> Reply:
    finish = "length" if kind == "LONG" else "stop"
    frame: dict[str, Any] = {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1700000000,
        "model": "upstream-model",
    }
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    prompt = request.body["prompt"]
    several = isinstance(prompt, list) and not isinstance(prompt[0], int)
    places = range(len(prompt) if several else 1)
    choice: dict[str, Any] = {"text": SAID, "logprobs": None, "finish_reason": finish}
    whole = {**frame, "choices": [{**choice, "index": place} for place in places]}
    if not request.streams:
        return Reply(json={**whole, "usage": usage})
    return _events([whole, {**frame, "choices": [], "usage": usage}])


def _events(chunks: list[dict[str, Any]]) -> Reply:
    written = (f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks)
    return Reply(events=(*written, b"data: [DONE]\n\n"))


def _embeddings(request: Recorded, _: str) -> Reply:
    given = request.body["input"]
    count = len(given) if isinstance(given, list) and not isinstance(given[0], int) else 1
    data = [{"object": "embedding", "index": i, "embedding": [0.1, 0.2]} for i in range(count)]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return Reply(json={"object": "list", "data": data, "model": "upstream-model", "usage": usage})


def _response(request: Recorded, kind: str) -> Reply:
    said = responses_replies.message(SAID)
    match kind:
        case "TOOL":
            return responses_replies.answered(request, responses_replies.call(CALL))
        case "REFUSE":
            return responses_replies.answered(request, responses_replies.refusal(REFUSED))
        case "THINK":
            return responses_replies.answered(request, responses_replies.reasoning(THOUGHT), said)
        case "LONG":
            cut = {"reason": "max_output_tokens"}
            return responses_replies.answered(request, said, status="incomplete", incomplete_details=cut)
    return responses_replies.answered(request, said)


def _message(request: Recorded, kind: str) -> Reply:
    said = messages_replies.text(SAID)
    blocks = {
        "TOOL": (messages_replies.tool_use(CALL.name, CALL.arguments),),
        "THINK": (messages_replies.thinking(THOUGHT), said),
        "REFUSE": (messages_replies.text(REFUSED),),
    }.get(kind, (said,))
    stop = {"TOOL": "tool_use", "REFUSE": "refusal", "LONG": "max_tokens"}.get(kind, "end_turn")
    reply: Reply = messages_replies.anthropic(*blocks, stop=stop)(request)
    return reply


_BY_PATH: dict[str, Callable[[Recorded, str], Reply]] = {
    "/chat/completions": _chat,
    "/completions": _completion,
    "/embeddings": _embeddings,
    "/responses": _response,
    "/messages": _message,
    "/count_tokens": _message,
}
