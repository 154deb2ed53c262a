"""The parameters of a tool, read from its JSON schema: what kind of value each one wants. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.backends.local.words import FUNCTION, name_words, stem, words

MAX_PARAMETERS = 32
_GENERIC = frozenset({"id", "number", "no", "nr", "name", "code", "key", "value", "param", "iso", "str"})
_PEOPLE = frozenset(
    {
        "customer",
        "person",
        "user",
        "contact",
        "attendee",
        "recipient",
        "author",
        "owner",
        "assignee",
        "employee",
    }
    | {"client", "guest", "member", "patient", "student", "player", "artist"}
)
_QUERIES = frozenset(
    {"query", "q", "question", "search", "keyword", "keywords", "topic", "expression", "prompt"}
)
_MESSAGES = frozenset(
    {"message", "body", "text", "content", "note", "notes", "comment", "description", "reason", "details"}
)
_TITLES = frozenset({"title", "subject", "summary", "headline", "event"})
_PREPOSITIONS = {
    "from": {"from", "source", "origin", "base", "start", "departure", "begin", "old"},
    "to": {"to", "target", "destination", "quote", "end", "arrival", "recipient", "into", "new"},
    "in": {"city", "location", "place", "country", "region", "where", "town", "venue", "room", "area"},
    "with": {"with", "attendee", "attendees", "guest", "guests", "participants"},
    "by": {"by", "author", "due", "deadline", "artist"},
}
_LIKE = {"to": {"to", "into", "until", "till"}, "in": {"in", "at", "near", "for"}, "from": {"from", "since"}}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `kind` says how its value is read."""

    name: str
    kind: str
    required: bool = False
    about: frozenset[str] = frozenset()  # stems of its description
    choices: tuple[Any, ...] = ()
    item: Parameter | None = None  # of a list
    limits: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The words of its name that say what it is."""
        own = [w for w in name_words(self.name) if w not in _GENERIC and w not in FUNCTION]
        return frozenset(own)

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(stem(w) for w in self.names)

    @property
    def is_id(self) -> bool:
        last = (name_words(self.name) or [""])[-1]
        return last in {"id", "number", "no", "nr", "code", "key"} and "of" not in name_words(self.name)

    @property
    def prepositions(self) -> frozenset[str]:
        """The prepositions that lead to its value in a sentence."""
        own = set(name_words(self.name))
        for word, names in _PREPOSITIONS.items():
            if own & names:
                return frozenset(_LIKE.get(word, {word}))
        return frozenset()

    @property
    def human(self) -> str:
        return " ".join(name_words(self.name))

    def admits(self, value: Any) -> bool:
        """Whether a value is within the schema's limits."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            length = len(value) if isinstance(value, (str, list)) else 0
            shortest, longest = self.limits.get("minLength", 0), self.limits.get("maxLength", length)
            return bool(shortest <= length <= longest)
        low, high = self.limits.get("minimum", value), self.limits.get("maximum", value)
        above, below = self.limits.get("exclusiveMinimum"), self.limits.get("exclusiveMaximum")
        return bool(
            low <= value <= high and (above is None or value > above) and (below is None or value < below)
        )


def parameters(schema: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The parameters of an object schema, in its order."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return ()
    required = schema.get("required")
    required = required if isinstance(required, list | tuple) else ()
    names = list(properties)[:MAX_PARAMETERS]
    return tuple(_parameter(name, properties[name], name in required, schema) for name in names)


def _parameter(name: str, given: Any, required: bool, root: Mapping[str, Any]) -> Parameter:
    schema = _resolved(given, root)
    described = str(schema.get("description") or "")
    choices = schema.get("enum")
    item = None
    if _type(schema) == "array":
        item = _parameter(name, schema.get("items") or {}, True, {**root, "items": None})
    return Parameter(
        name=name,
        kind=_kind(name, schema, described, item),
        required=required and "default" not in schema,
        about=frozenset(
            stem(w.replace("-", "")) for w in words(described.replace("-", "")) if w not in FUNCTION
        ),
        choices=tuple(choices) if isinstance(choices, list) else (),
        item=item,
        limits={k: v for k, v in schema.items() if k.lower().endswith(("imum", "length")) and _is_number(v)},
        description=described,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _resolved(given: Any, root: Mapping[str, Any], depth: int = 0) -> Mapping[str, Any]:
    """A schema with its reference followed and `null` taken out of its alternatives."""
    if not isinstance(given, Mapping) or depth > 8:
        return {}
    reference = given.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target: Any = root
        for part in reference[2:].split("/"):
            target = target.get(part) if isinstance(target, Mapping) else None
        return {**_resolved(target, root, depth + 1), **{k: v for k, v in given.items() if k != "$ref"}}
    for key in ("anyOf", "oneOf", "allOf"):
        alternatives = given.get(key)
        for one in alternatives if isinstance(alternatives, list | tuple) else ():
            alternative = _resolved(one, root, depth + 1)
            if alternative.get("type") != "null":
                return {**alternative, **{k: v for k, v in given.items() if k != key}}
    return given


def _type(schema: Mapping[str, Any]) -> str:
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((t for t in declared if t != "null"), None)
    return str(declared or "string")


def _kind(name: str, schema: Mapping[str, Any], described: str, item: Parameter | None) -> str:
    declared = _type(schema)
    if isinstance(schema.get("enum"), list):
        return "enum"
    if declared == "array":
        return "list" if item is not None else "phrase"
    if declared in {"integer", "number", "boolean"}:
        return declared
    return _string_kind(set(name_words(name)), str(schema.get("format") or ""), described.lower())


def _string_kind(own: set[str], form: str, described: str) -> str:
    """What a string holds: by its format, its name, then its description."""
    forms = {"email": "email", "idn-email": "email", "date": "date", "time": "time", "date-time": "datetime"}
    forms |= {"uri": "url", "url": "url"}
    if form in forms:
        return forms[form]
    if own & {"email", "mail"}:
        return "email"
    if own & {"url", "uri", "link", "website"}:
        return "url"
    if own & {"timezone", "tz"} or own >= {"time", "zone"} or "iana" in described:
        return "timezone"
    if own & {"currency", "currencies"} or "iso 4217" in described or "currency code" in described:
        return "currency"
    if own & {"datetime", "timestamp"} or "date and time" in described or "iso 8601" in described:
        return "datetime"
    if own & {"date", "day", "deadline"} or "yyyy-mm-dd" in described:
        return "date"
    if own & {"time"} or "hh:mm" in described:
        return "time"
    if own & {"id", "number", "tracking", "reference", "sku"}:
        return "code"
    for kind, names in (("title", _TITLES), ("query", _QUERIES), ("message", _MESSAGES), ("name", _PEOPLE)):
        if own & names:
            return kind
    return "phrase"
