"""Rows said again with courtesies around them."""

from __future__ import annotations

from gateway.classify.courtesy import courteous
from gateway.classify.rows import Row


def row(text: str) -> Row:
    return Row(text, "coding", "authored", "Apache-2.0", 2.0, "be kind")


def test_one_row_in_three_is_followed_by_itself_with_something_around_it() -> None:
    rows = [row(f"fix line {n}") for n in range(6)]

    said = list(courteous(rows))

    assert [each for each in said if each in rows] == rows
    copies = [said[1], said[5]]
    assert [copy.weight for copy in copies] == [1.0, 1.0]
    for place, copy in zip((0, 3), copies, strict=True):
        assert f"fix line {place}" in copy.text
        assert len(copy.text) > len(rows[place].text)
        assert (copy.label, copy.system) == ("coding", "be kind")
    assert list(courteous(rows)) == said


def test_a_long_row_is_left_alone() -> None:
    rows = [row("x" * 600)]

    assert list(courteous(rows)) == rows
