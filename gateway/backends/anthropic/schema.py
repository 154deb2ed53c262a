"""A JSON schema as Anthropic's structured outputs take it: what they refuse becomes a description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.backends.anthropic.unsaid import Unsaid

_KEPT = frozenset({"$ref", "const", "description", "enum", "title", "type"})
_LISTS = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_DEFINITIONS = ("$defs", "definitions")
_SILENT = frozenset({"$schema", "$id", "default", "additionalProperties", "strict"})
_FORMATS = frozenset(
    {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"}
)
_Schema = Mapping[str, Any]


def constrained(schema: Any, param: str) -> dict[str, Any]:
    """The schema in the words that constrain an answer there; the others are told in its description.

    See https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON schema limitations".

    Raises:
        Unsaid: an object may have any members; only named ones can be said. `param` is where it stands.
    """
    if not isinstance(schema, dict):
        raise Unsaid(param, f"'{param}' must be an object")
    if isinstance(schema.get("type"), list):
        return _one_of_types(schema, param)
    made: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _KEPT:
            made[name] = value
        elif name in _LISTS and isinstance(value, list):
            made[_LISTS[name]] = [constrained(each, param) for each in value]
        elif name in _DEFINITIONS and isinstance(value, dict):
            made[name] = {key: constrained(each, param) for key, each in value.items()}
        elif not _of_its_type(made, name, value, param) and name not in _SILENT:
            beside[name] = value
    if schema.get("type") == "object":
        _close(made, schema, param)
    return _told(made, beside)


def _of_its_type(made: dict[str, Any], name: str, value: Any, param: str) -> bool:
    """Take over what only an object, a list or a string has; whether it could be said."""
    match name:
        case "properties" if isinstance(value, dict):
            made[name] = {key: constrained(each, param) for key, each in value.items()}
        case "items" if isinstance(value, dict):
            made[name] = constrained(value, param)
        case "required" if isinstance(value, list):
            made[name] = value
        case "minItems" if value in (0, 1):
            made[name] = value
        case "format" if value in _FORMATS:
            made[name] = value
        case _:
            return False
    return True


def _close(made: dict[str, Any], schema: _Schema, param: str) -> None:
    """An object has its named members and no others: nothing else can be said."""
    others = schema.get("additionalProperties")
    if isinstance(others, dict) or (not schema.get("properties") and others is not False):
        raise Unsaid(param, f"'{param}' has an object whose members are not named")
    made.setdefault("properties", {})
    made["additionalProperties"] = False


def _one_of_types(schema: _Schema, param: str) -> dict[str, Any]:
    """`"type": ["string", "null"]`, as alternatives."""
    rest = {name: value for name, value in schema.items() if name not in ("type", "description", "title")}
    own = {name: schema[name] for name in ("title", "description") if name in schema}
    types = schema["type"]
    return {
        **own,
        "anyOf": [
            constrained({"type": kind} if kind == "null" else {**rest, "type": kind}, param) for kind in types
        ],
    }


def _told(made: dict[str, Any], beside: _Schema) -> dict[str, Any]:
    if not beside:
        return made
    bounds = ", ".join(f"{name}: {value}" for name, value in beside.items())
    said = made.get("description")
    return {**made, "description": f"{said}\n\n({bounds})" if said else f"({bounds})"}
