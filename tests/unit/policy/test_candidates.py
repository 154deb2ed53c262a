from __future__ import annotations

from pathlib import Path

from gateway.policy.candidates import in_order, of_model
from gateway.policy.schema import Policy
from tests.policies import loaded

MODELS = (
    "models: [{name: a, target: xai/a}, {name: b, target: xai/b}, {name: c, target: xai/c, teacher: [d, a]},"
    " {name: d, target: xai/d}, {name: off, target: xai/x, disabled: true}]\n"
)


def policy(folder: Path, route: str) -> Policy:
    return loaded(folder, models=MODELS, routes=f"routes: [{{name: r, {route}}}]\n")


def names(folder: Path, route: str, sticky: str = "") -> list[str]:
    made = policy(folder, route)
    return [model.name for model in in_order(made, made.routes[0], sticky)]


def test_the_routes_models_come_first_then_its_fallback(tmp_path: Path) -> None:
    assert names(tmp_path, "model: [b, a], fallback: d") == ["b", "a", "d"]


def test_teachers_follow_the_model_that_has_them_and_nobody_is_asked_twice(tmp_path: Path) -> None:
    assert names(tmp_path, "model: [c, b], fallback: [a, d]") == ["c", "d", "a", "b"]


def test_what_is_out_of_service_is_no_candidate(tmp_path: Path) -> None:
    assert names(tmp_path, "model: [off, a]") == ["a"]


def test_a_named_model_brings_its_teachers(tmp_path: Path) -> None:
    made = policy(tmp_path, "model: a")
    assert [model.name for model in of_model(made, made.models["c"])] == ["c", "d", "a"]


def test_until_there_are_scores_cheapest_of_takes_the_lists_last_in_service(tmp_path: Path) -> None:
    assert names(tmp_path, "model: {cheapest_of: [a, b], quality: 0.8}, fallback: d") == ["b", "d"]
    assert names(tmp_path, "model: {cheapest_of: [a, b, off], quality: 0.8}") == ["b"]


def test_a_canary_draws_by_weight_and_stays_with_a_conversation(tmp_path: Path) -> None:
    made = policy(tmp_path, "model: {a: 90, b: 10}")
    first = [in_order(made, made.routes[0], str(i))[0].name for i in range(2000)]
    assert first == [in_order(made, made.routes[0], str(i))[0].name for i in range(2000)]
    assert 140 <= first.count("b") <= 260


def test_the_canarys_other_models_are_its_fallback_and_weight_zero_is_off(tmp_path: Path) -> None:
    assert set(names(tmp_path, "model: {a: 1, b: 1, d: 0}")) == {"a", "b"}
    assert names(tmp_path, "model: {off: 99, b: 1}") == ["b"]


def test_the_teachers_of_a_model_that_is_out_of_service_stand_in_for_it(tmp_path: Path) -> None:
    models = MODELS.replace("disabled: true", "disabled: true, teacher: b")
    policy = loaded(tmp_path, models=models, routes="routes: [{name: r, model: [off, a]}]\n")
    assert [model.name for model in in_order(policy, policy.routes[0], "")] == ["b", "a"]
