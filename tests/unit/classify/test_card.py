"""The model card's table of sources."""

from gateway.classify.card import written
from gateway.classify.rows import Row


def test_every_source_is_named_with_its_licence() -> None:
    text = written([], {"task": [Row("x", "coding", "dolly15k", "CC BY-SA 3.0", 1.0)]})

    assert "| dolly15k | CC BY-SA 3.0 | task | 1 |" in text
