"""The language of `replies:` in tool sources: a template that says a tool's result in a sentence.

`{field}` stands for a field of the result; `{list: …}` for each record of a list, its own fields inside;
`[…]` is left out when a field inside it is absent, null or empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BETWEEN = "; "
_DEEPEST = 4


class BadTemplate(ValueError):
    """The template does not parse; the message says why."""


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field's value, or with `each` its records, one after another."""

    name: str
    each: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Optional:
    parts: tuple[Part, ...]


Part = Words | Field | Optional


class _Absent(Exception):
    """A field has nothing to say."""


def parse(template: str) -> tuple[Part, ...]:
    """
    Raises:
        BadTemplate: a bracket or brace is open, or a field has no name.
    """
    parts, rest = _parts(template, 0, "", 0)
    if rest != len(template):
        raise BadTemplate(f"{template[rest]!r} closes nothing")
    return parts


def fill(template: str, result: Mapping[str, Any]) -> str | None:
    """The sentence, or None where a field outside brackets is missing.

    Raises:
        BadTemplate: the template does not parse.
    """
    try:
        return _said(parse(template), result)
    except _Absent:
        return None


def _parts(text: str, at: int, end: str, depth: int) -> tuple[tuple[Part, ...], int]:
    """The parts from `at` up to the closing character `end`, and the place of that character."""
    if depth > _DEEPEST:
        raise BadTemplate("too deep")
    parts: list[Part] = []
    start = at
    while at < len(text) and text[at] not in ("]", "}"):
        if text[at] not in ("[", "{"):
            at += 1
            continue
        parts.append(Words(text[start:at]))
        part, at = _optional(text, at, depth) if text[at] == "[" else _field(text, at, depth)
        parts.append(part)
        start = at
    if end and (at >= len(text) or text[at] != end):
        raise BadTemplate(f"{end!r} is missing")
    parts.append(Words(text[start:at]))
    return tuple(part for part in parts if part != Words("")), at


def _optional(text: str, at: int, depth: int) -> tuple[Part, int]:
    parts, end = _parts(text, at + 1, "]", depth + 1)
    return Optional(parts), end + 1


def _field(text: str, at: int, depth: int) -> tuple[Part, int]:
    stop = min((i for i in (text.find(c, at) for c in ":}") if i >= 0), default=-1)
    name = text[at + 1 : stop].strip()
    if stop < 0 or not name.isidentifier():
        raise BadTemplate("a field is written {name}")
    if text[stop] == "}":
        return Field(name), stop + 1
    each, end = _parts(text, stop + 1, "}", depth + 1)
    return Field(name, each), end + 1


def _said(parts: Sequence[Part], result: Mapping[str, Any]) -> str:
    return "".join(_one(part, result) for part in parts)


def _one(part: Part, result: Mapping[str, Any]) -> str:
    match part:
        case Words(text):
            return text
        case Optional(parts):
            try:
                return _said(parts, result)
            except _Absent:
                return ""
        case Field(name, each):
            value = result.get(name)
            if value is None or value in ("", [], {}):
                raise _Absent
            return _listed(value, each) if each else _spoken(value)


def _listed(value: object, each: tuple[Part, ...]) -> str:
    records = [record for record in value if isinstance(record, Mapping)] if isinstance(value, list) else []
    if not records:
        raise _Absent
    return BETWEEN.join(_said(each, record).strip() for record in records)


def _spoken(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_spoken, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_spoken(inner)}" for key, inner in value.items())
    return str(value)
