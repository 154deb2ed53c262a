"""The JSON Schema of policy files and of files of cases, from the tables that they are read by.

Draft 7, which the YAML language server knows best. Names that a folder defines are offered beside any other
name, so that a new one is no error in an editor; `pointsman policy check` holds names against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.policy.language.cases import CasesFields
from gateway.policy.language.definitions import Fields, Schema
from gateway.policy.language.sections import PolicyFields
from gateway.policy.vocabulary import LABELS

Names = Mapping[str, Iterable[str]]
"""The names that a folder defines, by kind: chat, embedding, knowledge, tool, route, guard, caller, alias."""

DRAFT = "http://json-schema.org/draft-07/schema#"
_KINDS = ("chat", "embedding", "knowledge", "tool", "route", "guard", "caller")
_CONDITIONS = (
    '"credential" in findings',
    '"contact" in findings',
    "input_tokens > 8000",
    'language == "en"',
    '"vision" in needs',
    'caller.team == "hr"',
    'request.metadata.purpose == "test"',
)


def policy_schema(names: Names | None = None) -> Schema:
    """Of a policy file."""
    return _document(PolicyFields, "A policy of Pointsman", names or {})


def cases_schema(names: Names | None = None) -> Schema:
    """Of a file of cases."""
    return _document(CasesFields, "Cases of a policy of Pointsman", names or {})


def _document(fields: type[Fields], title: str, names: Names) -> Schema:
    schema = fields.schema()
    used = _referred(schema)
    definitions = {kind: made for kind, made in _definitions(names).items() if kind in used}
    return {"$schema": DRAFT, **schema, "title": title, "definitions": definitions}


def _definitions(names: Names) -> dict[str, Schema]:
    known = {kind: sorted(names.get(kind, ())) for kind in (*_KINDS, "alias")}
    targets = ["auto", *(f"route/{name}" for name in known["route"]), *known["chat"], *known["embedding"]]
    usable = ["*", "route/*", *targets, *known["alias"]]
    offered = {kind: known[kind] for kind in _KINDS} | {"target": targets, "usable": usable}
    return {"condition": _condition(known["knowledge"])} | {
        kind: _offering(words) for kind, words in offered.items()
    }


def _offering(words: Iterable[str]) -> Schema:
    """Any text, of which some are offered."""
    text = {"type": "string", "pattern": r"\S"}
    return {"anyOf": [{"type": "string", "enum": list(dict.fromkeys(words))}, text]} if words else text


def _condition(bases: Iterable[str]) -> Schema:
    labels = (f"{axis} == {word}" for axis, words in LABELS.items() for word in words)
    scores = (f"{_score(name)} >= 0.4" for name in bases)
    offered = [{"label": text, "body": text} for text in (*labels, *scores, *_CONDITIONS)]
    return {"type": ["string", "boolean"], "pattern": r"\S", "defaultSnippets": offered}


def _score(base: str) -> str:
    """How a condition names the score of a knowledge base."""
    return f"knowledge.{base}" if base.isidentifier() else f'knowledge["{base}"]'


def _referred(schema: Any) -> set[str]:
    """The definitions that a schema refers to."""
    if isinstance(schema, Mapping):
        own = {str(schema["$ref"]).rpartition("/")[2]} if "$ref" in schema else set()
        return own.union(*(_referred(member) for member in schema.values()))
    return set().union(*map(_referred, schema)) if isinstance(schema, list | tuple) else set()
