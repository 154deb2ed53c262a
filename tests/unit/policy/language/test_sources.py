# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.language.load import load
from gateway.types import Label
from tests.policies import KNOWLEDGE, loaded, only_mistake, write


def test_a_knowledge_base_is_read(tmp_path: Path) -> None:
    base = loaded(
        tmp_path, k="knowledge: [{name: h, documents: [a/*.md, b.md], refresh: 1h, embed_with: embed}]\n"
    ).knowledge["h"]
    assert (base.documents, base.refresh, base.embed_with) == (("a/*.md", "b.md"), 3600.0, "embed")
    assert (base.label, base.clearance, base.trusted) == (Label.PUBLIC, Label.RESTRICTED, False)


def test_a_tool_source_by_url_takes_its_secret_headers(tmp_path: Path) -> None:
    write(
        tmp_path,
        t="tools: [{name: crm, mcp: {url: 'http://c/mcp', headers: {Authorization: 'Bearer ${CRM_TOKEN}'}}}]\n",
    )
    source = load(tmp_path, secrets={"CRM_TOKEN": "s3cret"}).tools["crm"]
    assert source.headers == {"authorization": "Bearer s3cret"}
    assert source.command == ()
    assert "s3cret" not in repr(source)


def test_a_tool_source_by_command_takes_it(tmp_path: Path) -> None:
    text = "tools: [{name: t, mcp: {command: [python, -m, x]}, allow: [a], writes: [b], examples: {a: [one, two]}, replies: {a: 'It is {x}.'}}]\n"
    source = loaded(tmp_path, t=text).tools["t"]
    assert (source.url, source.command) == (None, ("python", "-m", "x"))
    assert (source.allow, source.writes) == (("a",), frozenset({"b"}))
    assert (source.examples, source.replies) == ({"a": ("one", "two")}, {"a": "It is {x}."})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("knowledge: [{name: h, documents: /etc/*.md}]", "f.yaml:1:34: '/etc/*.md' leaves the knowledge root"),
        ("knowledge: [{name: h, documents: a.md, embed_with: embd}]", "f.yaml:1:52: there is no embedding model embd; did you mean embed?"),
        ("knowledge: [{name: h, documents: a.md, embed_with: small}]", "f.yaml:1:52: small is of kind chat, and embedding is wanted here"),
        ("knowledge: [{name: h, document: a.md, documents: a.md}]", "f.yaml:1:23: a knowledge base has no key document; did you mean documents?"),
        ("tools: [{name: t, mcp: {}}]", "f.yaml:1:24: a server has a url or a command; give one of them"),
        ("tools: [{name: t, mcp: {url: 'http://a', command: [b]}}]", "f.yaml:1:24: a server has a url or a command; give one of them"),
        ("tools: [{name: t, mcp: {command: python}}]", "f.yaml:1:34: a list is wanted here, not text; begin each entry with '- '"),
        ("tools: [{name: t, mcp: {url: 'http://a', headers: {authorization: '${CRM_TOKEN}'}}}]", "f.yaml:1:67: CRM_TOKEN may not be read by a policy; start the gateway with --secret CRM_TOKEN"),
        ("tools: [{name: t, mcp: {url: 'http://a'}, allow: [open_ticket], writes: [open_tickt]}]", "f.yaml:1:74: open_tickt is not in allow; did you mean open_ticket?"),
        ("tools: [{name: t, mcp: {url: 'http://a'}, allow: [find], examples: {fnd: [x]}}]", "f.yaml:1:69: fnd is not in allow; did you mean find?"),
        ("tools: [{name: t, mcp: {url: 'http://a'}, replies: {find: 'It is {x.'}}]", "f.yaml:1:59: not a template"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert only_mistake(tmp_path, f=text).startswith(expected)


def test_a_source_defined_in_two_files_is_a_mistake(tmp_path: Path) -> None:
    assert only_mistake(tmp_path, a=KNOWLEDGE, b=KNOWLEDGE).startswith(
        "b.yaml:1:20: handbook is defined already, at a.yaml:1"
    )


def test_a_pattern_that_names_no_document_is_warned_about_at_its_place(tmp_path: Path) -> None:
    write(tmp_path, k="knowledge: [{name: terms, documents: [terms/*.md, term/*.md]}]\n")
    policy = load(tmp_path, secrets={}, documents=lambda pattern: pattern == "terms/*.md")
    (warning,) = policy.warnings
    assert str(warning).startswith("k.yaml:1:51: 'term/*.md' names no document below the knowledge root")
    assert "--knowledge-root" in warning.proposal
