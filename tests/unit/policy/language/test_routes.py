# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.policy.candidates import in_order
from gateway.policy.schema import HoldBack
from tests.policies import KNOWLEDGE, TOOLS, loaded, mistakes, only_mistake

REST = "- {name: rest, model: house}\n"


def test_a_route_is_read_with_what_wraps_its_model(tmp_path: Path) -> None:
    text = (
        "routes:\n- name: facts\n  about: Facts.\n  when: task == knowledge_lookup\n"
        "  retrieve: {from: [handbook], top: 3, when_empty: go_on}\n"
        "  tools: {from: crm, steps: 4, cost: 0.25, time: 30s, writes_on_untrusted: allow}\n"
        "  model: [small, house]\n  fallback: [tagger]\n" + REST
    )
    route = loaded(tmp_path, routes=text, k=KNOWLEDGE, t=TOOLS).routes[0]
    assert (route.models, route.fallback, route.about) == (("small", "house"), ("tagger",), "Facts.")
    assert route.retrieve is not None
    assert (route.retrieve.sources, route.retrieve.top, route.retrieve.when_empty) == (
        ("handbook",),
        3,
        "go_on",
    )
    assert route.tools is not None
    assert (route.tools.sources, route.tools.steps, route.tools.cost, route.tools.time) == (
        ("crm",),
        4,
        0.25,
        30.0,
    )
    assert route.tools.writes_on_untrusted


@pytest.mark.parametrize(
    ("model", "models", "weights", "quality"),
    [
        ("small", ("small",), (), None),
        ("[small, house]", ("small", "house"), (), None),
        ("{small: 95, house: 5}", ("small", "house"), (95.0, 5.0), None),
        ("{cheapest_of: [small, house], quality: 0.85}", ("small", "house"), (), 0.85),
    ],
)
def test_a_model_is_named_in_four_ways(
    tmp_path: Path, model: str, models: tuple[str, ...], weights: tuple[float, ...], quality: float | None
) -> None:
    route = loaded(tmp_path, routes=f"routes: [{{name: rest, model: {model}}}]\n").routes[0]
    assert (route.models, route.weights, route.quality) == (models, weights, quality)


def test_a_route_says_how_its_models_are_asked(tmp_path: Path) -> None:
    text = (
        "routes:\n- name: rest\n  model: house\n  timeouts: {first_token: 3s, total: 20s}\n  retries: 1\n"
        "  retry_on: ['429', reset]\n  fallback_on: [timeout, context_length]\n  hold_back: {tokens: 20, time: 1s}\n"
    )
    policy = loaded(tmp_path, routes=text)
    (route,) = policy.routes
    assert route.hold_back == HoldBack(20, 1.0)
    assert route.fallback_on == frozenset({"provider_timeout", "context_length_exceeded"})
    assert route.terms.total == 20.0
    (asked,) = in_order(policy, route, "")
    own = policy.models["house"]
    assert asked.timeouts == replace(own.timeouts, first_token=3.0)
    assert (asked.retries, asked.retry_on) == (1, frozenset({"429", "reset"}))
    assert replace(asked, timeouts=own.timeouts, retries=own.retries, retry_on=own.retry_on) == own


@pytest.mark.parametrize(
    ("said", "back"),
    [("all", HoldBack()), ("{tokens: 5}", HoldBack(5)), ("{time: 500ms}", HoldBack(None, 0.5))],
)
def test_how_much_is_held_back(tmp_path: Path, said: str, back: HoldBack) -> None:
    text = f"routes: [{{name: rest, model: house, hold_back: {said}}}]\n"
    assert loaded(tmp_path, routes=text).routes[0].hold_back == back


def test_keys_that_come_later_load_with_a_warning(tmp_path: Path) -> None:
    text = "routes:\n- name: rest\n  model: house\n  cache: {ttl: 1h}\n  judge: {model: small}\n"
    assert [warning.message for warning in loaded(tmp_path, routes=text).warnings] == [
        f"a route: {key} is not enforced yet" for key in ("cache", "judge")
    ]


