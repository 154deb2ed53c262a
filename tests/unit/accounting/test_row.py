"""The rows of requests."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounting.account import account_of
from gateway.accounting.bill import Bill, Line
from gateway.accounting.exchange import Exchange
from gateway.accounting.row import Rows
from gateway.classify.detect import Detector
from gateway.policy.evaluate import Decision, Reason, Verdict
from gateway.policy.schema import Knowledge, Model, Policy, Route
from gateway.types import Caller, Guess, Label, Refused, Retrieved, Task, Tried, Usage
from tests.facts import credential, facts

FIND = Detector().find
NOTHING = Bill((), (), None)
POLICY = Policy("rev", {"small": Model("small", "openai", "m")}, (Route("rest"), Route("code")))


def row(exchange: Exchange, bill: Bill = NOTHING, rows: Rows | None = None) -> Any:
    made = (rows or Rows()).row_of(exchange, account_of(exchange, bill), FIND)
    return msgspec.json.decode(made.value)


def decided(route: Route, outcome: bool | None = True) -> Exchange:
    decision = Decision(
        route,
        Reason.MATCHED,
        Label.PUBLIC,
        tuple(POLICY.models.values()),
        tried=(Verdict(route.name, outcome),),
    )
    return Exchange("id", 1.0, 0.0, POLICY, caller=Caller("app"), decision=decision)


@pytest.mark.parametrize(
    ("said", "kept"), [("stop", "stop"), (None, None), ("my password is hunter2", "other")]
)
def test_how_an_answer_ended_is_one_of_a_few_words(said: str | None, kept: str | None) -> None:
    assert row(Exchange("id", 1.0, 0.0, POLICY, finish=said))["finish"] == kept


def test_a_request_that_nothing_is_known_of_has_a_row() -> None:
    made = row(Exchange("id", 1.0, 0.0, POLICY))
    assert (made["id"], made["at"], made["policy"]) == ("id", "1970-01-01T00:00:00Z", "rev")
    assert {made[name] for name in ("caller", "request", "signals", "decision", "masked")} == {None}


def test_each_try_is_in_it_with_its_deployment_and_its_outcome() -> None:
    exchange = Exchange("id", 1.0, 0.0, POLICY)
    exchange.tries.append(Tried("small", "provider_timeout", Usage(input=3), 0.5, deployment="one:80"))
    exchange.tries.append(
        Tried("small", "ok", Usage(input=4), 0.25, 0.125, None, "two:80", again=True, queued_seconds=0.5)
    )
    first, second = row(exchange)["tries"]
    assert (first["outcome"], first["deployment"], first["again"]) == ("provider_timeout", "one:80", False)
    assert second["usage"]["input"] == 4
    assert {name: second[name] for name in second if name not in ("model", "usage")} == {
        "outcome": "ok",
        "seconds": 0.25,
        "first_token_seconds": 0.125,
        "confidence": None,
        "deployment": "two:80",
        "again": True,
        "queued_seconds": 0.5,
    }
    assert row(exchange)["usage"]["input"] == 4


def test_waste_is_part_of_the_cost_and_told_apart() -> None:
    lines = (
        Line("small", "waste", Decimal("0.1"), "policy"),
        Line("small", "answer", Decimal("0.25"), "policy"),
    )
    made = row(Exchange("id", 1.0, 0.0, POLICY), Bill(lines, (), None))
    assert (made["cost_usd"], made["waste_usd"]) == ("0.35", "0.1")
    assert made["costs"][0] == {"model": "small", "purpose": "waste", "usd": "0.1", "price": "policy"}


def test_what_is_kept_of_callers_and_decisions_is_theirs_in_every_row() -> None:
    rows, (rest, code) = Rows(), POLICY.routes
    for _ in range(2):
        for route, outcome in ((rest, True), (code, True), (rest, None)):
            made = row(decided(route, outcome), rows=rows)
            assert made["decision"]["route"] == route.name
            assert made["decision"]["routes"] == {route.name: outcome}
            assert made["decision"]["candidates"] == ["small"]
            assert made["caller"]["name"] == "app"


def test_another_policy_has_its_own_decisions() -> None:
    rows = Rows()
    other = replace(decided(POLICY.routes[0]), policy=replace(POLICY, revision="next"))
    assert row(decided(POLICY.routes[0]), rows=rows)["policy"] == "rev"
    assert row(other, rows=rows)["policy"] == "next"


def test_a_base_that_was_not_asked_is_null() -> None:
    bases = {name: Knowledge(name, ("*",)) for name in ("book", "wiki")}
    exchange = Exchange("id", 1.0, 0.0, replace(POLICY, knowledge=bases))
    exchange.signals = facts(knowledge={"book": 0.12345}, findings=(credential(),)).signals
    exchange.note(Retrieved(("book",), (), (0.5,)))
    exchange.note(Refused("model", "small", Label.RESTRICTED))
    made = row(exchange)
    assert made["signals"]["knowledge"] == {"book": 0.123, "wiki": None}
    assert made["signals"]["findings"] == [["password", "credential", 0, 3, 9, 0.99]]
    assert made["retrievals"] == [{"knowledge": ["book"], "sources": [], "scores": [], "seconds": [0.5]}]
    assert made["refusals"] == [{"kind": "model", "destination": "small", "label": "restricted"}]


@given(st.dictionaries(st.sampled_from([task.value for task in Task]), st.floats(0, 1), min_size=1))
def test_probabilities_are_kept_to_three_places_and_those_below_a_hundredth_not(
    shares: dict[str, float],
) -> None:
    exchange = Exchange("id", 1.0, 0.0, POLICY)
    exchange.signals = replace(facts().signals, task=Guess(Task.CODING, max(shares.values()), False, shares))
    kept = row(exchange)["signals"]["task"]
    assert kept["probability"] == pytest.approx(max(shares.values()), abs=0.0005000001)
    assert kept["probabilities"].keys() == {name for name, share in shares.items() if share >= 0.01}
    assert all(abs(share - shares[name]) <= 0.0005000001 for name, share in kept["probabilities"].items())
    assert all(len(str(share)) <= 5 for share in kept["probabilities"].values())
