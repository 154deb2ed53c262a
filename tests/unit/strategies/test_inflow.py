"""Labels of what flows in."""

from __future__ import annotations

from gateway.strategies.inflow import Inflow
from gateway.types import Label

INFLOW = Inflow(lambda text: Label.RESTRICTED if "key" in text else Label.PUBLIC, Label.INTERNAL)


def test_the_higher_of_the_sources_label_and_the_texts_counts() -> None:
    assert INFLOW.label(Label.INTERNAL, "nothing") is Label.INTERNAL
    assert INFLOW.label(Label.INTERNAL, "a key") is Label.RESTRICTED


def test_only_what_the_caller_is_cleared_for_is_admitted() -> None:
    assert [label for label in Label if INFLOW.admits(label)] == [Label.PUBLIC, Label.INTERNAL]
