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

MOST_SCHEMAS = 2_000
"""That one may hold, itself included, once its alternatives are written out."""


def constrained(schema: Any, param: str) -> dict[str, Any]:
    """The schema in the words that constrain an answer there; the others are told in its description.

    See https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON schema limitations".

    Raises:
        Unsaid: an object may have any members; only named ones can be said. Or it becomes too large, since
            alternatives repeat what is in them. `param` is where it stands.
    """
    return _Walk(param).constrained(schema)


class _Walk:
    """One schema, whose parts are gone through one by one."""

    def __init__(self, param: str) -> None:
        self._param, self._left = param, MOST_SCHEMAS

    def constrained(self, schema: Any) -> dict[str, Any]:
        self._left -= 1
        if self._left < 0:
            raise Unsaid(self._param, f"'{self._param}' becomes more than {MOST_SCHEMAS:,} schemas there")
        if not isinstance(schema, dict):
            raise Unsaid(self._param, f"'{self._param}' must be an object")
        if isinstance(schema.get("type"), list):
            return self._one_of_types(schema)
        made: dict[str, Any] = {}
        beside: dict[str, Any] = {}
        for name, value in schema.items():
            if name in _KEPT:
                made[name] = value
            elif name in _LISTS and isinstance(value, list):
                made[_LISTS[name]] = [self.constrained(each) for each in value]
            elif name in _DEFINITIONS and isinstance(value, dict):
                made[name] = {key: self.constrained(each) for key, each in value.items()}
            elif not self._of_its_type(made, name, value) and name not in _SILENT:
                beside[name] = value
        if schema.get("type") == "object":
            self._close(made, schema)
        return _told(made, beside)

    def _of_its_type(self, made: dict[str, Any], name: str, value: Any) -> bool:
        """Take over what only an object, a list or a string has; whether it could be said."""
        match name:
            case "properties" if isinstance(value, dict):
                made[name] = {key: self.constrained(each) for key, each in value.items()}
            case "items" if isinstance(value, dict):
                made[name] = self.constrained(value)
            case "required" if isinstance(value, list):
                made[name] = value
            case "minItems" if value in (0, 1):
                made[name] = value
            case "format" if isinstance(value, str) and value in _FORMATS:
                made[name] = value
            case _:
                return False
        return True

    def _close(self, made: dict[str, Any], schema: _Schema) -> None:
        """An object has its named members and no others: nothing else can be said."""
        others = schema.get("additionalProperties")
        if isinstance(others, dict) or (not schema.get("properties") and others is not False):
            raise Unsaid(self._param, f"'{self._param}' has an object whose members are not named")
        made.setdefault("properties", {})
        made["additionalProperties"] = False

    def _one_of_types(self, schema: _Schema) -> dict[str, Any]:
        """`"type": ["string", "null"]`, as alternatives."""
        own = {name: schema[name] for name in ("title", "description") if name in schema}
        rest = {name: value for name, value in schema.items() if name not in ("type", *own)}
        kinds = ({"type": kind} if kind == "null" else {**rest, "type": kind} for kind in schema["type"])
        return {**own, "anyOf": [self.constrained(kind) for kind in kinds]}


def _told(made: dict[str, Any], beside: _Schema) -> dict[str, Any]:
    if not beside:
        return made
    bounds = ", ".join(f"{name}: {value}" for name, value in beside.items())
    said = made.get("description")
    return {**made, "description": f"{said}\n\n({bounds})" if said else f"({bounds})"}
