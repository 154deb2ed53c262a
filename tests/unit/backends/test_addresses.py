"""Names become addresses that may be connected to, or nothing."""

from __future__ import annotations

import asyncio
import time

import pytest

from gateway.backends.addresses import OutOfReach, Survey, addresses, addresses_now, port_of, within
from gateway.reach import Reach

LOOPBACK = Reach.of(["127.0.0.1"])


def test_only_the_allowed_ones_of_a_hosts_addresses_are_left() -> None:
    found = ["10.0.0.1", "8.8.8.8", "127.0.0.1", "8.8.8.8"]
    assert within(Reach(), "h", found) == ["8.8.8.8"]
    assert within(LOOPBACK, "h", found) == ["8.8.8.8", "127.0.0.1"]


def test_a_host_with_no_allowed_address_is_out_of_reach_and_the_flag_is_named() -> None:
    with pytest.raises(OutOfReach, match=r"h is at 10\.0\.0\.1, a private address.*--allow-private h$"):
        within(Reach(), "h", ["10.0.0.1"])


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "127.1", "2130706433", "0x7f.0.0.1", "0"]
)
def test_every_spelling_of_this_machine_is_out_of_reach(host: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 (some resolvers do not know the odd ones)
        asyncio.run(addresses(Reach(), host, 80))
    with pytest.raises(OSError):  # noqa: PT011
        addresses_now(Reach(), host, 80)


def test_a_name_is_looked_up_and_its_address_used() -> None:
    assert asyncio.run(addresses(LOOPBACK, "localhost", 80)) == ["127.0.0.1"]
    assert addresses_now(LOOPBACK, "localhost", 80) == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["nobody.invalid", "a" * 70 + ".example"])
def test_a_name_that_nobody_knows_is_an_ordinary_failure(host: str) -> None:
    with pytest.raises(OSError) as failed:  # noqa: PT011
        asyncio.run(addresses(LOOPBACK, host, 80))
    assert not isinstance(failed.value, OutOfReach)


@pytest.mark.parametrize(
    ("url", "port"), [("http://h/v1", 80), ("https://h", 443), ("http://h:8000/v1", 8000)]
)
def test_a_url_has_its_port_or_its_schemes(url: str, port: int) -> None:
    assert port_of(url) == port


def test_a_survey_says_what_is_wrong_with_a_url_and_what_would_be_right() -> None:
    said = Survey(Reach()).forbids("http://localhost:11434/v1")
    assert said is not None
    assert "loopback" in said[0]
    assert "--allow-private localhost" in said[1]
    assert Survey(LOOPBACK).forbids("http://localhost:11434/v1") is None


def test_a_survey_lets_a_name_pass_that_cannot_be_looked_up_now() -> None:
    assert Survey(Reach()).forbids("http://nobody.invalid/v1") is None


def test_a_survey_without_time_left_asks_for_no_name_but_still_reads_addresses() -> None:
    survey, started = Survey(Reach(), seconds=0.0), time.monotonic()
    for number in range(50):
        survey.forbids(f"http://host-{number}.invalid/v1")
    assert survey.forbids("http://10.0.0.1/v1") is not None
    assert time.monotonic() - started < 5
