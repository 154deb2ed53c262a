from __future__ import annotations

from pathlib import Path

from gateway.policy.analysis.folded import Folded, folded, outcome_of
from gateway.policy.analysis.matrix import matrix_of, ways_at
from gateway.policy.analysis.space import Point
from gateway.types import Caller, Freshness, Label, Task
from tests.policies import loaded

ROUTES = """\
routes:
  - {name: code, when: task == coding && freshness != live, model: [small, house]}
  - {name: rest, model: [small, house]}
"""
GUARDS = """\
guards:
  - {name: keys, when: '"credential" in findings', block: No.}
  - {name: stop, when: sensitivity == restricted, block: No.}
"""


def table(tmp_path: Path, caller: Caller | None = None, **files: str) -> Folded:
    matrix = matrix_of(loaded(tmp_path, **files), caller)
    return folded(matrix, matrix.cells)


def test_equal_cells_are_one_row_and_equal_outcomes_are_told_once(tmp_path: Path) -> None:
    made = table(tmp_path, routes=ROUTES)
    rest, code, unsure = made.rows[0], made.rows[1], made.rows[2]
    assert (len(rest.tasks), len(rest.freshnesses)) == (14, 5)
    assert (code.tasks, len(code.freshnesses)) == ((Task.CODING,), 3)
    assert unsure.tasks == (Task.CODING,)
    assert unsure.freshnesses == (Freshness.LIVE, None)
    assert rest.places == unsure.places != code.places
    assert rest.places[Label.PUBLIC] == rest.places[Label.INTERNAL] != rest.places[Label.CONFIDENTIAL]
    assert len(made.outcomes) == 4


def test_every_cell_is_in_one_row(tmp_path: Path) -> None:
    rows = table(tmp_path, routes=ROUTES, guards=GUARDS).rows
    cells = [(task, freshness) for row in rows for task in row.tasks for freshness in row.freshnesses]
    assert len(cells) == len(set(cells)) == 75


def test_a_guard_that_may_block_alike_everywhere_is_told_once(tmp_path: Path) -> None:
    made = table(tmp_path, routes=ROUTES, guards=GUARDS)
    assert made.everywhere == (("keys", '"credential" in findings'),)
    blocks = [path.rule for outcome in made.outcomes for path in outcome.blocks]
    assert blocks == ["stop"]


def test_a_label_that_stays_is_no_part_of_an_outcome_and_one_that_masking_leaves_is(tmp_path: Path) -> None:
    guards = "guards: [{name: m, when: sensitivity == restricted, mask: [email], lowers_to: public}]\n"
    policy = loaded(tmp_path, guards=guards)
    plain = outcome_of(ways_at(policy, Point(None, None, Label.PUBLIC)))
    assert [path.after for path in plain.paths] == [None]
    masked = outcome_of(ways_at(policy, Point(None, None, Label.RESTRICTED)))
    assert [path.after for path in masked.paths] == [None, Label.CONFIDENTIAL, Label.INTERNAL, Label.PUBLIC]


def test_labels_that_a_caller_cannot_have_have_no_place(tmp_path: Path) -> None:
    made = table(tmp_path, Caller("app", label=Label.CONFIDENTIAL))
    (row,) = made.rows
    assert row.places == (None, None, 0, 0)
