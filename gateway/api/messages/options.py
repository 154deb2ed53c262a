"""The members of a Messages body beside its messages, as those of chat completions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from gateway.api.members import Members, member, required
from gateway.api.options import Options
from gateway.api.sketch import Sketch
from gateway.errors import InvalidRequest
from gateway.types import Api

_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
# What is said elsewhere, and hints on how to serve it, which change nothing that an answer may say. Thinking
# is one: models of chat completions that reason do so unasked, and the others refuse to be asked.
_LEFT_OUT: Final = frozenset(
    (
        *("messages", "system", "stream", "tools", "thinking", "cache_control", "context_management"),
        *("diagnostics", "service_tier", "speed", "user_profile_id", "workspace_id", "betas"),
    )
)
_BEYOND: Final = frozenset({"container", "mcp_servers", "inference_geo"})
_EFFORTS: Final = {"xhigh": "high", "max": "high"}  # to the highest that every server knows
_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}


def options_of(value: Members, body: Sketch) -> Options:
    """What `value`, which `body` says, asks for; members that neither API names keep their names.

    Raises:
        InvalidRequest: a member has a wrong type.
    """
    options = Options(Api.MESSAGES)
    for name, raw in _raw_members.decode(body.text).items():
        given = value[name]
        if given is None or name in _LEFT_OUT:
            continue
        if name in _BEYOND:
            if given:
                options.lacks("the member", name)
        elif name not in _WRITERS:
            options.fields[name] = body.whole(bytes(raw))
    for name, write in _WRITERS.items():
        if value.get(name) is not None:
            write(value, options)
    options.offer(value, (None, "custom"), "input_schema")
    return options


def _stop(value: Members, options: Options) -> None:
    sequences = member(value, "stop_sequences", list)
    if not all(isinstance(sequence, str) for sequence in sequences):
        raise InvalidRequest("'stop_sequences' must be a list of strings.", param="stop_sequences")
    if sequences:
        options.put("stop", sequences)


def _metadata(value: Members, options: Options) -> None:
    rest = dict(member(value, "metadata", dict))
    user = member(rest, "user_id", str, "metadata.")
    rest.pop("user_id", None)
    if user:
        options.put("user", user)
    if rest:
        options.put("metadata", rest)


def _tool_choice(value: Members, options: Options) -> None:
    choice = member(value, "tool_choice", dict)
    kind = required(choice, "type", str, "tool_choice.")
    if kind == "tool":
        name = required(choice, "name", str, "tool_choice.")
        options.put("tool_choice", {"type": "function", "function": {"name": name}})
    elif kind in _CHOICES:
        options.put("tool_choice", _CHOICES[kind])
    else:
        options.lacks("the choice of tools", kind)
    if member(choice, "disable_parallel_tool_use", bool, "tool_choice."):
        options.put("parallel_tool_calls", False)


def _output_config(value: Members, options: Options) -> None:
    config = member(value, "output_config", dict)
    _format(config, "format", "output_config.", options)
    effort = member(config, "effort", str, "output_config.")
    if effort:
        options.put("reasoning_effort", _EFFORTS.get(effort, effort))


def _output_format(value: Members, options: Options) -> None:
    _format(value, "output_format", "", options)


def _format(holder: Members, name: str, where: str, options: Options) -> None:
    given = member(holder, name, dict, where)
    if given is None:
        return
    kind = required(given, "type", str, f"{where}{name}.")
    options.wants_json = True
    if kind == "json_schema":
        schema = required(given, "schema", dict, f"{where}{name}.")
        named = {"name": "answer", "schema": schema, "strict": True}
        options.put("response_format", {"type": "json_schema", "json_schema": named})
    else:
        options.lacks("the output format", kind)


_WRITERS: Final[Mapping[str, Callable[[Members, Options], None]]] = {
    "stop_sequences": _stop,
    "metadata": _metadata,
    "tool_choice": _tool_choice,
    "output_config": _output_config,
    "output_format": _output_format,
}
