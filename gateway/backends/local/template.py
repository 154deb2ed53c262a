"""The templates by which a policy says a tool's result: fields, records of a list, optional parts. Pure.

`Order {order_id} is {status}[, expected on {expected_on}].` leaves the part in brackets out where its field
is absent or null. `{orders: no. {order_id}, {status}}` says every record of a list, parted by semicolons. A
name may go down by dots, and through lists (`orders.order_id` lists every id). Only mappings and lists are
looked into.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.backends.local.words import name_words

MAX_ITEMS = 12  # of a list
MAX_DEPTH = 6
_NAME = re.compile(r"\{([A-Za-z_][\w.-]*)(\}|:\s*)")


@dataclass(frozen=True, slots=True)
class _Field:
    path: str

    def filled(self, fields: Mapping[str, Any]) -> str | None:
        value = _at(fields, self.path.split("."))
        return None if value is None else in_words(value)


@dataclass(frozen=True, slots=True)
class _Each:
    path: str
    parts: tuple[Part, ...]

    def filled(self, fields: Mapping[str, Any]) -> str | None:
        records = _at(fields, self.path.split("."))
        if not isinstance(records, list) or not all(isinstance(r, Mapping) for r in records):
            return None
        said = [_filled(self.parts, r) for r in records[:MAX_ITEMS]]
        more = f" and {len(records) - MAX_ITEMS} more" if len(records) > MAX_ITEMS else ""
        return None if None in said else "; ".join(s for s in said if s) + more or "none"


@dataclass(frozen=True, slots=True)
class _Optional:
    parts: tuple[Part, ...]

    def filled(self, fields: Mapping[str, Any]) -> str:
        return _filled(self.parts, fields) or ""


Part = str | _Field | _Each | _Optional


def filled(template: str, fields: Mapping[str, Any]) -> str | None:
    """A template with the fields' values; None: a field outside brackets is absent."""
    parts, _ = _parsed(template, 0, "", 0)
    return _filled(parts, fields)


def _filled(parts: Sequence[Part], fields: Mapping[str, Any]) -> str | None:
    said = [part if isinstance(part, str) else part.filled(fields) for part in parts]
    return None if None in said else "".join(s for s in said if s is not None)


def _parsed(text: str, i: int, until: str, depth: int) -> tuple[tuple[Part, ...], int]:
    """The parts from `i` to the mark `until`, and where that ends; a brace that opens no field is text."""
    parts: list[Part] = []
    while i < len(text) and text[i] != until:
        name = _NAME.match(text, i)
        if name and name[2] == "}":
            parts.append(_Field(name[1]))
            i = name.end()
        elif name and depth < MAX_DEPTH:
            inner, i = _parsed(text, name.end(), "}", depth + 1)
            parts.append(_Each(name[1], inner))
        elif text[i] == "[" and depth < MAX_DEPTH:
            inner, i = _parsed(text, i + 1, "]", depth + 1)
            parts.append(
                _Optional(inner)
                if any(not isinstance(p, str) for p in inner)
                else f"[{''.join(map(str, inner))}]"
            )
        else:
            parts.append(text[i])
            i += 1
    return tuple(parts), i + len(until)


def _at(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path of keys."""
    for i, key in enumerate(path):
        if isinstance(value, list):
            return [_at(item, path[i:]) for item in value]
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def in_words(value: Any) -> str:
    """A value as one would say it: yes and no, lists with commas, fields by their names."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        told = [(k, v) for k, v in value.items() if v is not None and v not in ("", [], {})]
        return "(" + ", ".join(f"{' '.join(name_words(str(k)))}: {in_words(v)}" for k, v in told) + ")"
    if isinstance(value, list):
        more = f" and {len(value) - MAX_ITEMS} more" if len(value) > MAX_ITEMS else ""
        return ", ".join(in_words(v) for v in value[:MAX_ITEMS]) + more if value else "none"
    return str(value)
