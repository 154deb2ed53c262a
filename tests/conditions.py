"""Random conditions over every kind of variable, and random facts for them."""

from __future__ import annotations

from hypothesis import strategies as st

from gateway.policy.evaluate import Facts
from gateway.types import Caller, Finding, Freshness, Label, Task
from tests.facts import facts

_PARTS = (
    "task == coding",
    "task != translation",
    "coding == task",
    "task in [coding, chit_chat]",
    "freshness >= recent",
    "freshness == live",
    "sensitivity >= confidential",
    "sensitivity < restricted",
    "sensitivity > caller.clearance",
    "task == coding ? caller.admin : freshness == live",
    '"credential" in findings',
    '!("email" in findings)',
    'findings.exists(f, f == "phone" || f == "email")',
    "size(findings) > 1",
    "knowledge.handbook >= 0.5",
    '"handbook" in knowledge',
    'caller.team == "hr"',
    '"it" == caller.team',
    'caller.team != "it"',
    'caller.team in ["hr", "it"]',
    'caller.name == "app" || caller.name == "web"',
    "caller.admin",
    "!caller.admin",
    'request.headers["x-team"] == "a"',
    'request.headers["x-team"] in ["a", "b"]',
    '"x-team" in request.headers',
    'request.metadata.plan == "gold"',
    "has(request.metadata.plan)",
    "input_tokens > 100",
    "difficulty > 0.5",
    'language == "de"',
    "request.stream",
    "true",
    "false",
)
_JOINED = ("{} && {}", "{} || {}", "!({}) && {}", "({} || {}) && caller.admin", "{} && ({})", "({}) || !({})")


def _join(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda form, a, b: form.format(a, b), st.sampled_from(_JOINED), below, below)


CONDITIONS = st.recursive(st.sampled_from(_PARTS), _join, max_leaves=5)

_FINDINGS = tuple(
    Finding(entity, kind, Label.INTERNAL, 0, 0, 1, 0.9)
    for entity, kind in (("password", "credential"), ("email", "contact"), ("phone", "contact"))
)


def _maybe(name: str, values: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    return st.one_of(st.just({}), st.sampled_from(values).map(lambda value: {name: value}))


FACTS: st.SearchStrategy[Facts] = st.builds(
    facts,
    st.sampled_from([None, Task.CODING, Task.TRANSLATION, Task.CHIT_CHAT]),
    st.sampled_from([None, *Freshness]),
    st.sampled_from(Label),
    caller=st.builds(
        Caller,
        st.sampled_from(["app", "web", "ops"]),
        team=st.sampled_from(["", "hr", "it"]),
        clearance=st.sampled_from(Label),
        admin=st.booleans(),
    ),
    findings=st.lists(st.sampled_from(_FINDINGS), unique=True).map(tuple),
    knowledge=st.sampled_from([{}, {"handbook": 0.4}, {"handbook": 0.6}]),
    metadata=_maybe("plan", ("gold", "basic")),
    headers=_maybe("x-team", ("a", "b", "c")),
    language=st.sampled_from(["und", "en", "de"]),
)
