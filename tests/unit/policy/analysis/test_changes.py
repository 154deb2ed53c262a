from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gateway.policy.analysis.changes import SECURITY, Change, What, changes
from gateway.policy.schema import Guard, Knowledge, KnownCaller, Log, Model, Policy, Route, Tools, ToolSource
from gateway.types import Caller
from tests.policies import TOOLS, loaded

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
GUARD = "guards: [{name: g, when: sensitivity == confidential, mask: [email, phone], lowers_to: internal}]\n"
CALLER = f"callers: [{{name: app, key_sha256: {HASH}, may_use: [auto]}}]\n"
MODEL = "models: [{name: xai, target: xai/x}]\n"
KNOWLEDGE = "knowledge: [{name: k, documents: k/*.md, label: internal}]\n"


def changed(tmp_path: Path, old: dict[str, str], new: dict[str, str]) -> tuple[Change, ...]:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    return changes(loaded(tmp_path / "old", **old), loaded(tmp_path / "new", **new))


def test_the_same_policy_has_no_change(tmp_path: Path) -> None:
    assert changed(tmp_path, {"guards": GUARD}, {"guards": "# a remark\n" + GUARD}) == ()


@pytest.mark.parametrize(
    ("text", "was", "now", "field", "security"),
    [
        (GUARD, "lowers_to: internal", "lowers_to: public", "lowers_to", True),
        (GUARD, "lowers_to: internal", "lowers_to: confidential", "lowers_to", False),
        (GUARD, "[email, phone]", "[email]", "mask", True),
        (GUARD, "[email, phone]", "[email, phone, iban]", "mask", False),
        (KNOWLEDGE, "k/*.md", "'**/*.md'", "documents", True),
        (KNOWLEDGE, "k/*.md", "[k/*.md, more/*.md]", "documents", True),
        (KNOWLEDGE.replace("k/*.md", "[k/*.md, l/*.md]"), "[k/*.md, l/*.md]", "k/*.md", "documents", False),
        (GUARD, "== confidential", "== restricted", "when", True),
        (GUARD, "lowers_to", "disabled: true, lowers_to", "disabled", True),
        (GUARD, "lowers_to", "accept_residual: true, lowers_to", "accept_residual", True),
        (CALLER, "may_use", "clearance: internal, may_use", "clearance", True),
        (CALLER, "may_use", "label: internal, may_use", "label", False),
        (CALLER, "may_use", "admin: true, may_use", "admin", True),
        (CALLER, "[auto]", "[auto, small]", "may_use", True),
        (CALLER, "[auto]", "[]", "may_use", False),
        (KNOWLEDGE, "label: internal", "label: public", "label", True),
        (KNOWLEDGE, "label: internal", "label: restricted", "label", False),
        (KNOWLEDGE, "label", "trusted: true, label", "trusted", True),
        (TOOLS, "label: confidential,", "label: public,", "label", True),
        (TOOLS, "clearance: confidential", "clearance: restricted", "clearance", True),
        (TOOLS, "clearance: confidential", "clearance: public", "clearance", False),
        (TOOLS, "http://crm/", "http://other/", "url", True),
        (TOOLS, "label: c", "allow: [find], label: c", "allow", False),
        (MODEL, "}]", ", remote_tools: true}]", "remote_tools", True),
        (MODEL.replace("}]", ", remote_tools: true}]"), ", remote_tools: true", "", "remote_tools", False),
        ("unreadable: restricted\n", "restricted", "public", "unreadable", True),
        ("log: {content: never, up_to: public}\n", "up_to: public", "up_to: internal", "log.up_to", True),
    ],
)
def test_a_change_that_can_let_more_through_is_told_from_one_that_cannot(
    tmp_path: Path, text: str, was: str, now: str, field: str, security: bool
) -> None:
    (change,) = changed(tmp_path, {"x": text}, {"x": text.replace(was, now)})
    assert (change.what, change.field, change.security) == (What.CHANGED, field, security)


def test_a_guard_that_masked_and_now_blocks_lets_no_more_through(tmp_path: Path) -> None:
    blocks = GUARD.replace("mask: [email, phone], lowers_to: internal", "block: No.")
    (tmp_path / "back").mkdir()
    tightened = changed(tmp_path, {"g": GUARD}, {"g": blocks})
    assert {one.field: one.security for one in tightened} == dict.fromkeys(
        ("block", "mask", "lowers_to"), False
    )
    eased = changed(tmp_path / "back", {"g": blocks}, {"g": GUARD})
    assert {one.field for one in eased if one.security} == {"block", "lowers_to"}


def test_what_came_and_went_is_told_guards_that_went_first(tmp_path: Path) -> None:
    more = "models: [{name: new, target: xai/n, clearance: internal}, {name: plain, target: xai/p}]\n"
    more = more.replace("{name: plain", "{name: calls, target: xai/c, remote_tools: true}, {name: plain")
    found = changed(tmp_path, {"guards": GUARD, "k": KNOWLEDGE}, {"more": more})
    assert [(one.kind, one.name, one.what, one.security) for one in found] == [
        ("guard", "g", What.REMOVED, True),
        ("model", "new", What.ADDED, True),
        ("model", "calls", What.ADDED, True),
        ("model", "plain", What.ADDED, False),
        ("knowledge", "k", What.REMOVED, False),
    ]


def test_values_are_told_in_the_words_of_the_policy_and_keys_not_at_all(tmp_path: Path) -> None:
    old = "routes: [{name: rest, model: [small, house]}]\nbaseline: small\naliases: {a: small}\n"
    new = (
        "routes: [{name: rest, model: house, retrieve: {from: [k]}}]\nbaseline: house\naliases: {a: house}\n"
    )
    found = changed(
        tmp_path,
        {"routes": old, "k": KNOWLEDGE, "c": CALLER},
        {"routes": new, "k": KNOWLEDGE, "c": CALLER.replace("9f86", "0000")},
    )
    told = {(one.kind, one.name, one.field): (one.before, one.after) for one in found}
    assert told["route", "rest", "models"] == ("small, house", "house")
    assert told["route", "rest", "retrieve.sources"] == ("nothing", "k")
    assert told["policy", "", "baseline"] == ("small", "house")
    assert told["alias", "a", ""] == ("small", "house")
    assert told["caller", "app", "key_sha256"] == ("(not shown)", "(not shown)")


def test_every_field_that_is_watched_is_one_of_the_policy() -> None:
    known: dict[str, type[Any]] = {
        "model": Model,
        "knowledge": Knowledge,
        "tool": ToolSource,
        "guard": Guard,
        "route": Route,
        "caller": Caller,
        "policy": Policy,
    }
    for kind, field in SECURITY:
        first, _, second = field.partition(".")
        holder = {"tools": Tools, "log": Log}.get(first, known[kind]) if second else known[kind]
        holder = KnownCaller if field == "key_sha256" else holder
        assert (second or first) in {one.name for one in fields(holder)}, (kind, field)
