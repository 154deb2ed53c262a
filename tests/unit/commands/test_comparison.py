from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from gateway.accounting.history import Row
from gateway.commands.comparison import EXAMPLES, Comparison, Report
from gateway.commands.replay import Fate, Replayer, Served
from gateway.policy.evaluate import Facts
from gateway.policy.schema import Policy, Price
from gateway.types import Label, Task, Usage
from tests.facts import credential, facts
from tests.ledgers import row
from tests.policies import KNOWLEDGE, MODELS, loaded

PRICED = MODELS.replace("clearance: internal", "clearance: internal, price: {input: 2, output: 10}")
REST = "  - {name: rest, model: [small, house]}\n"
CODE = "  - {name: code, when: task == coding, model: house}\n"
BLOCK = "guards: [{name: no-keys, when: '\"credential\" in findings', block: Take it out.}]\n"
LEAK = facts(label=Label.RESTRICTED, findings=(credential(),))
HOUSE = {"house": Price(1.0, 4.0), "small": Price(2.0, 10.0)}


def policy(folder: Path, routes: str = REST, **files: str) -> Policy:
    folder.mkdir(exist_ok=True)
    return loaded(folder, **{"models": PRICED, "routes": "routes:\n" + routes, **files})


def kept(old: Policy, asked: Facts, name: str = "r", **more: object) -> Row:
    made = row(old, asked, name, **more)  # type: ignore[arg-type]
    return msgspec.json.decode(msgspec.json.encode(made, enc_hook=str), type=Row, strict=False)


def compared(new: Policy, *rows: Row, prices: dict[str, Price] = HOUSE, torn: int = 0) -> Report:
    comparison, replayer = Comparison(prices, lambda replayed: "because"), Replayer(new)
    for one in rows:
        comparison.add(one, replayer.replay(one))
    for _ in range(torn):
        comparison.torn()
    return comparison.report()


