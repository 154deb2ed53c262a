"""Findings with their class and label: the vocabulary's closed table, and what each class weighs."""

from __future__ import annotations

from typing import Final

from gateway.policy.vocabulary import CLASSES
from gateway.types import Finding, Label

_RESTRICTED: Final = frozenset({"credential", "payment", "national_id", "health_id"})

CLASS_OF: Final = {entity: name for name, entities in CLASSES.items() for entity in entities}
LABEL_OF: Final = {
    entity: Label.RESTRICTED if name in _RESTRICTED else Label.CONFIDENTIAL
    for entity, name in CLASS_OF.items()
}


def finding(entity: str, message: int, start: int, end: int, confidence: float) -> Finding:
    """A record of `entity`, its class and label filled in from the table."""
    return Finding(entity, CLASS_OF[entity], LABEL_OF[entity], message, start, end, confidence)