@pytest.mark.parametrize(
    ("route", "column"),
    [
        ("model: [small, house, small]", 45),
        ("model: [small, house], fallback: [house]", 57),
        ("model: small, fallback: small", 47),
        ("model: house, fallback: [small, small]", 55),
        ("model: {small: 95, house: 5}, fallback: [small]", 0),
        ("model: {cheapest_of: [small, house], quality: 0.5}, fallback: [small]", 0),
    ],
)
def test_a_model_that_is_named_twice_in_a_route_is_warned_about(
    tmp_path: Path, route: str, column: int
) -> None:
    policy = loaded(tmp_path, routes=f"routes: [{{name: rest, {route}}}]\n")
    assert [warning.column for warning in policy.warnings] == ([column] if column else [])
    assert all("is asked once" in warning.message for warning in policy.warnings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- {name: a, when: task == codign, model: house}\n" + REST, "routes.yaml:2:27: codign is not a label of task; did you mean coding?"),
        ("- {name: a, when: 'freshness == confidential', model: house}\n" + REST, "routes.yaml:2:30: freshness is compared with a label of sensitivity"),
        ("- name: a\n  when: >-\n    task == coding\n    && 'emial' in findings\n  model: house\n" + REST, "routes.yaml:5:8: \"emial\" is not a known finding; did you mean \"email\"?"),
        ("- {name: a, when: knowledge.handbok > 0.5, model: house}\n" + REST, "routes.yaml:2:28: there is no knowledge base handbok; did you mean handbook?"),
        ("- {name: a, when: task == coding, model: hose}\n" + REST, "routes.yaml:2:42: there is no model hose; did you mean house?"),
        ("- {name: a, when: task == coding, model: embed}\n" + REST, "routes.yaml:2:42: embed is of kind embedding, and chat is wanted here"),
        ("- {name: a, when: task == coding, model: house, fallback: [smal]}\n" + REST, "routes.yaml:2:60: there is no model smal; did you mean small?"),
        ("- {name: a, when: task == coding, model: house, retrieve: {from: [handbok]}}\n" + REST, "routes.yaml:2:67: there is no knowledge base handbok; did you mean handbook?"),
        ("- {name: a, when: task == coding, model: house, tools: {from: [cmr]}}\n" + REST, "routes.yaml:2:64: there is no tool source cmr; did you mean crm?"),
        ("- {name: a, when: task == coding, model: {small: 95, hose: 5}}\n" + REST, "routes.yaml:2:54: there is no model hose; did you mean house?"),
        ("- {name: a, when: task == coding, model: {cheapest: [small], quality: 0.5}}\n" + REST, "routes.yaml:2:43: model has no key cheapest; did you mean cheapest_of?"),
        ("- {name: a, when: task == coding, model: {small: 0}}\n" + REST, "routes.yaml:2:42: the weights add up to nothing"),
        ("- {name: a, when: task == coding, modle: house, model: house}\n" + REST, "routes.yaml:2:35: a route has no key modle; did you mean model?"),
        ("- {name: a, when: task == coding}\n" + REST, "routes.yaml:2:3: a route needs model"),
        ("- {name: rest, when: task == coding, model: house}\n" + REST, "routes.yaml:3:10: rest is defined already, at routes.yaml:2"),
        ("- {name: b, when: task == math_reasoning, model: house}\n- {name: a, when: task == coding, model: house}\n", "routes.yaml:3:13: no route serves the rest; end with a route without 'when:'"),
        ("- {name: all, model: house}\n" + REST, "routes.yaml:2:3: all matches everything, so later routes are never reached"),
        ("- {name: rest, model: house, disabled: true}\n", "routes.yaml:2:3: rest serves the rest and is disabled"),
        ("- {name: a b, when: task == coding, model: house}\n" + REST, "routes.yaml:2:10: 'a b' is no name"),
        ("- {name: a, when: task == coding, model: []}\n" + REST, "routes.yaml:2:42: the list is empty; name at least one"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_route_is_told_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    printed = [str(m) for m in mistakes(tmp_path, routes="routes:\n" + text, k=KNOWLEDGE, t=TOOLS)]
    assert any(line.startswith(expected) for line in printed), printed


@pytest.mark.parametrize("routes", ["routes: []\n", "routes: {}\n"])
def test_where_there_is_no_route_none_is_asked_to_serve_the_rest(tmp_path: Path, routes: str) -> None:
    assert "serves the rest" not in only_mistake(tmp_path, routes=routes)
