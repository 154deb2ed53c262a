"""Reads `knowledge` and `tools`: what can be looked up, what can be done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.policy.language import values
from gateway.policy.language.definitions import Fields, Key, plain, section
from gateway.policy.language.document import Reading, Value, Wrong
from gateway.policy.language.replies import fault_of
from gateway.policy.language.secrets import Unset, Vault, tells
from gateway.policy.language.shapes import (
    DURATION,
    FLAG,
    GLOB,
    LABEL,
    NAME,
    SAID,
    SECRET,
    URL,
    as_it_stands,
    by_name,
    list_of,
    one_or_more,
    reference,
)
from gateway.policy.language.surroundings import Surroundings
from gateway.policy.mistakes import nearest, proposal
from gateway.policy.schema import Knowledge, ToolSource
from gateway.types import Label

_NONE: dict[str, Any] = {}


class KnowledgeFields(Fields, what="a knowledge base"):
    """Documents that can be looked up."""

    name = Key(NAME, "What routes and conditions call it (knowledge.NAME).", "", required=True)
    documents = Key(
        one_or_more(GLOB, least=0),
        "The documents: a pattern below the knowledge root, or several.",
        (),
        required=True,
    )
    label = Key(LABEL, "The label that its passages carry into the prompt.", Label.PUBLIC)
    clearance = Key(
        LABEL, "The highest label of a request that may search it; the search runs inside.", Label.RESTRICTED
    )
    refresh = Key(DURATION, "How often the documents are looked at again.", None)
    embed_with = Key(
        reference("embedding"), "The embedding model of its search; without it, by words alone.", None
    )
    trusted = Key(FLAG, "true: what its passages say may cause tools to write.", False)
    disabled = Key(FLAG, "true: out of service, and still checked.", False)


def _template(value: Value) -> str:
    template = values.said(value)
    if fault := fault_of(template):
        raise Wrong(f"not a template: {fault}", "write {field}, {list: …} and [what may be absent]")
    return template


TEMPLATE = plain(
    _template, {"type": "string", "pattern": r"\S", "examples": ["Order {order_id} is {status}."]}
)


class ServerFields(
    Fields,
    what="mcp",
    rules={
        "oneOf": [{"required": ["url"]}, {"required": ["command"]}],
        "dependencies": {"headers": ["url"]},
    },
):
    """Where an MCP server is: an address with headers, or a command."""

    url = Key(URL, "The server's address (streamable HTTP).", None)
    headers = Key(
        as_it_stands({"type": "object", "additionalProperties": SECRET.schema}),
        "Headers of every call; secrets as `Bearer ${VARIABLE}`.",
        None,
    )
    command = Key(
        list_of(SAID, least=1), "The command that starts the server, word by word; needs `--allow-stdio`.", ()
    )

    def __init__(self, value: Value, found: Reading) -> None:
        super().__init__(value, found)
        if len({"url", "command"} & self.present.keys()) != 1:
            found.wrong(value, "a server has a url or a command", "give one of them")
        if "command" in self.present and "headers" in self.present:
            found.wrong(self.present["headers"], "headers go with a url", "take them out")


class ToolsFields(Fields, what="a tool source"):
    """An MCP server whose tools can be called."""

    name = Key(NAME, "What routes call it.", "", required=True)
    mcp = Key(section(ServerFields, lambda server: server), "Where the server is.", None, required=True)
    allow = Key(list_of(SAID), "The tools that may be called; without it, all of them.", None)
    label = Key(LABEL, "The label that its results carry into the conversation.", Label.PUBLIC)
    clearance = Key(LABEL, "The highest label that may be sent to it.", Label.PUBLIC)
    live = Key(FLAG, "true: it knows how things are now.", False)
    writes = Key(
        list_of(SAID),
        "The tools that change the world: never repeated, and held back where untrusted text asks for them.",
        (),
    )
    trusted = Key(FLAG, "true: what its results say may cause tools to write.", False)
    examples = Key(
        by_name(one_or_more(SAID, least=0)),
        "For each tool, requests that it serves: by them a small local model chooses the tool.",
        _NONE,
    )
    replies = Key(
        by_name(TEMPLATE),
        "For each tool, how its result is said: `{field}`, `{list: …}` for each record, `[…]` for what may "
        "be absent.",
        _NONE,
    )
    timeout = Key(DURATION, "How long a call may take.", 30.0)
    disabled = Key(FLAG, "true: out of service, and still checked.", False)


def read_knowledge(value: Value, found: Reading, around: Surroundings) -> Knowledge | None:
    fields = KnowledgeFields(value, found)
    _warn_of_nothing(fields, found, around)
    if not fields.name:
        return None
    found.define("knowledge", fields.name, fields.present["name"])
    return Knowledge(
        name=fields.name,
        documents=fields.documents,
        label=fields.label,
        clearance=fields.clearance,
        refresh=fields.refresh,
        embed_with=fields.embed_with,
        trusted=fields.trusted,
        disabled=fields.disabled,
    )


def _warn_of_nothing(fields: KnowledgeFields, found: Reading, around: Surroundings) -> None:
    """Of patterns that name no document: nothing would be found, and nothing would say why."""
    given = fields.present.get("documents")
    for pattern in found.attempt(given, values.several, []) if given is not None else ():
        if pattern.scalar in fields.documents and around.documents and not around.documents(pattern.scalar):
            found.warn(
                pattern,
                f"{pattern.shown!r} names no document below the knowledge root",
                "it is the policy folder, or --knowledge-root; documents end in .md, .markdown or .txt",
            )


def read_tools(value: Value, found: Reading, around: Surroundings) -> ToolSource | None:
    fields = ToolsFields(value, found)
    _known_to(fields, found)
    headers = _headers(fields.mcp, found, around.vault)
    if fields.name:
        found.define("tool", fields.name, fields.present["name"])
    if not fields.name or fields.mcp is None:
        return None
    if forbidden := around.forbidden(fields.mcp.url):
        found.wrong(fields.mcp.present["url"], *forbidden)
    return ToolSource(
        name=fields.name,
        url=fields.mcp.url,
        headers=headers,
        command=fields.mcp.command,
        allow=fields.allow,
        label=fields.label,
        clearance=fields.clearance,
        live=fields.live,
        writes=frozenset(fields.writes),
        trusted=fields.trusted,
        examples=fields.examples,
        replies=fields.replies,
        timeout=fields.timeout,
        disabled=fields.disabled,
    )


def _headers(server: ServerFields | None, found: Reading, vault: Vault) -> dict[str, str]:
    given = server.headers if server is not None else None
    headers: dict[str, str] = {}
    for key, secret in found.attempt(given, Value.pairs, []) if given is not None else ():
        name = found.attempt(key, values.said, "").lower()
        if name in headers:
            found.wrong(key, f"{key.shown} is given twice", "keep one of them")
        headers[name] = _secret(secret, found, vault, telling=tells(name))
    return headers


def _secret(value: Value, found: Reading, vault: Vault, *, telling: bool) -> str:
    try:
        return vault.reveal(value, found, telling=telling)
    except Unset as unset:  # a source is not left out of service for it, as a model may be
        found.wrong(value, unset.message, unset.proposal.partition(", or say")[0])
    except Wrong as wrong:
        found.wrong(value, wrong.message, wrong.proposal)
    return ""


def _known_to(fields: ToolsFields, found: Reading) -> None:
    """Names of tools beside `allow` are held against it: a misspelt write tool would go unguarded."""
    allow = fields.allow
    if allow is None:
        return
    for key in ("examples", "replies"):
        given = fields.present.get(key)
        for name, _ in found.attempt(given, Value.pairs, []) if given is not None else ():
            if name.scalar not in (*allow, *fields.writes):
                found.wrong(name, f"{name.shown} is not in allow", proposal(name.scalar, allow, "allowed"))
    writes = fields.present.get("writes")
    for value in found.attempt(writes, Value.items, []) if writes is not None else ():
        close = _almost(value.scalar, allow)
        if close and value.scalar not in allow:
            found.wrong(value, f"{value.shown} is not in allow", f"did you mean {close}?")


def _almost(word: str, known: Iterable[str]) -> str | None:
    close = nearest(word, known)
    return close if close and abs(len(close) - len(word)) <= 2 and close[:3] == word[:3] else None