def test_decisions_are_counted_by_where_they_go(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", CODE + REST)
    report = compared(new, *[kept(old, facts(task)) for task in (Task.CODING, Task.CODING, Task.CHIT_CHAT)])
    counts = report.counts
    assert (counts.rows, counts.replayed, counts.changed) == (3, 3, 2)
    assert (counts.changed_route, counts.changed_model, counts.fates) == (2, 2, {})
    (move,) = report.moves
    assert (move.before, move.after, move.count) == (
        Served(Fate.SERVED, "rest", "small"),
        Served(Fate.SERVED, "code", "house"),
        2,
    )


def test_what_is_newly_blocked_and_no_longer_refused_is_told(tmp_path: Path) -> None:
    old, strict = policy(tmp_path / "old"), policy(tmp_path / "new", guards=BLOCK)
    assert compared(strict, kept(old, LEAK)).counts.fates == {"newly blocked": 1}
    assert compared(old, kept(strict, LEAK)).counts.fates == {"no longer blocked": 1}
    narrow = policy(tmp_path / "narrow", "  - {name: rest, model: small}\n")
    assert compared(strict, kept(narrow, LEAK)).counts.fates == {"newly blocked": 1, "no longer refused": 1}


def test_what_cannot_be_replayed_is_counted_by_its_reason(tmp_path: Path) -> None:
    tier = "  - {name: gold, when: 'request.metadata.tier == \"gold\"', model: house}\n"
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", tier + REST)
    made = kept(old, facts())
    assert made.request is not None
    gone = msgspec.structs.replace(made, request=msgspec.structs.replace(made.request, metadata=None))
    early = msgspec.structs.replace(made, decision=None)
    counts = compared(new, made, gone, early, torn=2).counts
    assert (counts.rows, counts.replayed, counts.changed) == (5, 1, 0)
    assert (counts.undecided, counts.unreadable) == (1, 2)
    assert counts.unknown == {"gold reads request.metadata.tier": 1}


def test_the_cost_of_another_model_is_the_tokens_really_used_at_its_price(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", CODE + REST)
    used = Usage(input=1_000_000, output=100_000)
    report = compared(new, kept(old, facts(Task.CODING), usage=used), kept(old, facts()))
    (exchanged,) = report.cost.exchanged
    assert (exchanged.before, exchanged.after, exchanged.usage) == ("small", "house", used)
    assert (exchanged.then, exchanged.now) == (Decimal("3.0"), Decimal("1.4"))
    assert (report.cost.then, report.cost.now) == (Decimal("3.004"), Decimal("1.404"))
    assert report.cost.difference == Decimal("-1.6")


def test_a_model_without_a_price_is_counted_and_not_in_the_sums(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", CODE + REST)
    cost = compared(new, kept(old, facts(Task.CODING)), kept(old, facts()), prices={}).cost
    assert (cost.then, cost.now) == (Decimal("0.004"), Decimal("0.004"))
    assert cost.unknown == {"house has no price": 1}
    assert cost.exchanged[0].now is None
    cost = compared(old, kept(new, facts(Task.CODING))).cost
    assert cost.unknown == {"a model that answered had no price": 1}


def test_what_is_blocked_now_costs_nothing_more(tmp_path: Path) -> None:
    priced = PRICED.replace("clearance: restricted", "clearance: restricted, price: {input: 1, output: 4}")
    old = policy(tmp_path / "old", models=priced)
    cost = compared(policy(tmp_path / "new", guards=BLOCK), kept(old, LEAK)).cost
    assert (cost.then, cost.now) == (Decimal("0.0018"), Decimal(0))
    assert (cost.exchanged[0].before, cost.exchanged[0].after) == ("house", None)


def test_what_was_not_answered_has_no_known_cost_where_it_would_be(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old", guards=BLOCK), policy(tmp_path / "new")
    cost = compared(new, kept(old, LEAK)).cost
    assert (cost.then, cost.now) == (Decimal(0), Decimal(0))
    assert cost.unknown == {"its tokens are not known: it was not answered, or they were not counted": 1}


def test_a_gain_of_retrieval_is_counted_since_its_tokens_are_not_known(tmp_path: Path) -> None:
    look = "  - {name: look, when: task == coding, model: house, retrieve: {from: [handbook]}}\n"
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", look + REST, k=KNOWLEDGE)
    assert compared(new, kept(old, facts(Task.CODING))).cost.shape_changes == 1


def test_without_scores_there_is_no_quality(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", CODE + REST)
    assert compared(new, kept(old, facts(Task.CODING))).quality == ()


def test_quality_compares_models_on_requests_of_the_same_task(tmp_path: Path) -> None:
    """On chat the models differ as well; what changes is coding alone."""
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", CODE + REST)
    coded = [kept(old, facts(Task.CODING), scores={"judge": 0.2}) for _ in range(40)]
    house = [kept(old, facts(Task.CODING, model="house"), scores={"judge": 0.8}) for _ in range(40)]
    chat = [kept(old, facts(model="house"), scores={"judge": 0.0}) for _ in range(40)]
    (quality,) = compared(new, *coded, *house, *chat).quality
    assert {scored.model: scored.count for scored in quality.models} == {"small": 40, "house": 80}
    assert (quality.evaluator, quality.changed, quality.comparable) == ("judge", 40, 40)
    assert quality.difference is not None
    assert quality.difference.mean == pytest.approx(0.6)
    assert 0.3 < quality.difference.low < 0.6 < quality.difference.high < 0.8


def test_what_a_fallback_answered_has_not_changed_its_model(tmp_path: Path) -> None:
    """Its first model stays, and so would the fallback."""
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", REST.replace("rest", "all"))
    asked = kept(old, facts(), scores={"judge": 0.9})
    fallen = msgspec.structs.replace(kept(old, facts(), scores={"judge": 0.1}), model="house")
    report = compared(new, asked, fallen)
    assert (report.counts.changed_route, report.counts.changed_model) == (2, 0)
    assert (report.quality[0].changed, report.quality[0].difference) == (0, None)


def test_quality_that_cannot_be_compared_is_said(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", CODE + REST)
    (quality,) = compared(new, kept(old, facts(Task.CODING), scores={"judge": 1.0})).quality
    assert (quality.changed, quality.comparable, quality.difference) == (1, 0, None)


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_that_is_no_share_is_left_out(tmp_path: Path, score: float) -> None:
    made = msgspec.structs.replace(kept(policy(tmp_path), facts()), scores={"judge": score})
    assert compared(policy(tmp_path), made).quality == ()


def test_ten_examples_show_every_kind_of_change_before_any_again(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", CODE + REST, guards=BLOCK)
    many = [kept(old, facts(Task.CODING), f"code-{n}") for n in range(30)]
    examples = compared(new, *many, kept(old, LEAK, "leak")).examples
    assert len(examples) == EXAMPLES
    assert [example.id for example in examples[:3]] == ["code-0", "leak", "code-1"]
    assert (examples[1].after, examples[1].why) == (Served(Fate.BLOCKED, "no-keys"), "because")
