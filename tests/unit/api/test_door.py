"""The head of a chat request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from uuid import UUID

import pytest

from gateway.api.door import headers_of, request_id_of
from gateway.classify.detect import Detector

FIND = Detector().find


def test_a_header_that_comes_more_than_once_is_joined_in_order() -> None:
    given = [(b"x-tags", b"secret"), (b"accept", b"*/*"), (b"x-tags", b"b"), (b"x-tags", b"c")]
    assert headers_of(given) == {b"x-tags": b"secret, b, c", b"accept": b"*/*"}


def test_headers_that_come_once_are_as_they_were_sent() -> None:
    assert headers_of([(b"a", b"1, 2"), (b"b", b"")]) == {b"a": b"1, 2", b"b": b""}


@pytest.mark.parametrize(
    "sent",
    ["req-42", "5f2c5f4e-7f4e-4f0e-9a5c-0d9f0c3f8a11", "a" * 128, "trace:1.2_3"],
)
def test_a_request_keeps_an_id_that_says_nothing(sent: str) -> None:
    assert request_id_of({b"x-request-id": sent.encode()}, FIND) == sent


@pytest.mark.parametrize(
    "sent",
    [
        "sk-proj-abcdEFGH1234ijklMNOP5678qrstUVWX9012yzAC",
        "4111111111111111",
        "two words",
        "a" * 129,
        "",
    ],
)
def test_a_fresh_id_stands_for_one_that_is_odd_or_in_which_something_is_found(sent: str) -> None:
    assert re.fullmatch("[0-9a-f]{24}", request_id_of({b"x-request-id": sent.encode()}, FIND))


def test_the_digits_of_a_uuid_are_no_card() -> None:
    sent = next(uuid for uuid in map(str, _uuids()) if FIND(uuid))
    assert request_id_of({b"x-request-id": sent.encode()}, FIND) == sent


def _uuids() -> Iterator[UUID]:
    draw = Random(1)
    while True:
        yield UUID(int=draw.getrandbits(128), version=4)
