"""The closed table of entities."""

from gateway.classify.entities import CLASS_OF, LABEL_OF, finding
from gateway.types import Label


def test_every_entity_has_a_class_and_a_label() -> None:
    assert CLASS_OF.keys() == LABEL_OF.keys()
    assert LABEL_OF["payment_card"] is Label.RESTRICTED
    assert LABEL_OF["iban"] is Label.CONFIDENTIAL


def test_a_finding_takes_its_class_and_label_from_the_table() -> None:
    found = finding("jwt", 2, 5, 40, 0.9)

    assert (found.kind, found.label, found.message) == ("credential", Label.RESTRICTED, 2)
