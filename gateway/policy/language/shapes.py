"""The shapes that keys share: names, labels, durations, lists, references, each with its JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from gateway.policy.language import values
from gateway.policy.language.definitions import Schema, Shape, plain
from gateway.policy.language.document import Reading, Value, Wrong
from gateway.types import Label

T = TypeVar("T")

LABELS = [label.word for label in Label]
_MEANING = {
    Label.PUBLIC: "Anyone may see it.",
    Label.INTERNAL: "For the company's own people.",
    Label.CONFIDENTIAL: "For those who need it: personal data, contracts, figures.",
    Label.RESTRICTED: "Stays in the house: credentials, health, what harms when it leaks.",
}


def _duration_written(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds * 1000)}ms"


TEXT = plain(values.text, {"type": "string"})
SAID = plain(values.said, {"type": "string", "pattern": r"\S"})
NAME = plain(values.name, {"type": "string", "pattern": values.NAME})
FLAG = plain(values.flag, {"type": "boolean"})
NUMBER = plain(values.number, {"type": "number", "minimum": 0})
SHARE = plain(values.share, {"type": "number", "minimum": 0, "maximum": 1})
WHOLE = plain(values.whole, {"type": "integer", "minimum": 0})
POSITIVE = plain(values.positive, {"type": "integer", "minimum": 1})
DURATION = plain(
    values.duration,
    {
        "type": "string",
        "pattern": r"^[0-9]{1,15}(\.[0-9]{1,15})? *(ms|s|m|h|d)$",
        "examples": ["500ms", "2s", "5m", "1h", "30d"],
    },
    _duration_written,
)
RATE = plain(
    values.rate,
    {
        "type": "string",
        "pattern": r"^[0-9]{1,15}(\.[0-9]{1,15})? *[kmM]?/(s|min|h|d)$",
        "examples": ["10/s", "600/min", "200k/h", "1M/d"],
    },
)
LABEL = plain(
    values.label,
    {"type": "string", "enum": LABELS, "enumDescriptions": [_MEANING[label] for label in Label]},
    lambda label: label.word,
)
DAY = plain(values.day, {"type": "string", "pattern": values.DAY, "examples": ["2025-06-30"]}, str)
DIGEST = Shape(
    lambda value, _: values.digest(value), {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}, secret=True
)
URL = plain(
    values.url,
    {
        "type": "string",
        "pattern": r"^[hH][tT][tT][pP][sS]?://[!-~]+$",
        "examples": ["http://127.0.0.1:8000/v1"],
    },
)
GLOB = plain(
    values.glob, {"type": "string", "pattern": r"^\s*[^/~\s][^\\]*$", "examples": ["handbook/**/*.md"]}
)
HEADER = plain(
    values.forwarded_header,
    {
        "type": "string",
        "pattern": f"^(?!({'|'.join(values.KEPT_HEADERS)})$)(?!content-|proxy-){values.HEADER}$",
        "examples": ["x-tenant"],
    },
)
ANY = plain(lambda value: value.plain, {})
"""Whatever YAML can say, as Python's own values."""


def one_of(*choices: str) -> Shape[str]:
    """One of a few words."""
    return plain(values.one_of(*choices), {"type": "string", "enum": list(choices)})


def as_it_stands(schema: Schema) -> Shape[Value]:
    """The value itself, for a reader that needs more than the value; secrets may stand in it."""
    return Shape(lambda value, _: value, schema, secret=True)


SECRET = as_it_stands(
    {"type": ["string", "integer"], "examples": ["${OPENAI_API_KEY}", "file:/run/secrets/NAME"]}
)


def reference(kind: str) -> Shape[str]:
    """The name of something that the policy defines: chat (a model that answers), knowledge, tool …"""

    def read(value: Value, found: Reading) -> str:
        name = values.said(value)
        found.refer(kind, [(name, value)])
        return name

    return Shape(read, named(kind))


def named(kind: str) -> Schema:
    """A name of that kind; the schema's definitions say which there are."""
    return {"$ref": f"#/definitions/{kind}"}


def list_of(shape: Shape[T], *, least: int = 0) -> Shape[tuple[T, ...]]:
    """A list; a member that is wrong is recorded and left out."""

    def read(value: Value, found: Reading) -> tuple[T, ...]:
        return _members(value.items(), shape, found, least)

    return Shape(read, _array(shape, least), list)


def one_or_more(shape: Shape[T], *, least: int = 1) -> Shape[tuple[T, ...]]:
    """A list, or one scalar that stands for a list of one."""

    def read(value: Value, found: Reading) -> tuple[T, ...]:
        return _members(values.several(value), shape, found, least)

    return Shape(read, {"anyOf": [shape.schema, _array(shape, least)]}, list)


def _array(shape: Shape[Any], least: int) -> Schema:
    return {"type": "array", "items": shape.schema, **({"minItems": least} if least else {})}


def _members(given: list[Value], shape: Shape[T], found: Reading, least: int) -> tuple[T, ...]:
    if len(given) < least:
        raise Wrong("the list is empty", "name at least one")
    return tuple(read_all(given, shape, found))


def read_all(given: Iterable[Value], shape: Shape[T], found: Reading) -> Iterator[T]:
    """What is made of each value; one that is wrong is recorded and left out."""
    for one in given:
        yield from found.attempt(one, lambda value: (shape.read(value, found),), ())


def by_name(shape: Shape[T], keys: Callable[[Value], str] = values.said) -> Shape[dict[str, T]]:
    """A mapping of any keys, all of one shape; a key given twice is a mistake."""

    def read(value: Value, found: Reading) -> dict[str, T]:
        return dict(pairs_read(value, found, shape, keys))

    return Shape(read, {"type": "object", "additionalProperties": shape.schema}, dict)


def pairs_read(
    value: Value, found: Reading, shape: Shape[T], keys: Callable[[Value], str] = values.said
) -> Iterator[tuple[str, T]]:
    """The right ones of a mapping's keys, each with its value; what is wrong or twice is recorded."""
    seen: set[str] = set()
    for key, given in value.pairs():
        name = found.attempt(key, keys, "")
        if name in seen:
            found.wrong(key, f"{key.shown} is given twice", "keep one of them")
        elif name:
            seen.add(name)
            yield from ((name, one) for one in read_all([given], shape, found))
