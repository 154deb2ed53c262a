from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import InvalidRequest, UnknownModel
from gateway.policy.naming import makes_embeddings, matches, may_use, resolve, usable
from gateway.policy.schema import Policy
from gateway.types import Caller
from tests.facts import ANYONE
from tests.policies import ROUTES, loaded

ALIASES = 'aliases: {"gpt-4o*": auto, "gpt-4o-mini": small, "gpt-4o-m*": house, old: route/rest}\n'


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return loaded(tmp_path, aliases=ALIASES)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("auto", "auto"),
        ("route/rest", "route/rest"),
        ("small", "small"),
        ("gpt-4o", "auto"),
        ("gpt-4o-mini", "small"),
        ("gpt-4o-max", "house"),
        ("old", "route/rest"),
    ],
)
def test_a_name_stands_for_routing_a_route_or_a_model_and_the_closest_alias_wins(
    policy: Policy, name: str, target: str
) -> None:
    asked = resolve(policy, name, ANYONE)
    assert (asked.name, asked.target) == (name, target)
    assert (asked.route is not None) == target.startswith("route/")
    assert (asked.model is not None) == (target in ("small", "house"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("smal", "did you mean 'small'?"),
        ("route/rst", "did you mean 'route/rest'?"),
        ("zebra", "ask for 'auto'"),
        ("embed", "makes embeddings"),
        ("", "ask for 'auto'"),
    ],
)
def test_an_unknown_name_is_refused_with_a_proposal(policy: Policy, name: str, hint: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        resolve(policy, name, ANYONE)
    assert hint in caught.value.message
    assert caught.value.param == "model"


def test_a_proposal_names_only_what_the_caller_may_use(policy: Policy) -> None:
    with pytest.raises(UnknownModel) as caught:
        resolve(policy, "smal", Caller("app", may_use=("auto",)))
    assert "small" not in caught.value.message.replace("'smal'", "")


EMBEDDERS = 'aliases: {"gpt-4o*": auto, "text-embedding-*": embed, ada: embed, old: route/rest}\n'


@pytest.mark.parametrize("name", ["embed", "ada", "text-embedding-3-small"])
def test_a_model_for_embeddings_is_named_by_itself_and_by_its_aliases(tmp_path: Path, name: str) -> None:
    policy = loaded(tmp_path, aliases=EMBEDDERS)
    asked = resolve(policy, name, ANYONE, embeds=True)
    assert (asked.name, asked.target, asked.model) == (name, "embed", policy.models["embed"])
    assert makes_embeddings(policy, name)
    with pytest.raises(UnknownModel, match="makes embeddings and does not answer"):
        resolve(policy, name, ANYONE)


@pytest.mark.parametrize("name", ["auto", "route/rest", "gpt-4o", "old", "route/nowhere"])
def test_embeddings_are_not_routed_and_the_error_names_what_can_be_asked(tmp_path: Path, name: str) -> None:
    policy = loaded(tmp_path, aliases=EMBEDDERS)
    with pytest.raises(
        InvalidRequest, match="do not compare; name a model for embeddings: embed, ada"
    ) as caught:
        resolve(policy, name, ANYONE, embeds=True)
    assert caught.value.param == "model"
    with pytest.raises(InvalidRequest, match="there is no model for embeddings here that this key may use"):
        resolve(policy, name, Caller("app", may_use=("auto",)), embeds=True)
    assert not makes_embeddings(policy, name)


@pytest.mark.parametrize(("name", "does"), [("small", "answers and does not"), ("smal", "is no model here")])
def test_what_makes_no_embeddings_is_not_found_where_they_are_asked_for(
    policy: Policy, name: str, does: str
) -> None:
    with pytest.raises(UnknownModel, match=f"'{name}' {does}.*: embed$"):
        resolve(policy, name, ANYONE, embeds=True)


def test_a_model_for_embeddings_is_named_though_other_names_are_routed(tmp_path: Path) -> None:
    policy = loaded(tmp_path, a="honour_model: false\n")
    assert resolve(policy, "embed", ANYONE, embeds=True).model is policy.models["embed"]


def test_a_disabled_route_cannot_be_named(tmp_path: Path) -> None:
    routes = ROUTES.replace("[{", "[{name: off, when: task == coding, model: small, disabled: true}, {")
    with pytest.raises(UnknownModel):
        resolve(loaded(tmp_path, routes=routes), "route/off", ANYONE)


def test_without_honour_model_a_named_model_is_routed(tmp_path: Path) -> None:
    asked = resolve(loaded(tmp_path, a="honour_model: false\n"), "small", ANYONE)
    assert (asked.name, asked.target, asked.model) == ("small", "auto", None)


def test_a_caller_uses_what_it_wrote_or_what_that_stands_for(policy: Policy) -> None:
    mini = resolve(policy, "gpt-4o-mini", ANYONE)
    assert usable(mini, Caller("a", may_use=("small",)))
    assert usable(mini, Caller("a", may_use=("gpt-*",)))
    assert not usable(mini, Caller("a", may_use=("auto", "route/*")))
    assert not may_use(Caller("a", may_use=()), "auto")


def test_only_a_last_star_is_special() -> None:
    assert matches("route/*", "route/rest")
    assert matches("*", "anything")
    assert not matches("g.t", "gpt")
    assert not matches("small", "smaller")
