from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.analysis.matrix import matrix_of
from gateway.policy.analysis.review import Doubt, Found, gaps, review
from gateway.types import Label, Task
from tests.policies import loaded


def found(tmp_path: Path, doubt: Doubt, **files: str) -> list[Found]:
    return [one for one in review(loaded(tmp_path, **files)) if one.doubt is doubt]


def test_requests_that_a_route_lets_in_and_no_model_may_serve_are_a_gap(tmp_path: Path) -> None:
    routes = "routes:\n- {name: code, when: task == coding, model: small}\n- {name: rest, model: house}\n"
    (gap,) = found(tmp_path, Doubt.GAP, routes=routes)
    assert gap.warning
    assert str(gap) == (
        "routes.yaml:2:10: route code takes confidential, restricted requests (coding, any freshness), and"
        " none of its models is cleared; add a model that is, or block them by a guard"
    )


def test_a_gap_is_told_with_what_it_depends_on(tmp_path: Path) -> None:
    routes = (
        "routes:\n- {name: hr, when: 'task == coding && caller.team == \"hr\"', model: small}\n"
        "- {name: rest, model: house}\n"
    )
    policy = loaded(tmp_path, routes=routes)
    (gap,) = gaps(policy, matrix_of(policy))
    assert (gap.route, gap.when, gap.box.tasks) == ("hr", 'caller.team == "hr"', (Task.CODING,))
    assert gap.box.labels == (Label.CONFIDENTIAL, Label.RESTRICTED)


def test_what_a_guard_surely_blocks_needs_no_model(tmp_path: Path) -> None:
    guards = "guards: [{name: g, when: sensitivity > internal, block: No.}]\n"
    assert review(loaded(tmp_path, guards=guards, routes="routes: [{name: rest, model: small}]\n")) == ()


def test_what_only_masking_that_fails_leaves_without_a_model_is_a_note(tmp_path: Path) -> None:
    guards = "guards: [{name: g, when: sensitivity > internal, mask: [email], lowers_to: internal}]\n"
    (one,) = review(loaded(tmp_path, guards=guards, routes="routes: [{name: rest, model: small}]\n"))
    assert (one.doubt, one.warning) == (Doubt.GAP_UNMASKED, False)
    assert "where masking does not lower their label" in str(one)


def test_a_route_without_a_model_in_service_is_told_apart(tmp_path: Path) -> None:
    key = 'api_key: "${OPENAI_API_KEY}", if_available: true'
    models = f"models: [{{name: a, target: xai/a, disabled: true}}, {{name: b, target: openai/b, {key}}}]\n"
    (gap,) = review(loaded(tmp_path, models=models, routes="routes: [{name: rest, model: [a, b]}]\n"))
    assert gap.doubt is Doubt.GAP
    assert gap.place.message == (
        "route rest has no model in service (a: disabled; b: OPENAI_API_KEY is not set)"
    )


def test_a_gap_of_one_cause_is_told_once_and_gaps_stand_in_the_order_of_the_files(tmp_path: Path) -> None:
    routes = (
        "routes:\n- {name: code, when: task == coding || freshness == live, model: small}\n"
        "- {name: talk, when: task == chit_chat, model: small}\n- {name: rest, model: small}\n"
    )
    said = found(tmp_path, Doubt.GAP, routes=routes)
    assert [(one.rule, one.place.line) for one in said] == [("code", 2), ("talk", 3), ("rest", 4)]
    assert "(every task but coding, live; coding, any freshness)" in str(said[0])


def test_a_route_that_is_never_chosen_is_told_with_what_is_chosen_instead(tmp_path: Path) -> None:
    routes = (
        "routes:\n- {name: code, when: task == coding, model: house}\n"
        "- {name: live-code, when: 'task == coding && freshness == live && caller.admin', model: house}\n"
        "- {name: rest, model: house}\n"
    )
    (shadowed,) = found(tmp_path, Doubt.SHADOWED_ROUTE, routes=routes)
    assert shadowed.warning
    assert str(shadowed).startswith(
        "routes.yaml:3:10: route live-code is never chosen: what it would take goes to route code;"
        " only route/live-code reaches it"
    )


def test_the_route_that_takes_it_all_is_named_though_the_cell_says_nothing_of_either(tmp_path: Path) -> None:
    routes = (
        "routes:\n- {name: hr, when: 'caller.team == \"hr\"', model: house}\n"
        "- {name: long-hr, when: 'caller.team == \"hr\" && input_tokens > 9', model: house}\n"
        "- {name: rest, model: house}\n"
    )
    (shadowed,) = found(tmp_path, Doubt.SHADOWED_ROUTE, routes=routes)
    assert "what it would take goes to route hr;" in str(shadowed)


