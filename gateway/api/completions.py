"""POST /v1/completions: a prompt instead of messages, as models were asked before there was chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.api.chat import told
from gateway.api.completions_rendering import CompletionsRendering
from gateway.api.dialect import Dialect
from gateway.api.loose import Loose, beside
from gateway.api.members import Members, member, object_of
from gateway.api.opaque import is_opaque
from gateway.api.prompts import prompts_of, room
from gateway.api.wire import metadata_of, model_of
from gateway.types import Api, Caller, ChatRequest, Message, Sent

_READ: Final = frozenset({"model", "prompt"})
_OWN: Final = frozenset({"prompt", "suffix", "echo", "best_of", "logprobs"})  # of no other API
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_json = msgspec.json.Encoder()


def parse(body: bytes, caller: Caller) -> ChatRequest:
    """The request in `body`: each prompt is a message of the user's.

    Raises:
        InvalidRequest: it is no JSON object of bounded size, or a member is missing or wrong.
    """
    space = room()
    value = object_of(body, space)
    model = model_of(value)
    prompts = prompts_of(value, "prompt")
    messages = tuple(map(_message, prompts))
    loose = Loose(space)
    beside(value, _READ, loose)
    response_format = member(value, "response_format", dict) or {}
    options = member(value, "stream_options", dict) or {}
    fields = _fields(value, body)
    return ChatRequest(
        model=model,
        messages=messages,
        fields=fields,
        stream=bool(member(value, "stream", bool)),
        include_usage=bool(member(options, "include_usage", bool, "stream_options.")),
        max_tokens=member(value, "max_tokens", int),
        wants_json=str(response_format.get("type", "")).startswith("json"),
        metadata=metadata_of(value),
        other_text="\n".join(loose.texts),
        sealed=tuple(loose.sealed),
        unreadable=loose.unreadable,
        sent=Sent(Api.COMPLETIONS, body, messages, fields),
        only=_unsaid(value, prompts),
    )


def _message(prompt: str | None) -> Message:
    text = prompt or ""
    raw = _json.encode({"role": "user", "content": text})
    return Message("user", text, raw, unreadable=prompt is None or is_opaque(text))


def _fields(value: Members, body: bytes) -> Mapping[str, bytes]:
    """The members that mean the same in chat completions, and those that nobody here knows."""
    fields = {name: bytes(raw) for name, raw in _members.decode(body).items() if name not in _OWN}
    if member(value, "logprobs", int) is not None:
        fields["logprobs"] = b"true"
    return fields


def _unsaid(value: Members, prompts: tuple[str | None, ...]) -> str:
    """What chat completions have no words for; empty where they have."""
    lacking = {
        "a list of prompts": len(prompts) > 1,
        "a prompt of tokens": None in prompts,
        "'suffix'": bool(member(value, "suffix", str)),
        "'echo'": bool(member(value, "echo", bool)),
        "'best_of'": member(value, "best_of", int) not in (None, 1, member(value, "n", int)),
        "'logprobs' as a number": member(value, "logprobs", int) is not None,
    }
    found = next((what for what, holds in lacking.items() if holds), "")
    return found and f"{found} exists only in the Completions API"


COMPLETIONS = Dialect(Api.COMPLETIONS, parse, CompletionsRendering, told)
