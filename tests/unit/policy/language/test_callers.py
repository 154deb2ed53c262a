# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

from pathlib import Path

import pytest

from gateway.types import Label
from tests.policies import loaded, only_mistake

DIGEST = "9f" * 32


def test_a_caller_is_read_with_the_hash_of_its_key(tmp_path: Path) -> None:
    text = f"callers: [{{name: app, key_sha256: {DIGEST}, team: support, label: internal, clearance: confidential, may_use: [auto, 'route/*', small], admin: true}}]\n"
    (known,) = loaded(tmp_path, c=text).callers
    caller = known.caller
    assert (known.key_sha256, caller.team, caller.admin) == (DIGEST, "support", True)
    assert (caller.label, caller.clearance) == (Label.INTERNAL, Label.CONFIDENTIAL)
    assert caller.may_use == ("auto", "route/*", "small")


def test_a_caller_may_use_everything_and_is_public_unless_said(tmp_path: Path) -> None:
    (known,) = loaded(tmp_path, c=f"callers: [{{name: app, key_sha256: {DIGEST}}}]\n").callers
    assert (known.caller.may_use, known.caller.clearance) == (("*",), Label.PUBLIC)


def test_budgets_and_limits_load_with_the_warning_that_they_are_not_enforced_yet(tmp_path: Path) -> None:
    text = f"callers:\n- name: app\n  key_sha256: {DIGEST}\n  budget: {{usd: 50, per: month}}\n  limits: {{requests: 600/min, tokens: 200k/min, concurrent: 20}}\n"
    assert tuple(map(str, loaded(tmp_path, c=text).warnings)) == (
        "c.yaml:4:3: a caller: budget is not enforced yet",
        "c.yaml:5:3: a caller: limits is not enforced yet",
    )


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("name: app, key_sha256: abc", "c.yaml:1:35: key_sha256 is 64 hexadecimal digits, and these are 3; make it with `pointsman keys hash`"),
        ("name: app", "c.yaml:1:11: a caller needs key_sha256"),
        (f"name: app, key_sha256: {DIGEST}, may_use: [smal]", "c.yaml:1:111: there is no model, route or alias smal; did you mean small?"),
        (f"name: app, key_sha256: {DIGEST}, may_use: ['gtp*']", "c.yaml:1:111: there is no model, route or alias gtp*"),
        (f"name: app, key_sha256: {DIGEST}, budget: {{usd: 5, per: moth}}", "c.yaml:1:123: moth is not known here; did you mean month?"),
        (f"name: app, key_sha256: {DIGEST}, limits: {{requests: 600}}", "c.yaml:1:120: '600' is no rate"),
        (f"name: app, key_sha256: {DIGEST}, clearence: internal", "c.yaml:1:101: a caller has no key clearence; did you mean clearance?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(tmp_path: Path, entry: str, expected: str) -> None:
    assert only_mistake(tmp_path, c=f"callers: [{{{entry}}}]\n").startswith(expected)


def test_two_callers_with_one_key_are_a_mistake(tmp_path: Path) -> None:
    text = f"callers: [{{name: a, key_sha256: {DIGEST}}}, {{name: b, key_sha256: {DIGEST}}}]\n"
    assert "is defined already" in only_mistake(tmp_path, c=text)