def test_a_route_whose_condition_holds_for_nobody_is_never_chosen(tmp_path: Path) -> None:
    routes = "routes:\n- {name: r, when: task == coding && task == translation, model: house}\n- {name: rest, model: house}\n"  # noqa: E501
    (never,) = found(tmp_path, Doubt.SHADOWED_ROUTE, routes=routes)
    assert "its condition is true for no request" in str(never)


def test_the_last_route_is_told_what_takes_everything_before_it(tmp_path: Path) -> None:
    routes = "routes:\n- {name: all, when: 'true', model: house}\n- {name: rest, model: house}\n"
    (never,) = found(tmp_path, Doubt.SHADOWED_ROUTE, routes=routes)
    assert str(never) == (
        "routes.yaml:3:10: route rest is never chosen: what it would take goes to route all;"
        " only route/rest reaches it; narrow what stands before it"
    )


def test_a_route_behind_a_guard_that_blocks_is_never_chosen(tmp_path: Path) -> None:
    guards = "guards: [{name: stop, when: task == coding, block: No.}]\n"
    routes = "routes:\n- {name: code, when: task == coding, model: house}\n- {name: rest, model: house}\n"
    (never,) = found(tmp_path, Doubt.SHADOWED_ROUTE, routes=routes, guards=guards)
    assert "what it would take goes to guard stop" in str(never)


def test_a_route_that_says_itself_that_nothing_matches_is_for_those_who_name_it(tmp_path: Path) -> None:
    routes = "routes:\n- {name: review, when: 'false', model: house}\n- {name: rest, model: house}\n"
    models_aliases = 'aliases: {"review-*": route/review}\n'
    (named,) = found(tmp_path, Doubt.NAMED_ROUTE, routes=routes, a=models_aliases)
    assert (named.warning, named.place.message) == (
        False,
        "route review is reached by name alone: route/review, review-*",
    )


def test_what_is_disabled_is_not_doubted(tmp_path: Path) -> None:
    routes = (
        "routes:\n- {name: r, when: 'false', model: house, disabled: true}\n- {name: rest, model: house}\n"
    )
    guards = "guards: [{name: g, when: 'false', block: No., disabled: true}]\n"
    assert review(loaded(tmp_path, routes=routes, guards=guards)) == ()


def test_a_guard_that_never_acts_is_told_with_the_reason(tmp_path: Path) -> None:
    guards = (
        "guards:\n- {name: stop, when: sensitivity >= confidential, block: No.}\n"
        "- {name: late, when: sensitivity == restricted, mask: [email]}\n"
        "- {name: never, when: sensitivity < public, block: No.}\n"
    )
    late, never = found(tmp_path, Doubt.IDLE_GUARD, guards=guards)
    assert "guard late never acts: whatever it would act on is blocked before, by stop" in str(late)
    assert "guard never never acts: its condition is false for every request" in str(never)


def test_a_guard_that_an_unsure_signal_leaves_unknown_acts(tmp_path: Path) -> None:
    guards = "guards: [{name: g, when: task == coding && task == translation, mask: [email]}]\n"
    assert found(tmp_path, Doubt.IDLE_GUARD, guards=guards) == []


def test_accepting_a_residual_is_pointed_out(tmp_path: Path) -> None:
    guards = (
        "guards: [{name: g, when: sensitivity == confidential, mask: [email], lowers_to: internal,"
        " accept_residual: true}]\n"
    )
    (residual,) = found(tmp_path, Doubt.RESIDUAL, guards=guards)
    assert not residual.warning
    assert "(accept_residual)" in str(residual)


def test_a_mask_of_what_has_no_place_in_a_text_is_a_warning(tmp_path: Path) -> None:
    guards = "guards: [{name: g, when: sensitivity == confidential, mask: [email, topic]}]\n"
    (unmasked,) = found(tmp_path, Doubt.UNMASKED, guards=guards)
    assert unmasked.warning
    assert "masks employment, finance, health, legal: that is said of a whole message" in str(unmasked)


@pytest.mark.parametrize(("mask", "told"), [("person", True), ("identity", True), ("email", False)])
def test_a_mask_of_what_is_seldom_found_is_a_note(tmp_path: Path, mask: str, told: bool) -> None:
    guards = f"guards: [{{name: g, when: sensitivity == confidential, mask: [{mask}]}}]\n"
    notes = found(tmp_path, Doubt.SELDOM_MASKED, guards=guards)
    assert [note.warning for note in notes] == [False] * told
    assert all(
        'masks person: it is found only where words introduce it, such as "my name is"' in str(note)
        for note in notes
    )
