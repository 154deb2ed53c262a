"""JSON that is kept."""

from __future__ import annotations

from msgspec import Raw

from gateway.accounting.constants import Constants


def test_what_is_kept_is_found_again_by_its_key() -> None:
    constants, value = Constants[object](2), object()
    assert constants.get(id(value)) is None
    assert constants.keep(id(value), value, b"{}") is constants.get(id(value))
    assert constants.get(id(value)) == Raw(b"{}")


def test_it_begins_anew_when_it_is_full() -> None:
    constants = Constants[int](2)
    for number in range(3):
        constants.keep(number, number, b"%d" % number)
    assert [constants.get(number) for number in range(3)] == [None, None, Raw(b"2")]
