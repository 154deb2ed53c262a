"""Random conditions over every kind of variable, policies of them, and random facts."""

from __future__ import annotations

from hypothesis import strategies as st

from gateway.policy.conditions import Condition, checked
from gateway.policy.evaluate import Facts
from gateway.policy.schema import Guard, Model, Policy, Route
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
    "input_tokens >= 100",
    "input_tokens < 100",
    "99 < input_tokens",
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


MODELS = {
    "small": Model("small", "local", "small", clearance=Label.INTERNAL),
    "house": Model("house", "local", "house", clearance=Label.RESTRICTED),
}


def policy_of(routes: list[str], guards: list[tuple[str, bool]] = []) -> Policy:  # noqa: B006
    """Routes and guards with these conditions; of a guard, whether it blocks."""
    return Policy(
        revision="random",
        models=MODELS,
        routes=(*(_route(n, text) for n, text in enumerate(routes)), Route("rest", models=("house",))),
        guards=tuple(_guard(n, text, blocks) for n, (text, blocks) in enumerate(guards)),
    )


def _route(number: int, text: str) -> Route:
    return Route(
        f"route-{number}",
        when=condition(text),
        models=("small", "house")[number % 2 :],
        disabled=number % 7 == 6,
    )


def _guard(number: int, text: str, blocks: bool) -> Guard:
    mask = () if blocks else ("email",)
    lowers_to = None if blocks or number % 2 else Label.INTERNAL
    return Guard(
        f"guard-{number}", condition(text), block="No." if blocks else None, mask=mask, lowers_to=lowers_to
    )


def condition(text: str) -> Condition:
    return checked(text, ["handbook"])
