"""Reads off a request which labels its sender expects, and in which form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

_LIST: Final = re.compile(
    r"(?is)\b(?:one of|either|labels?|categor(?:y|ies)|class(?:es)?|tags?|options?|choices|choose from)\b"
    r"[^:\n.?!]{0,60}:\s*([^\n.?!]{3,300})"
)
_WORD: Final = r"[\w\"'`-]+"
_INTO: Final = re.compile(
    rf"(?i)\b(?:as|into|between)\s+({_WORD}(?:\s*,\s*{_WORD})*\s*,?\s+(?:or|and)\s+{_WORD})"
)
_BULLETS: Final = re.compile(r"(?m)^\s*(?:[-*•]|\d+[.)])\s+([\w\"'`/ -]{2,40}?)\s*(?:[:–—(].*)?$")
_ABOUT_LABELS: Final = re.compile(r"(?i)\b(?:labels?|categor(?:y|ies)|class(?:es)?|tags?|intents?)\b")
_BETWEEN: Final = re.compile(r"\s*(?:,|;|\||/|\bor\b|\band\b)\s*", re.IGNORECASE)
_PROBABILITIES: Final = frozenset({"confidence", "probability", "score"})
_MOST: Final = 4000  # characters of an instruction that are read


@dataclass(frozen=True, slots=True)
class Form:
    """How the label is to be said. `key` None: as plain text; `allowed` None: any label will do."""

    key: str | None = None
    confidence_key: str | None = None
    allowed: tuple[str, ...] | None = None

    def spelling(self, label: str) -> str | None:
        """The label as the sender spells it; None where it is not among those that it allows."""
        if self.allowed is None:
            return label
        return next((word for word in self.allowed if plain(word) == plain(label)), None)


class Unfillable(ValueError):
    """The form asks for more than a label."""


def plain(label: str) -> str:
    """A label without what spellings differ in: case, blanks, hyphens."""
    return re.sub(r"[\s_-]+", "_", label.strip().casefold())


def form_of(response_format: bytes | None) -> Form:
    """The form that a chat request's `response_format` asks for.

    Raises:
        Unfillable: its schema needs something that is neither a label nor a confidence.
    """
    wanted = _decoded(response_format)
    if wanted.get("type") == "json_object":
        return Form(key="label", confidence_key="confidence")
    if wanted.get("type") != "json_schema":
        return Form()
    named = wanted.get("json_schema")
    schema = named.get("schema") if isinstance(named, Mapping) else None
    if not isinstance(schema, Mapping):
        return Form(key="label", confidence_key="confidence")
    return _form_of_schema(schema)


def _form_of_schema(schema: Mapping[str, Any]) -> Form:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return Form(key="label", confidence_key="confidence")
    words = {name: p for name, p in properties.items() if isinstance(p, Mapping) and _is_word(p)}
    numbers = [n for n, p in properties.items() if isinstance(p, Mapping) and p.get("type") == "number"]
    confidence = next((n for n in numbers if n.lower() in _PROBABILITIES), None)
    if len(words) != 1:
        raise Unfillable("the schema has to have exactly one text to put the label in")
    key, spec = next(iter(words.items()))
    required = schema.get("required")
    needed = {str(name) for name in (required if required and isinstance(required, list) else properties)}
    if needed - {key, confidence}:
        raise Unfillable("the schema requires more than a label and its confidence")
    return Form(key, confidence, _enumerated(spec))


def _is_word(spec: Mapping[str, Any]) -> bool:
    return spec.get("type") == "string" or ("type" not in spec and _enumerated(spec) is not None)


def _enumerated(spec: Mapping[str, Any]) -> tuple[str, ...] | None:
    values = [spec["const"]] if "const" in spec else spec.get("enum")
    if not isinstance(values, list):
        return None
    return tuple(value for value in values if isinstance(value, str))


def listed(instruction: str) -> tuple[str, ...]:
    """The labels that an instruction lists (`one of: a, b, c`, bullets, `into a, b or c`); none if none."""
    text = instruction[:_MOST]
    for found in (*_LIST.finditer(text), *_INTO.finditer(text)):
        words = _words(_BETWEEN.split(found.group(1)))
        if len(words) > 1:
            return words
    words = _words(_BULLETS.findall(text))
    return words if len(words) > 1 and _ABOUT_LABELS.search(text) else ()


def _words(pieces: Iterable[str]) -> tuple[str, ...]:
    """The pieces that can be labels: a few words at most, without their quotation marks."""
    trimmed = (piece.strip(" \t\"'`.[](){}<>*") for piece in pieces)
    return tuple(word for word in trimmed if word and len(word.split()) <= 4)


def _decoded(raw: bytes | None) -> Mapping[str, Any]:
    try:
        value = msgspec.json.decode(raw) if raw else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, Mapping) else {}
