from __future__ import annotations

import ast
import inspect
from types import ModuleType

import pytest

from gateway.classify import (
    assigned,
    connections,
    contact,
    europe,
    issued,
    keys,
    language,
    logins,
    numbers,
    papers,
    passwords,
    records,
    sessions,
    tables,
    topics,
    wallets,
    world,
)
from gateway.classify.detect import RULES, Detector
from gateway.policy.evaluate import VALUES
from gateway.policy.vocabulary import (
    CLASSES,
    FINDINGS,
    INTRODUCED,
    LABELS,
    LANGUAGES,
    UNPLACED,
    VARIABLES,
    Kind,
)
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


def test_the_languages_are_those_that_are_told_apart() -> None:
    told = {code for codes in language._LANGUAGES.values() for code in codes}
    assert set(LANGUAGES) == told | {code for code, _ in language._SCRIPTS}


def entities_in(*modules: ModuleType) -> set[str]:
    """The entities that the code of these modules names."""
    nodes = (node for module in modules for node in ast.walk(ast.parse(inspect.getsource(module))))
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return words & {entity for each in CLASSES.values() for entity in each}


def test_every_entity_has_a_rule_that_places_it_or_is_known_to_have_no_place() -> None:
    modules = (
        *(assigned, connections, contact, europe, issued, keys, logins),
        *(numbers, papers, passwords, records, sessions, tables, wallets, world),
    )
    assert sum(len(module.RULES) for module in modules) == len(RULES)
    placed = entities_in(*modules)
    assert placed | UNPLACED == {entity for each in CLASSES.values() for entity in each}
    assert not placed & UNPLACED
    assert entities_in(topics) == UNPLACED


@pytest.mark.parametrize(("text", "found"), [("My name is Anna Berg.", True), ("Anna Berg was here.", False)])
def test_a_person_is_found_where_words_introduce_it(text: str, found: bool) -> None:
    assert ({finding.entity for finding in Detector().find(text)} >= INTRODUCED) is found
