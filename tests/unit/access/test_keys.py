"""A key to its caller."""

from __future__ import annotations

import pytest

from gateway.access.keys import ANYONE, admin, hash_key, identify, new_key
from gateway.errors import Forbidden, Unauthenticated
from gateway.policy.schema import KnownCaller, Policy
from gateway.types import Caller

APP = Caller("app", team="support")
OPS = Caller("ops", admin=True)
KNOWN = (KnownCaller(APP, hash_key("pm-right")), KnownCaller(OPS, hash_key("pm-ops")))
POLICY = Policy("r", {}, (), callers=KNOWN)


def test_a_key_names_its_caller() -> None:
    assert identify(POLICY, {b"authorization": b"Bearer pm-right"}) is APP


def test_the_schemes_case_does_not_matter() -> None:
    assert identify(POLICY, {b"authorization": b"bearer pm-right"}) is APP


@pytest.mark.parametrize("header", [b"", b"Bearer ", b"Bearer pm-wrong", b"Basic pm-right", b"pm-right"])
def test_anything_else_is_refused_without_echoing_the_key(header: bytes) -> None:
    with pytest.raises(Unauthenticated) as refused:
        identify(POLICY, {b"authorization": header})
    assert "pm-" not in refused.value.message


def test_without_callers_anyone_is_served() -> None:
    assert identify(Policy("r", {}, ()), {}) is ANYONE


def test_an_admin_is_who_the_policy_says() -> None:
    assert admin(POLICY, {b"authorization": b"Bearer pm-ops"}) is OPS
    with pytest.raises(Forbidden):
        admin(POLICY, {b"authorization": b"Bearer pm-right"})
    with pytest.raises(Unauthenticated):
        admin(POLICY, {})


def test_without_callers_nobody_is_an_admin() -> None:
    with pytest.raises(Forbidden):
        admin(Policy("r", {}, ()), {b"authorization": b"Bearer pm-ops"})


def test_fresh_keys_differ_and_their_hash_is_what_the_policy_wants() -> None:
    assert new_key() != new_key()
    assert len(hash_key(new_key())) == 64


def test_a_key_is_taken_where_anthropics_clients_send_it() -> None:
    assert identify(POLICY, {b"x-api-key": b" pm-right "}) is APP
    assert identify(POLICY, {b"x-api-key": b"pm-right", b"authorization": b"Basic cG06"}) is APP


def test_the_same_key_may_be_sent_twice_and_two_keys_may_not() -> None:
    assert identify(POLICY, {b"x-api-key": b"pm-right", b"authorization": b"Bearer pm-right"}) is APP
    with pytest.raises(Unauthenticated, match="different keys"):
        identify(POLICY, {b"x-api-key": b"pm-right", b"authorization": b"Bearer pm-ops"})
    with pytest.raises(Unauthenticated, match="not known"):
        identify(POLICY, {b"x-api-key": b"pm-wrong"})
