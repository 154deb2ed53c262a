from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gateway.accounting.history import Row
from gateway.classify.entities import finding
from gateway.commands.change import why
from gateway.commands.replay import Replayer
from gateway.policy.evaluate import Facts
from gateway.policy.schema import Policy
from gateway.types import Caller, Label, Task
from tests.facts import credential, facts
from tests.ledgers import row
from tests.policies import MODELS, loaded

REST = "  - {name: rest, model: [small, house]}\n"
CODE = "  - {name: code, when: task == coding, model: house}\n"
BLOCK = "guards: [{name: no-keys, when: '\"credential\" in findings', block: Take it out.}]\n"
MASK = (
    "guards: [{name: no-keys, when: '\"credential\" in findings', mask: [credential], lowers_to: public}]\n"
)
LEAK = facts(label=Label.RESTRICTED, findings=(credential(),))
EMAIL = facts(label=Label.CONFIDENTIAL, findings=(finding("email", 0, 3, 20, 0.99),))


def policy(folder: Path, routes: str = REST, **files: str) -> Policy:
    folder.mkdir()
    return loaded(folder, routes="routes:\n" + routes, **files)


def told(old: Policy, new: Policy, asked: Facts) -> str:
    made = msgspec.json.decode(msgspec.json.encode(row(old, asked), enc_hook=str), type=Row, strict=False)
    replayed = Replayer(new).replay(made)
    assert replayed is not None
    assert replayed.before != replayed.after
    return why(new, replayed)


def test_a_route_that_matches_earlier_is_told_with_what_its_condition_read(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", CODE + REST)
    assert told(old, new, facts(Task.CODING)) == "code: task == coding (task = coding)"


def test_a_route_that_no_longer_matches_is_told_where_another_takes_its_place(tmp_path: Path) -> None:
    old = policy(tmp_path / "old", CODE + REST)
    narrower = CODE.replace("coding,", "coding && freshness == live,")
    new = policy(tmp_path / "new", narrower + REST)
    assert told(old, new, facts(Task.CODING)) == (
        "no longer code: task == coding && freshness == live (freshness = static, task = coding)"
    )


def test_a_route_that_is_gone_is_told(tmp_path: Path) -> None:
    old, new = policy(tmp_path / "old", CODE + REST), policy(tmp_path / "new")
    assert told(old, new, facts(Task.CODING)) == "the route code is gone"


def test_a_guard_that_blocks_and_one_that_no_longer_does_are_told(tmp_path: Path) -> None:
    open_, strict = policy(tmp_path / "open"), policy(tmp_path / "strict", guards=BLOCK)
    masking = policy(tmp_path / "masking", guards=MASK)
    said = 'no-keys: "credential" in findings (findings = [credential, password])'
    assert told(open_, strict, LEAK) == f"guard {said}"
    assert told(strict, open_, LEAK) == "the guard no-keys is gone"
    assert told(strict, masking, LEAK) == "the guard no-keys masks now"


def test_a_guard_that_looks_for_something_else_is_told_with_its_condition(tmp_path: Path) -> None:
    strict = policy(tmp_path / "strict", guards=BLOCK)
    other = policy(tmp_path / "other", guards=BLOCK.replace('"credential"', '"payment"'))
    assert told(strict, other, LEAK) == (
        'no longer no-keys: "payment" in findings (findings = [credential, password])'
    )


@pytest.mark.parametrize(
    ("models", "routes", "reason"),
    [
        (MODELS, "  - {name: rest, model: [house, small]}\n", "the route begins with house"),
        (
            MODELS.replace("clearance: internal", "clearance: internal, disabled: true"),
            REST,
            "small is out of service",
        ),
        (
            MODELS.replace("clearance: internal", "clearance: internal, disabled: true"),
            REST.replace("[small, house]", "small"),
            "no model of it is in service",
        ),
        (MODELS.replace("name: small", "name: tiny"), REST.replace("small", "tiny"), "small is gone"),
        (MODELS.replace("internal", "public"), REST, "small is not cleared for internal"),
    ],
)
def test_why_the_route_begins_with_another_model(
    tmp_path: Path, models: str, routes: str, reason: str
) -> None:
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", routes, models=models)
    assert told(old, new, facts(label=Label.INTERNAL, caller=Caller("app", label=Label.INTERNAL))) == reason


def test_a_clearance_that_lets_a_model_in_or_leaves_none_is_told(tmp_path: Path) -> None:
    none = policy(tmp_path / "none", REST.replace("[small, house]", "small"))
    some = policy(tmp_path / "some")
    asked = facts(label=Label.RESTRICTED)
    assert told(none, some, asked) == "house is cleared for restricted"
    assert told(some, none, asked) == "no model of it is cleared for restricted"


def test_a_model_that_is_in_service_again_is_told(tmp_path: Path) -> None:
    out = policy(tmp_path / "out", REST, models=MODELS.replace("clearance:", "disabled: true, clearance:"))
    assert told(out, policy(tmp_path / "in"), facts()) == "small is in service"


def test_masking_that_lowers_the_label_is_told(tmp_path: Path) -> None:
    mask = "guards: [{name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}]\n"
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", guards=mask)
    assert told(old, new, EMAIL) == "masking leaves internal, and small is cleared for that"


def test_a_request_that_is_rejected_is_told(tmp_path: Path) -> None:
    callers = f"callers: [{{name: other, key_sha256: {'ab' * 32}}}]\n"
    old, new = policy(tmp_path / "old"), policy(tmp_path / "new", c=callers)
    assert told(old, new, facts()) == "rejected: no such caller"
