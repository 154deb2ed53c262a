"""Whether a request without a key was meant for this machine."""

from __future__ import annotations

import pytest

from gateway.access.keys import ANYONE, admin, hash_key, identify
from gateway.access.nearby import check_nearby
from gateway.errors import Forbidden, UnsupportedMedia
from gateway.policy.schema import KnownCaller, Policy
from gateway.types import Caller

NOBODY = Policy("r", {}, ())


@pytest.mark.parametrize(
    "host",
    [
        *(b"127.0.0.1:8080", b"127.0.0.1", b"localhost:8080", b"localhost", b"LocalHost:1", b"127.8.9.1:80"),
        *(b"[::1]:8080", b"[::1]", b"[0:0:0:0:0:0:0:1]:8080"),
    ],
)
def test_this_machine_is_served_under_its_own_name(host: bytes) -> None:
    assert identify(NOBODY, {b"host": host}) is ANYONE
    assert identify(NOBODY, {b"host": host, b"origin": b"http://" + host}) is ANYONE


@pytest.mark.parametrize(
    "host",
    [
        *(
            b"evil.example:8080",
            b"evil.example",
            b"127.0.0.1.evil.example:8080",
            b"localhost.evil.example",
            b"",
        ),
        *(b"192.168.1.7:8080", b"0.0.0.0:8080", b"[::]:80", b"127.0.0.1:80, evil.example", b"\xff:80"),
        *(b"evil.example, 127.0.0.1", b"localhost:evil.example", b"127.0.0.1:", b"1" * 70_000),
    ],
)
def test_under_another_name_nothing_is_served_without_callers(host: bytes) -> None:
    """A name that its owner lets point here: the page of that name would be of the same origin."""
    with pytest.raises(Forbidden, match="under its own name only"):
        identify(NOBODY, {b"host": host})
    with pytest.raises(Forbidden):
        admin(NOBODY, {b"host": host})


@pytest.mark.parametrize(
    "origin", [b"https://evil.example", b"null", b"", b"http://evil.example@localhost", b"http://localhost/x"]
)
def test_a_page_from_elsewhere_is_not_served_without_callers(origin: bytes) -> None:
    with pytest.raises(Forbidden, match="no page of another origin"):
        check_nearby({b"host": b"localhost:8080", b"origin": origin})


def test_what_a_browser_says_to_come_from_another_site_is_not_served_without_callers() -> None:
    for site in (b"cross-site", b"same-site"):
        with pytest.raises(Forbidden, match="no page of another site"):
            check_nearby({b"host": b"localhost:8080", b"sec-fetch-site": site})
    for site in (b"same-origin", b"none"):
        check_nearby({b"host": b"localhost:8080", b"sec-fetch-site": site})


def test_a_body_has_a_type_where_nobody_is_named_as_caller() -> None:
    for body in ({b"content-length": b"2"}, {b"transfer-encoding": b"chunked"}):
        with pytest.raises(UnsupportedMedia, match="content-type: application/json"):
            check_nearby({b"host": b"localhost:8080", **body})
        check_nearby({b"host": b"localhost:8080", b"content-type": b"application/json", **body})
    check_nearby({b"host": b"localhost:8080", b"content-length": b"0"})


def test_with_callers_it_is_the_key_that_counts() -> None:
    policy = Policy("r", {}, (), callers=(KnownCaller(Caller("app"), hash_key("pm-right")),))
    headers = {b"host": b"llm.example", b"origin": b"https://app.example", b"sec-fetch-site": b"cross-site"}
    assert identify(policy, {**headers, b"authorization": b"Bearer pm-right"}).name == "app"
