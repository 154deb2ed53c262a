"""Writes the tables of keys in policies/README.md from the definitions: `python -m tests.policy_page`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.policy.language.cases import CaseFields
from gateway.policy.language.jsonschema import policy_schema
from gateway.policy.vocabulary import CLASSES
from gateway.types import Label

PAGE = Path(__file__).parents[1] / "policies" / "README.md"
MANY = 10  # words of a closed list that a table still names
_TABLE = re.compile(r"(<!-- keys: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_READS = re.compile(r" It may read .*\.$")  # which names there are, the page says elsewhere
_DEFAULT = re.compile(r"Default: (.*)\.$")
_REFERENCES = {
    "chat": "a model",
    "embedding": "an embedding model",
    "knowledge": "a knowledge base",
    "tool": "a tool source",
    "route": "a route",
    "guard": "a guard",
    "caller": "a caller",
    "target": "`auto`, `route/NAME` or a model",
    "usable": "a name, or a pattern with `*` at its end",
    "condition": "a [condition](#conditions)",
}
_PLAIN = {"boolean": "`true` or `false`", "integer": "a whole number", "number": "a number", "string": "text"}

_LABELS = [label.word for label in Label]

Schema = Mapping[str, Any]


def rewritten(page: str) -> str:
    """The page, each of its tables made anew."""
    return _TABLE.sub(lambda found: f"{found[1]}{table(found[2])}\n{found[3]}", page)


def table(section: str) -> str:
    if section == "findings":
        rows = ["| class | entities |", "|---|---|"]
        rows += [f"| `{name}` | {_words(entities)} |" for name, entities in CLASSES.items()]
    else:
        rows = ["| key | value | meaning |", "|---|---|---|"]
        rows += [f"| {key} | {value} | {about} |" for key, value, about in _rows(_mapping(section), "")]
    return "\n".join(rows)


def _words(words: Iterable[object]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _mapping(section: str) -> Schema:
    """The mapping that a section's table is about: an entry of it, or the top level's single values."""
    if section == "case":
        return CaseFields.schema()
    top: Schema = policy_schema()
    entries = {name: key for name, key in top["properties"].items() if key.get("type") == "array"}
    if section in entries:
        entry: Schema = entries[section]["items"]
        return entry
    single = {name: key for name, key in top["properties"].items() if name not in (*entries, "aliases")}
    return {"properties": single}


def _rows(schema: Schema, prefix: str) -> Iterator[tuple[str, str, str]]:
    needed = schema.get("required", ())
    for name, key in schema["properties"].items():
        mark = " (needed)" if name in needed else ""
        about = _DEFAULT.sub(r"Default: `\1`.", _READS.sub("", key["description"])).replace("|", "\\|")
        yield f"`{prefix}{name}`{mark}", _value(key), about
        if "properties" in key:
            yield from _rows(key, f"{prefix}{name}.")


def _value(schema: Schema) -> str:
    """What may stand there, in words."""
    if "$ref" in schema:
        return _REFERENCES[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return _word(schema["enum"])
    if "anyOf" in schema:
        return _one_or_more(schema["anyOf"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return "a list of " + ", or ".join(_several(word) for word in _value(schema["items"]).split(", or "))
    if kind == "object":
        return "a mapping"
    if isinstance(kind, list):
        return "text"
    if "500ms" in schema.get("examples", ()):
        return "a duration"
    return "a rate" if "600/min" in schema.get("examples", ()) else _PLAIN.get(str(kind), str(kind))


def _several(value: str) -> str:
    return "mappings" if value == "a mapping" else value.removeprefix("a ")


def _word(words: list[object]) -> str:
    if words == _LABELS:
        return "a [label](#labels-and-clearances)"
    return _words(words) if len(words) <= MANY else "a word, see [Conditions](#conditions)"


def _one_or_more(ways: list[Schema]) -> str:
    single = [_value(way) for way in ways if way.get("type") != "array"]
    lists = ["a list"] if len(single) < len(ways) else []
    return ", or ".join([*single[:1], *lists, *single[1:]])


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text()))
