"""The head of a chat request."""

from __future__ import annotations

from gateway.api.chat import headers_of


def test_a_header_that_comes_more_than_once_is_joined_in_order() -> None:
    given = [(b"x-tags", b"secret"), (b"accept", b"*/*"), (b"x-tags", b"b"), (b"x-tags", b"c")]
    assert headers_of(given) == {b"x-tags": b"secret, b, c", b"accept": b"*/*"}


def test_headers_that_come_once_are_as_they_were_sent() -> None:
    assert headers_of([(b"a", b"1, 2"), (b"b", b"")]) == {b"a": b"1, 2", b"b": b""}
