from __future__ import annotations

from gateway.policy.analysis.space import Point, boxes, freshnesses_said, labels_said, points, tasks_said
from gateway.types import Freshness, Label, Task


def test_the_space_has_every_signal_and_the_unsure_ones_but_no_unsure_label() -> None:
    every = list(points())
    assert len(every) == len(set(every)) == 15 * 5 * 4
    assert Point(None, None, Label.RESTRICTED) in every


def test_a_point_is_a_cell_of_conditions() -> None:
    assert Point(Task.CODING, Freshness.RECENT, Label.INTERNAL).cell == ("coding", 2, 1)
    assert Point(None, None, Label.PUBLIC).cell == (None, None, 0)


def test_signals_are_told_in_few_words() -> None:
    assert tasks_said([*Task, None]) == "every task"
    assert tasks_said([Task.CODING]) == "coding"
    assert tasks_said([*Task]) == "every task but unsure"
    assert freshnesses_said([Freshness.LIVE, Freshness.STATIC]) == "static, live"
    assert freshnesses_said([*Freshness, None]) == "any freshness"
    assert labels_said([Label.RESTRICTED, Label.PUBLIC]) == "public, restricted"
    assert labels_said(Label) == "every label"


def test_points_are_told_as_few_boxes() -> None:
    (whole,) = boxes(points())
    assert len(whole) == 300
    code = [p for p in points() if p.task is Task.CODING and p.label >= Label.CONFIDENTIAL]
    live = [p for p in points() if p.task is None and p.freshness is Freshness.LIVE]
    first, second = boxes([*live, *code])
    assert (first.tasks, len(first.freshnesses), first.labels[0]) == ((Task.CODING,), 5, Label.CONFIDENTIAL)
    assert (second.tasks, second.freshnesses, len(second.labels)) == ((None,), (Freshness.LIVE,), 4)
    assert boxes([]) == ()
