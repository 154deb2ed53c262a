from __future__ import annotations

from pathlib import Path

from gateway.policy.check import check, unserved
from gateway.types import Label
from tests.policies import MODELS, loaded, write


def test_a_right_folder_is_told_with_what_it_holds(tmp_path: Path) -> None:
    text, right = check(write(tmp_path), {})
    assert right
    assert "4 models, 1 route; revision " in text
    assert "warning" not in text


def test_mistakes_are_told_with_their_number(tmp_path: Path) -> None:
    text, right = check(write(tmp_path, routes="routes: [{name: rest, model: smal}, {name: a}]\n"), {})
    assert not right
    assert "routes.yaml:1:30: there is no model smal; did you mean small?" in text
    assert text.splitlines()[-1].startswith("3 mistakes in ")


def test_warnings_and_notes_are_told(tmp_path: Path) -> None:
    models = MODELS + "  - {name: gpt, target: openai/x, api_key: '${OPENAI_API_KEY}', if_available: true}\n"
    routes = "routes: [{name: rest, model: [small, house], cache: {ttl: 1h}}]\n"
    text, right = check(write(tmp_path, models=models, routes=routes), {})
    assert right
    assert "warning: routes.yaml:1:46: a route: cache is not enforced yet" in text
    assert "note: model gpt is out of service: OPENAI_API_KEY is not set" in text


def test_requests_that_a_route_lets_in_and_no_model_may_serve_are_warned_about(tmp_path: Path) -> None:
    routes = "routes:\n- {name: code, when: task == coding, model: small}\n- {name: rest, model: house}\n"
    text, right = check(write(tmp_path, routes=routes), {})
    assert right
    assert (
        "warning: route code takes confidential requests (coding), and none of its models is cleared" in text
    )
    assert "warning: route code takes restricted requests (coding), and none of its models is cleared" in text
    assert text.count("warning") == 2


def test_what_a_guard_blocks_needs_no_model(tmp_path: Path) -> None:
    guards = "guards: [{name: g, when: sensitivity > internal, block: No.}]\n"
    policy = loaded(tmp_path, guards=guards, routes="routes: [{name: rest, model: small}]\n")
    assert unserved(policy) == ()


def test_a_route_without_a_model_in_service_is_told_apart(tmp_path: Path) -> None:
    models = "models: [{name: a, target: o/a, disabled: true}]\n"
    gaps = unserved(loaded(tmp_path, models=models, routes="routes: [{name: rest, model: a}]\n"))
    assert [gap.label for gap in gaps] == list(Label)
    assert str(gaps[0]) == (
        "route rest takes public requests (every task), and none of its models is in service"
    )
