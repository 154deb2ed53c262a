from __future__ import annotations

from pathlib import Path

from gateway.policy.analysis.diff import Difference, diff
from gateway.types import Label, Task
from tests.policies import loaded

ROUTES = "routes:\n- {name: code, when: task == coding, model: house}\n- {name: rest, model: house}\n"
KEYS = "guards: [{name: keys, when: '\"credential\" in findings', block: No.}]\n"
STOP = "guards: [{name: stop, when: sensitivity == restricted, block: No.}]\n"


def between(tmp_path: Path, old: dict[str, str], new: dict[str, str]) -> Difference:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    return diff(loaded(tmp_path / "old", **old), loaded(tmp_path / "new", **new))


def test_nothing_differs_between_a_policy_and_itself(tmp_path: Path) -> None:
    assert not between(tmp_path, {"routes": ROUTES}, {"routes": "# a remark\n" + ROUTES})


def test_cells_that_go_another_way_are_told_together(tmp_path: Path) -> None:
    new = ROUTES.replace("model: house}\n- {name: rest", "model: small}\n- {name: rest")
    difference = between(tmp_path, {"routes": ROUTES}, {"routes": new})
    served, gap = difference.cells
    assert [box.labels for box in served.boxes] == [(Label.PUBLIC, Label.INTERNAL)]
    assert (served.boxes[0].tasks, served.cells, served.opens_a_gap) == ((Task.CODING,), 10, False)
    assert [path.models for path in served.before.routes] == [("house",)]
    assert [path.models for path in served.after.routes] == [("small",)]
    assert (gap.cells, gap.opens_a_gap) == (10, True)


def test_a_guard_that_went_blocks_less_and_one_that_came_does_not(tmp_path: Path) -> None:
    (change,) = between(tmp_path, {"guards": STOP}, {}).cells
    assert (change.cells, change.blocks_less) == (75, True)
    (tmp_path / "again").mkdir()
    (other,) = between(tmp_path / "again", {}, {"guards": STOP}).cells
    assert not other.blocks_less


def test_a_guard_of_every_cell_is_told_once_and_not_in_each(tmp_path: Path) -> None:
    difference = between(tmp_path, {"guards": KEYS}, {})
    assert (difference.gone, difference.new) == ((("keys", '"credential" in findings'),), ())
    assert difference.cells == ()
    assert difference


def test_a_guard_of_every_cell_that_shrinks_to_some_is_told_in_the_others(tmp_path: Path) -> None:
    fewer = KEYS.replace("'\"", "'task == coding && \"")
    difference = between(tmp_path, {"guards": KEYS}, {"guards": fewer})
    assert (difference.gone, difference.new) == ((), ())
    assert sum(change.cells for change in difference.cells if change.blocks_less) == 260


MASK = """\
guards: [{name: hide, when: 'sensitivity == confidential && caller.team == "%s"', mask: [email]}]
"""


def test_another_condition_of_the_same_rule_is_told_once_for_all_its_cells(tmp_path: Path) -> None:
    (change,) = between(tmp_path, {"guards": MASK % "a"}, {"guards": MASK % "b"}).cells
    assert change.cells == 75
    assert [mask.when for mask in change.before.masks] == ['caller.team == "a"']
    assert [mask.when for mask in change.after.masks] == ['caller.team == "b"']
    assert change.before.routes == change.after.routes == ()


def test_what_else_changes_in_such_a_cell_is_told_apart(tmp_path: Path) -> None:
    routes = ROUTES.replace("model: house}\n- {name: rest", "model: small}\n- {name: rest")
    old, new = MASK % "a", MASK % "b"
    cells = between(tmp_path, {"guards": old, "routes": ROUTES}, {"guards": new, "routes": routes}).cells
    assert [(len(one.after.masks), len(one.after.routes), one.cells) for one in cells] == [
        (1, 0, 75),
        (0, 1, 10),
        (0, 1, 10),
    ]


def test_a_change_of_a_route_that_others_come_before_says_so(tmp_path: Path) -> None:
    routes = """\
routes:
- {name: web, when: 'caller.team == "web"', model: house}
- {name: rest, model: house}
"""
    first = routes.replace('team == "web"\', model: house', 'team == "web"\', model: small')
    last = routes.replace("rest, model: house", "rest, model: small")
    (change, gap) = between(tmp_path, {"routes": routes}, {"routes": last}).cells
    assert {(one.before.later, one.after.later) for one in (change, gap)} == {(True, True)}
    (tmp_path / "other").mkdir()
    (change, gap) = between(tmp_path / "other", {"routes": routes}, {"routes": first}).cells
    assert {(one.before.later, one.after.later) for one in (change, gap)} == {(False, False)}
