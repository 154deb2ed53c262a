"""Measuring on what was not trained on."""

from gateway.classify.fit import matrix
from gateway.classify.rows import OWN, Row
from gateway.classify.trial import kept_back, table, unseen

ROWS = [
    Row(f"{word} number {n}", label, source, "MIT", 1.0)
    for n in range(30)
    for source in (OWN, "dolly15k")
    for word, label in (("translate this", "translation"), ("hello friend", "chit_chat"))
]


def test_every_row_is_scored_by_a_model_that_has_not_seen_it() -> None:
    results = unseen(ROWS, matrix([row.asked for row in ROWS]), ("translation", "chit_chat"))

    assert results.sources == [OWN, "dolly15k"]
    assert [(line.source, line.rows, line.model) for line in table("task", results)] == [
        (OWN, 60, 1.0),
        ("dolly15k", 60, 1.0),
    ]


def test_a_few_blocks_of_our_rows_are_kept_back_to_calibrate_on() -> None:
    rows = [Row("x", "chit_chat", source, "MIT", 1.0) for source in (OWN, "dolly15k") for _ in range(1000)]

    held = kept_back(rows)

    assert held.sum() == 50
    assert not held[1000:].any()
