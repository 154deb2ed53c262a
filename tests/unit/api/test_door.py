"""The head of a chat request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, MutableMapping
from random import Random
from typing import Any
from uuid import UUID

import pytest

from gateway.api.door import MIN_RATE, Room, headers_of, read_body, request_id_of
from gateway.classify.detect import Detector
from gateway.errors import HungUp, Overloaded, RequestTimeout, TooLarge

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


PATIENCE = 0.05


def body(*pieces: bytes, limit: int = 1_000, between: float = 0.0) -> bytes:
    """What is read of a body that comes in these pieces, with a pause before each but the first."""

    async def read() -> bytes:
        left = list(pieces)

        async def receive() -> MutableMapping[str, Any]:
            if len(left) < len(pieces):
                await asyncio.sleep(between)
            if not left:
                return {"type": "http.disconnect"}
            piece = left.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(left) or piece == b""}

        return await read_body(receive, limit, PATIENCE)

    return asyncio.run(read())


def test_a_body_is_read_whole() -> None:
    assert body(b"whole") == b"whole"
    assert body(b"in ", b"several ", b"", b"pieces") == b"in several pieces"


def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert len(body(b"x" * 600, b"x" * 400)) == 1_000
    for pieces in ([b"x" * 1_001], [b"x" * 600, b"x" * 401]):
        with pytest.raises(TooLarge):
            body(*pieces)


def test_a_body_that_comes_at_less_than_the_least_rate_is_given_up() -> None:
    least = int(MIN_RATE * PATIENCE)
    with pytest.raises(RequestTimeout):
        body(*[b"x"] * 100, between=0.01)
    with pytest.raises(RequestTimeout):
        body(b"x" * 900, *[b""] * 100, between=0.01)
    assert body(*[b"x" * least] * 10, limit=10_000, between=0.01)


def test_a_caller_who_leaves_in_the_middle_has_hung_up() -> None:
    with pytest.raises(HungUp):
        body(b"")


def test_no_more_get_in_than_there_is_room_for() -> None:
    room = Room(2)
    room.enter()
    room.enter()
    for _ in range(2):
        with pytest.raises(Overloaded):
            room.enter()
    room.leave()
    room.enter()


def _uuids() -> Iterator[UUID]:
    draw = Random(1)
    while True:
        yield UUID(int=draw.getrandbits(128), version=4)
