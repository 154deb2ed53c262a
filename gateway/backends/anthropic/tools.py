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


def allowed_of(given: Any) -> tuple[frozenset[str], str] | None:
    """Of a `tool_choice` among some of the tools: their names, and the choice that is left among them.

    None: it is another choice. Raises Unsaid where one of them is no function.
    """
    if not isinstance(given, dict) or given.get("type") != "allowed_tools":
        return None
    among = given.get("allowed_tools")
    listed, mode = (among.get("tools"), among.get("mode")) if isinstance(among, dict) else (None, None)
    names = [_name(each) for each in listed] if isinstance(listed, list) else [None]
    if mode not in ("auto", "required") or None in names:
        raise Unsaid("tool_choice", "'tool_choice' is none that this API has")
    return frozenset(name for name in names if name is not None), mode


def _name(tool: Any) -> str | None:
    function = tool.get("function") if isinstance(tool, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None


def own_tools(given: Any, names: frozenset[str] | None) -> list[dict[str, Any]]:
    """The caller's `tools`, of which only those with one of the `names` are shown. Raises Unsaid."""
    listed = given if isinstance(given, list) else ()
    shown = ((i, each) for i, each in enumerate(listed) if names is None or _name(each) in names)
    return [tool_of(each, f"tools[{i}]") for i, each in shown]
