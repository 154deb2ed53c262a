"""What every API's events look like."""

from __future__ import annotations

import pytest

from gateway.api.dialect import event


def test_an_event_has_its_data_and_where_it_has_one_its_name() -> None:
    assert event(b"{}") == b"data: {}\n\n"
    assert event(b"{}", "ping") == b"event: ping\ndata: {}\n\n"


def test_json_over_lines_is_data_over_lines() -> None:
    assert event(b'{\n"a": 1}') == b'data: {\ndata: "a": 1}\n\n'


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "a\n\n b"])
def test_a_name_is_one_line_so_that_no_upstream_can_end_an_event_with_it(name: str) -> None:
    assert event(b"{}", name) == b"event: a b\ndata: {}\n\n"
