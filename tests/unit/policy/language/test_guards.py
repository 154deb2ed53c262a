# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

from pathlib import Path

import pytest

from gateway.types import Label
from tests.policies import loaded, only_mistake

REST = "- {name: rest, model: house}\n"


def test_a_guard_that_blocks_is_read(tmp_path: Path) -> None:
    text = "guards: [{name: g, when: '\"credential\" in findings', block: Take it out.}]\n"
    (guard,) = loaded(tmp_path, g=text).guards
    assert (guard.name, guard.block, guard.mask) == ("g", "Take it out.", ())


def test_a_guard_that_masks_is_read(tmp_path: Path) -> None:
    text = "guards:\n- name: g\n  when: sensitivity == confidential\n  mask: [email, contact]\n  lowers_to: internal\n"
    policy = loaded(tmp_path, g=text)
    assert (policy.guards[0].mask, policy.guards[0].lowers_to) == (("email", "contact"), Label.INTERNAL)
    assert (policy.guards[0].accept_residual, policy.warnings) == (False, ())


def test_a_condition_on_what_nobody_measures_yet_is_warned_about(tmp_path: Path) -> None:
    text = "routes:\n- {name: hard, when: difficulty > 0.5, model: house}\n" + REST
    assert tuple(map(str, loaded(tmp_path, routes=text).warnings)) == (
        "routes.yaml:2:22: difficulty is not measured yet, so it is unknown in every request",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: g, when: task == coding", "g.yaml:1:10: a guard blocks or masks"),
        ("name: g, when: task == coding, block: x, lowers_to: public", "g.yaml:1:63: lowers_to goes with mask"),
        ("name: g, when: task == coding, block: x, mask: [email]", "g.yaml:1:10: a guard blocks or masks"),
        ("name: g, block: x", "g.yaml:1:10: a guard needs when"),
        ("name: g, when: task == coding, mask: [emial]", "g.yaml:1:49: emial is not a known finding; did you mean email?"),
        ("name: g, when: task == coding, block: ''", "g.yaml:1:49: the text is empty; say what is meant"),
        ("name: g, when: task == coding, block: 'see ${KEY}'", "g.yaml:1:49: a variable is read in secret fields only"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_guard_is_told_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert only_mistake(tmp_path, g=f"guards: [{{{text}}}]\n").startswith(expected)
