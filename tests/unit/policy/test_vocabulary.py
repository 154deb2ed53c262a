from __future__ import annotations

from gateway.policy.evaluate import VALUES
from gateway.policy.vocabulary import CLASSES, FINDINGS, LABELS, VARIABLES, Kind
from gateway.types import Freshness, Label, Task


def test_a_condition_may_name_every_entity_and_every_class_and_no_entity_is_in_two() -> None:
    entities = [entity for each in CLASSES.values() for entity in each]
    assert len(entities) == len(set(entities))
    assert set(CLASSES) | set(entities) == FINDINGS


def test_every_label_of_every_axis_can_be_named() -> None:
    assert set(LABELS[Kind.TASK]) == {task.value for task in Task}
    assert set(LABELS[Kind.FRESHNESS]) == {freshness.word for freshness in Freshness}
    assert set(LABELS[Kind.SENSITIVITY]) == {label.word for label in Label}


def test_every_declared_variable_can_be_read_off_a_request() -> None:
    assert set(VARIABLES) == set(VALUES)
