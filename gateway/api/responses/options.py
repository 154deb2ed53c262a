"""The members of a Responses body beside its input, as those of chat completions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from gateway.api.members import Members, member, required
from gateway.api.options import Options
from gateway.types import Api

_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
# What is said elsewhere, what the gateway does itself, and what concerns tools that the provider runs.
_LEFT_OUT: Final = frozenset(
    (
        *("input", "instructions", "stream", "stream_options", "store", "previous_response_id"),
        *("background", "conversation", "prompt", "truncation", "max_tool_calls", "tools"),
    )
)
_RENAMED: Final = {"max_output_tokens": "max_completion_tokens"}
_BEYOND: Final = frozenset({"context_management", "moderation"})
_ENCRYPTED: Final = "reasoning.encrypted_content"  # which only who encrypts it can give, and only it can use
_MODES: Final = frozenset({"auto", "none", "required"})


def options_of(value: Members, body: bytes) -> Options:
    """What `value`, which `body` says, asks for; members that neither API names keep their names.

    Raises:
        InvalidRequest: a member has a wrong type.
    """
    options = Options(Api.RESPONSES)
    for name, raw in _raw_members.decode(body).items():
        given = value[name]
        if given is None or name in _LEFT_OUT or name in _WRITERS:
            continue
        if name in _BEYOND:
            options.lacks("the member", name)
        else:
            options.fields[_RENAMED.get(name, name)] = bytes(raw)
    options.offer(value, ("function",), "parameters", _allowed(value))
    for name, write in _WRITERS.items():
        if value.get(name) is not None:
            write(value, options)
    return options


def _text(value: Members, options: Options) -> None:
    text = member(value, "text", dict)
    verbosity = member(text, "verbosity", str, "text.")
    if verbosity:
        options.put("verbosity", verbosity)
    shape = member(text, "format", dict, "text.")
    kind = required(shape, "type", str, "text.format.") if shape else "text"
    if shape and kind == "json_schema":
        options.wants_json = True
        required(shape, "schema", dict, "text.format.")
        named = {name: given for name, given in shape.items() if name != "type" and given is not None}
        options.put("response_format", {"type": kind, "json_schema": named})
    elif kind == "json_object":
        options.wants_json = True
        options.put("response_format", {"type": kind})
    elif kind != "text":
        options.lacks("the text format", kind)


def _reasoning(value: Members, options: Options) -> None:
    """How a summary of it is to be is no question of chat completions: what reasoning comes, comes whole."""
    effort = member(member(value, "reasoning", dict), "effort", str, "reasoning.")
    if effort:
        options.put("reasoning_effort", effort)


def _include(value: Members, options: Options) -> None:
    for name in member(value, "include", list):
        if name != _ENCRYPTED:
            options.lacks("the asking for", name)


def _top_logprobs(value: Members, options: Options) -> None:
    if member(value, "top_logprobs", int):
        options.lacks("this way to ask for", "top_logprobs")


def _tool_choice(value: Members, options: Options) -> None:
    choice = value["tool_choice"]
    if isinstance(choice, str):
        options.put("tool_choice", choice)
        return
    choice = member(value, "tool_choice", dict)
    kind = required(choice, "type", str, "tool_choice.")
    if kind == "function":
        name = required(choice, "name", str, "tool_choice.")
        options.put("tool_choice", {"type": "function", "function": {"name": name}})
    elif kind == "allowed_tools" and _allowed(value) is not None and _mode(choice) in _MODES:
        if options.tools:  # a choice between none is refused
            options.put("tool_choice", _mode(choice))
    else:
        options.lacks("the choice of tools", kind)


def _mode(choice: Members) -> str:
    return member(choice, "mode", str, "tool_choice.") or "auto"


def _allowed(value: Members) -> frozenset[str] | None:
    """The names of the tools that may be called, and are all that is shown: few servers know another way.

    None: they all may be, or some are none of chat completions.
    """
    choice = value.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return None
    listed = member(choice, "tools", list, "tool_choice.") or []
    if not all(isinstance(tool, dict) and tool.get("type") == "function" for tool in listed):
        return None
    return frozenset(tool["name"] for tool in listed if isinstance(tool.get("name"), str))


_WRITERS: Final[Mapping[str, Callable[[Members, Options], None]]] = {
    "text": _text,
    "reasoning": _reasoning,
    "include": _include,
    "top_logprobs": _top_logprobs,
    "tool_choice": _tool_choice,
}
