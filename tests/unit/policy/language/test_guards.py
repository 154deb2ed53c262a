# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.mistakes import PolicyMistakes
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


CALLERS = f"callers: [{{name: shop, key_sha256: {'a' * 64}, team: web}}]\n"
TEAMS = """\
guards:
  - {name: g, when: caller.team != "wbe" && caller.name != "shopp", block: x}
routes:
  - {name: team, when: caller.team == "web", model: house}
  - {name: rest, model: house}
"""


def test_a_team_and_a_name_that_no_caller_has_are_warned_about(tmp_path: Path) -> None:
    warnings = loaded(tmp_path, callers=CALLERS, routes=TEAMS).warnings
    assert [str(warning) for warning in warnings] == [
        'routes.yaml:2:36: "wbe" is not the team of any caller; did you mean "web"?',
        'routes.yaml:2:60: "shopp" is not the name of any caller; did you mean "shop"?',
    ]


def test_without_callers_nobody_has_a_team_and_everybody_is_called_anyone(tmp_path: Path) -> None:
    routes = (
        "routes:\n- {name: t, when: caller.team == 'web' && caller.name == 'anyone', model: house}\n" + REST
    )
    (warning,) = loaded(tmp_path, routes=routes).warnings
    assert warning.message == '"web" is not the team of any caller'


def test_where_the_callers_cannot_be_read_no_team_is_doubted(tmp_path: Path) -> None:
    with pytest.raises(PolicyMistakes) as raised:
        loaded(tmp_path, callers=CALLERS + "\t- x\n", routes=TEAMS)
    assert raised.value.warnings == ()
