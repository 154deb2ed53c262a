"""Reads `knowledge` and `tools`: what can be looked up, what can be done."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.policy import values
from gateway.policy.document import Fields, Reading, Value, Wrong
from gateway.policy.mistakes import nearest, proposal
from gateway.policy.replies import fault_of
from gateway.policy.schema import Knowledge, ToolSource
from gateway.policy.secrets import Unset, Vault, tells
from gateway.types import Label

_KNOWLEDGE = ("name", "documents", "label", "clearance", "refresh", "embed_with", "trusted", "disabled")
_TOOLS = (
    "name",
    "mcp",
    "allow",
    "label",
    "clearance",
    "live",
    "writes",
    "trusted",
    "examples",
    "replies",
    "timeout",
    "disabled",
)


def read_knowledge(value: Value, found: Reading) -> Knowledge | None:
    fields = Fields(value, found, "a knowledge base", _KNOWLEDGE)
    name = fields.need("name", values.name, "")
    globs = fields.need("documents", values.several, [])
    embedder = fields.read("embed_with", values.text, None)
    if embedder:
        found.refer("embedding", [(embedder, fields.present["embed_with"])])
    if not name:
        return None
    found.define("knowledge", name, fields.present["name"])
    return Knowledge(
        name=name,
        documents=tuple(glob for v in globs if (glob := found.attempt(v, values.glob, ""))),
        label=fields.read("label", values.label, Label.PUBLIC),
        clearance=fields.read("clearance", values.label, Label.RESTRICTED),
        refresh=fields.read("refresh", values.duration, None),
        embed_with=embedder,
        trusted=fields.read("trusted", values.flag, False),
        disabled=fields.read("disabled", values.flag, False),
    )


def read_tools(value: Value, found: Reading, vault: Vault) -> ToolSource | None:
    fields = Fields(value, found, "a tool source", _TOOLS)
    name = fields.need("name", values.name, "")
    mcp = fields.need("mcp", lambda v: _Server(v, found, vault), None)
    allow = _allowed(fields, found)
    writes = _words(fields, "writes", found)
    examples = fields.read("examples", lambda v: _examples(v, found), {})
    replies = fields.read("replies", lambda v: _replies(v, found), {})
    _known_to(allow, fields, found)
    if not name or mcp is None:
        return None
    found.define("tool", name, fields.present["name"])
    return ToolSource(
        name=name,
        url=mcp.url,
        headers=mcp.headers,
        command=mcp.command,
        allow=allow,
        label=fields.read("label", values.label, Label.PUBLIC),
        clearance=fields.read("clearance", values.label, Label.PUBLIC),
        live=fields.read("live", values.flag, False),
        writes=frozenset(writes),
        trusted=fields.read("trusted", values.flag, False),
        examples=examples,
        replies=replies,
        timeout=fields.read("timeout", values.duration, 30.0),
        disabled=fields.read("disabled", values.flag, False),
    )


class _Server:
    """Where an MCP server is: `url` with `headers`, or `command`."""

    def __init__(self, value: Value, found: Reading, vault: Vault) -> None:
        fields = Fields(value, found, "mcp", ("url", "headers", "command"))
        self.url = fields.read("url", values.url, None)
        self.command = tuple(_words(fields, "command", found))
        self.headers = fields.read("headers", lambda v: _headers(v, found, vault), {})
        if len({"url", "command"} & fields.present.keys()) != 1:
            found.wrong(value, "a server has a url or a command", "give one of them")
        if "command" in fields.present and "headers" in fields.present:
            found.wrong(fields.present["headers"], "headers go with a url", "take them out")


def _headers(value: Value, found: Reading, vault: Vault) -> dict[str, str]:
    headers: dict[str, str] = {}
    for key, secret in value.pairs():
        try:
            headers[key.scalar.lower()] = vault.reveal(secret, found, telling=tells(key.scalar))
        except Unset as unset:  # a source is not left out of service for it, as a model may be
            found.wrong(secret, unset.message, unset.proposal.partition(", or say")[0])
        except Wrong as wrong:
            found.wrong(secret, wrong.message, wrong.proposal)
    return headers


def _allowed(fields: Fields, found: Reading) -> tuple[str, ...] | None:
    return tuple(_words(fields, "allow", found)) if "allow" in fields.present else None


def _words(fields: Fields, key: str, found: Reading) -> list[str]:
    given = fields.read(key, Value.items, [])
    return [word for value in given if (word := found.attempt(value, values.said, ""))]


def _examples(value: Value, found: Reading) -> dict[str, tuple[str, ...]]:
    """Requests that a tool serves: what a small local model chooses the tool by."""
    return {
        key.scalar: tuple(
            text
            for one in found.attempt(requests, values.several, [])
            if (text := found.attempt(one, values.said, ""))
        )
        for key, requests in value.pairs()
    }


def _replies(value: Value, found: Reading) -> dict[str, str]:
    return {key.scalar: found.attempt(template, _template, "") for key, template in value.pairs()}


def _template(value: Value) -> str:
    template = values.said(value)
    if fault := fault_of(template):
        raise Wrong(f"not a template: {fault}", "write {field}, {list: …} and [what may be absent]")
    return template


def _known_to(allow: tuple[str, ...] | None, fields: Fields, found: Reading) -> None:
    """Names of tools beside `allow` are held against it: a misspelt write tool would go unguarded."""
    if allow is None:
        return
    for key in ("examples", "replies"):
        for name, _ in fields.read(key, Value.pairs, []) if key in fields.present else []:
            if name.scalar not in allow and name.scalar not in _words(fields, "writes", Reading()):
                found.wrong(name, f"{name.shown} is not in allow", proposal(name.scalar, allow, "allowed"))
    for value in fields.read("writes", Value.items, []):
        close = _almost(value.scalar, allow)
        if close and value.scalar not in allow:
            found.wrong(value, f"{value.shown} is not in allow", f"did you mean {close}?")


def _almost(word: str, known: Iterable[str]) -> str | None:
    close = nearest(word, known)
    return close if close and abs(len(close) - len(word)) <= 2 and close[:3] == word[:3] else None
