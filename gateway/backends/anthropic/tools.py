"""Tools of chat completions, and the choice among them, as Anthropic's Messages API has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.backends.anthropic.schema import constrained
from gateway.backends.anthropic.unsaid import Unsaid
from gateway.types import ChatRequest, ToolSpec

_ANYTHING: Mapping[str, Any] = {"type": "object", "properties": {}}
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def tool_of(given: Any, where: str) -> dict[str, Any]:
    """One of a caller's `tools`.

    Raises:
        Unsaid: it is no function, or its strict schema cannot be said.
    """
    function = given.get("function") if isinstance(given, dict) else None
    if not isinstance(function, dict):
        raise Unsaid(where, f"'{where}' is no function")
    schema = function.get("parameters")
    made: dict[str, Any] = {"name": str(function.get("name") or "")}
    if isinstance(function.get("description"), str):
        made["description"] = function["description"]
    if function.get("strict") is True and isinstance(schema, dict):
        made["input_schema"] = constrained(schema, f"{where}.function.parameters")
        made["strict"] = True
    else:
        made["input_schema"] = _input_schema(schema)
    if isinstance(given.get("cache_control"), dict):
        made["cache_control"] = given["cache_control"]
    return made


def offered_tools(request: ChatRequest) -> list[dict[str, Any]]:
    """The gateway's tools; of two of one name the caller's stays."""
    taken = {spec.name for spec in request.tools}
    return [_offered(spec) for spec in request.offered if spec.name not in taken]


def _offered(spec: ToolSpec) -> dict[str, Any]:
    schema = _input_schema(spec.parameters)
    return {"name": spec.name, "description": spec.description, "input_schema": schema}


def _input_schema(schema: Any) -> dict[str, Any]:
    return {**_ANYTHING, **schema} if isinstance(schema, Mapping) else dict(_ANYTHING)


def stubs(names: Iterable[str]) -> list[dict[str, Any]]:
    """Tools of which no more is known than that they were called: whoever called needs to have had some."""
    return [{"name": name, "input_schema": dict(_ANYTHING)} for name in names]


def choice_of(given: Any) -> dict[str, Any]:
    """The caller's `tool_choice`. Raises Unsaid."""
    if isinstance(given, str) and given in _CHOICES:
        return {"type": _CHOICES[given]}
    function = given.get("function") if isinstance(given, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return {"type": "tool", "name": function["name"]}
    raise Unsaid("tool_choice", "'tool_choice' is none that this API has")
