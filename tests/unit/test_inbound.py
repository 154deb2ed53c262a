"""What conditions can read of a request's headers."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.api.chat import parse
from gateway.inbound import MAX_HEADER, Incoming


async def no_body() -> bytes:
    return b""


def incoming(headers: Mapping[bytes, bytes]) -> Incoming:
    return Incoming("id", headers, no_body, parse)


def test_of_the_headers_those_are_read_that_a_policy_names() -> None:
    asked = incoming({b"x-tier": b"gold", b"x-other": b"1", b"x-town": "Köln".encode("latin-1")})
    assert asked.named(["x-tier", "x-town", "x-absent"]) == {"x-tier": "gold", "x-town": "Köln"}


def test_a_header_that_is_too_long_to_be_read_is_unknown_and_not_cut() -> None:
    assert incoming({b"x-tags": b"a" * MAX_HEADER}).named(["x-tags"]) == {"x-tags": "a" * MAX_HEADER}
    assert incoming({b"x-tags": b"a" * MAX_HEADER + b",secret"}).named(["x-tags"]) == {}
