from __future__ import annotations

from pathlib import Path

from tests.policies import loaded, mistakes, only_mistake


def test_names_may_be_referred_to_before_and_from_other_files_than_they_are_defined_in(
    tmp_path: Path,
) -> None:
    policy = loaded(tmp_path, a="baseline: small\naliases: {gpt: route/rest}\n")
    assert (policy.baseline, policy.aliases) == ("small", {"gpt": "route/rest"})


def test_a_baseline_that_is_no_model_is_a_mistake(tmp_path: Path) -> None:
    assert (
        only_mistake(tmp_path, a="baseline: smal\n")
        == "a.yaml:1:11: there is no model smal; did you mean small?"
    )


def test_a_circle_of_teachers_is_a_mistake(tmp_path: Path) -> None:
    models = "models: [{name: a, target: xai/a, teacher: b}, {name: b, target: xai/b, teacher: a}]\n"
    assert only_mistake(tmp_path, models=models, routes="routes: [{name: r, model: a}]\n") == (
        "models.yaml:1:17: a is its own teacher in the end: a → b → a; end the chain of teachers"
    )


def test_each_circle_of_teachers_is_told_once_by_its_shortest_way(tmp_path: Path) -> None:
    models = (
        "models:\n- {name: a, target: xai/a, teacher: [b, c]}\n- {name: b, target: xai/b, teacher: c}\n"
        "- {name: c, target: xai/c, teacher: a}\n- {name: d, target: xai/d, teacher: d}\n"
        "- {name: e, target: xai/e, teacher: a}\n"
    )
    told = mistakes(tmp_path, models=models, routes="routes: [{name: r, model: a}]\n")
    assert [mistake.message.partition(": ")[2] for mistake in told] == ["a → c → a", "d → d"]


def test_an_alias_may_stand_for_a_model_that_is_out_of_service(tmp_path: Path) -> None:
    models = "models: [{name: a, target: xai/a, disabled: true}, {name: b, target: xai/b}]\naliases: {x: a}\n"
    assert loaded(tmp_path, models=models, routes="routes: [{name: r, model: [a, b]}]\n").models["a"].disabled
