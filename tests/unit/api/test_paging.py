"""A page of a listing."""

from __future__ import annotations

import pytest

from gateway.api.paging import limit_of, page_of
from gateway.errors import InvalidRequest


@pytest.mark.parametrize(("asked", "limit"), [({}, 20), ({"limit": "1"}, 1), ({"limit": "100"}, 100)])
def test_a_limit_is_a_number_within_bounds(asked: dict[str, str], limit: int) -> None:
    assert limit_of(asked, 20, 100) == limit


@pytest.mark.parametrize("given", ["", "0", "-1", "101", "many", "٣", "1.0", " 1", "1\n", "9" * 5000])
def test_what_is_no_limit_is_refused_by_name(given: str) -> None:
    with pytest.raises(InvalidRequest, match="from 1 to 100") as refused:
        limit_of({"limit": given}, 20, 100)
    assert refused.value.param == "limit"


def test_a_page_names_its_ends() -> None:
    entries = [{"id": "a"}, {"id": "b"}]
    assert page_of(entries, True) == {"data": entries, "first_id": "a", "last_id": "b", "has_more": True}
    assert page_of([], False) == {"data": [], "first_id": None, "last_id": None, "has_more": False}
