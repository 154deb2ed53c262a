from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from gateway.commands.banner import banner, to_try
from gateway.policy.schema import Policy
from gateway.settings import Settings
from tests.policies import MODELS, loaded

CALLERS = f"callers: [{{name: app, key_sha256: {'ab' * 32}}}]\n"
ROUTES = "routes: [{name: code, when: task == coding, model: house}, {name: rest, model: small}]\n"
CASES = """\
cases:
  - {say: A secret, expect: {blocked_by: keys}}
  - {say: "Is it the customer's?", as: app, expect: {route: rest}}
  - {say: Another of the same route, as: app, expect: {route: rest}}
  - {say: With a header, headers: {x-a: b}, expect: {route: code}}
  - {say: Sort a list, as: app, expect: {route: code}}
"""
GUARDS = "guards: [{name: keys, when: '\"credential\" in findings', block: No.}]\n"


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    (tmp_path / "routes.cases.yaml").write_text(CASES)
    return loaded(tmp_path, routes=ROUTES, callers=CALLERS, guards=GUARDS)


def said(policy: Policy, folder: Path) -> str:
    return banner(policy, Settings(folder, folder / "data", folder), 8080)


def test_the_policys_own_cases_are_what_is_to_be_tried_one_for_each_route(
    policy: Policy, tmp_path: Path
) -> None:
    assert to_try(policy, tmp_path) == (("Is it the customer's?", "app"), ("Sort a list", "app"))


def test_a_shell_takes_what_is_to_be_tried_as_it_stands_and_it_names_whose_key_it_needs(
    policy: Policy, tmp_path: Path
) -> None:
    line = next(line for line in said(policy, tmp_path).splitlines() if line.startswith("  curl"))
    words = shlex.split(line)
    assert "authorization: Bearer KEY-OF-app" in words
    assert (
        words[-1] == '{"model": "auto", "messages": [{"role": "user", "content": "Is it the customer\'s?"}]}'
    )


@pytest.mark.parametrize("cases", ["cases: [{say: Hi, expect: {route: nowhere}}]\n", "cases: []\n"])
def test_without_a_case_that_can_be_tried_there_is_a_greeting(tmp_path: Path, cases: str) -> None:
    (tmp_path / "routes.cases.yaml").write_text(cases)
    assert to_try(loaded(tmp_path), tmp_path) == (("Hello!", None),)
    assert "authorization" not in said(loaded(tmp_path), tmp_path)


def test_what_nobody_can_answer_is_told_at_start(tmp_path: Path) -> None:
    key = 'api_key: "${OPENAI_API_KEY}", if_available: true'
    cloud = f"  - {{name: gpt, target: openai/gpt-5, {key}}}\n"
    embed = "  - {name: embed, target: local/minilm, kind: embedding}\n"
    lone = loaded(tmp_path, models=f"models:\n{cloud}{embed}", routes="routes: [{name: rest, model: gpt}]\n")
    text = said(lone, tmp_path)
    assert "models:  none is in service, so no request can be answered\n" in text
    assert "model gpt is out of service: OPENAI_API_KEY is not set\n" in text
    assert "  rest  NO MODEL IN SERVICE. Everything" in text


def test_what_no_model_in_service_could_answer_is_not_to_be_tried(tmp_path: Path) -> None:
    (tmp_path / "routes.cases.yaml").write_text(CASES)
    off = MODELS.replace("name: small,", "name: small, disabled: true,")
    policy = loaded(tmp_path, models=off, routes=ROUTES, callers=CALLERS, guards=GUARDS)
    assert to_try(policy, tmp_path) == (("Sort a list", "app"),)


def test_a_route_whose_models_serve_has_no_such_word(policy: Policy, tmp_path: Path) -> None:
    assert "NO MODEL" not in said(policy, tmp_path)
