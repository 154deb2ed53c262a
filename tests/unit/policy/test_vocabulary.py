from __future__ import annotations

from gateway.classify.entities import CLASS_OF
from gateway.policy.evaluate import VALUES
from gateway.policy.vocabulary import CLASSES, FINDINGS, LABELS, VARIABLES, Kind
from gateway.types import Freshness, Label, Task


def test_the_policy_and_the_detectors_share_one_table_of_findings() -> None:
    table = {entity: name for name, entities in CLASSES.items() for entity in entities}
    assert table == CLASS_OF
    assert set(CLASSES) | set(table) == FINDINGS


def test_every_label_of_every_axis_can_be_named() -> None:
    assert set(LABELS[Kind.TASK]) == {task.value for task in Task}
    assert set(LABELS[Kind.FRESHNESS]) == {freshness.word for freshness in Freshness}
    assert set(LABELS[Kind.SENSITIVITY]) == {label.word for label in Label}


def test_every_declared_variable_can_be_read_off_a_request() -> None:
    assert set(VARIABLES) == set(VALUES)
