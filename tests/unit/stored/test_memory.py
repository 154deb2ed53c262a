"""Responses in memory: each caller's own, within bounds of bytes, number and time."""

from __future__ import annotations

import sys
from dataclasses import replace

import msgspec
import pytest

from gateway.labels import clear
from gateway.policy.schema import Responses
from gateway.stored.memory import LONGEST, Memory
from gateway.types import KeptResponse, Label, Turn


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def response(id_: str, caller: str = "app", *turns: Turn, size: int = 10) -> KeptResponse:
    own = Turn((b'{"id":"in_%s"}' % id_.encode(),), (b'{"id":"out_%s"}' % id_.encode(),))
    body = b"x" * size
    return KeptResponse(id_, caller, "m", False, Label.PUBLIC, Label.PUBLIC, (*turns, own), body, 60.0)


def put(memory: Memory, *responses: KeptResponse) -> None:
    for one in responses:
        memory.keep(clear(one, one.label, Responses(), "store"))


def test_a_response_is_its_callers_alone() -> None:
    memory = Memory()
    put(memory, response("r1"))
    assert memory.response("app", "r1") is not None
    assert memory.response("other", "r1") is None
    assert memory.response("app", "r2") is None
    memory.forget("other", "r1")
    assert memory.response("app", "r1") is not None


def test_an_item_leads_to_the_last_response_that_holds_it() -> None:
    memory = Memory()
    put(memory, response("r1"))
    found = memory.holding("app", "out_r1")
    assert found is not None
    assert found.id == "r1"
    assert memory.holding("other", "out_r1") is None
    assert memory.holding("app", "out_r2") is None


def test_what_is_forgotten_is_gone_with_its_items_and_its_bytes() -> None:
    memory = Memory()
    put(memory, response("r1"))
    memory.forget("app", "r1")
    memory.forget("app", "r1")
    assert memory.response("app", "r1") is None
    assert memory.holding("app", "out_r1") is None
    assert (len(memory), memory.size) == (0, 0)


def test_it_is_over_when_the_policys_time_is_and_within_days_in_any_case() -> None:
    clock = Clock()
    memory = Memory(clock=clock)
    put(memory, response("r1"), replace(response("r2"), keep=LONGEST * 10))
    clock.now = 60.0
    assert memory.response("app", "r1") is not None
    clock.now = 60.1
    assert memory.response("app", "r1") is None
    assert memory.holding("app", "out_r1") is None
    clock.now = LONGEST + 1
    assert memory.response("app", "r2") is None


def test_what_is_over_gives_its_bytes_back() -> None:
    clock = Clock()
    memory = Memory(clock=clock)
    put(memory, replace(response("r1"), keep=120.0), response("r2", size=5000), response("r3", "other"))
    clock.now = 61.0
    memory.sweep()
    assert len(memory) == 1
    assert memory.response("app", "r1") is not None
    assert memory.size < 5000


def test_the_turns_of_one_conversation_are_counted_once() -> None:
    memory = Memory()
    shared = Turn((b'{"id":"long","text":"%s"}' % (b"x" * 100_000),), ())
    put(memory, response("r1", "app", shared), response("r2", "app", shared))
    assert memory.size < 150_000
    memory.forget("app", "r1")
    assert memory.size > 100_000
    memory.forget("app", "r2")
    assert memory.size == 0


def test_whoever_takes_the_most_loses_its_oldest() -> None:
    memory = Memory(most=3)
    put(memory, response("a1", "small"), *(response(f"b{i}", "large") for i in range(4)))
    assert memory.response("small", "a1") is not None
    assert [memory.response("large", f"b{i}") is not None for i in range(4)] == [False, False, True, True]


def test_bytes_are_bounded_too() -> None:
    memory = Memory(most_bytes=100_000)
    put(memory, *(response(f"r{i}", size=8_000) for i in range(50)))
    assert memory.size <= 100_000
    assert memory.response("app", "r49") is not None
    assert memory.response("app", "r0") is None


def test_one_that_would_crowd_out_the_others_is_not_kept() -> None:
    memory = Memory(most_bytes=100_000)
    put(memory, response("r1"), response("huge", size=30_000))
    assert memory.response("app", "huge") is None
    assert memory.response("app", "r1") is not None


def test_the_same_id_again_replaces_what_was_kept() -> None:
    memory = Memory()
    put(memory, response("r1"), response("r1", size=20))
    kept = memory.response("app", "r1")
    assert kept is not None
    assert (len(memory), len(kept.body)) == (1, 20)


def test_one_whose_items_have_no_ids_changes_nothing() -> None:
    """Half of it kept would be in the way of all that is done to the store later."""
    clock = Clock()
    memory = Memory(clock=clock)
    put(memory, response("r1"))
    bad = replace(response("r1"), turns=(Turn((), (b'{"id":5}',)),))
    with pytest.raises(msgspec.ValidationError):
        put(memory, bad)
    assert memory.response("app", "r1") is not None
    clock.now = 61.0
    memory.sweep()
    assert (len(memory), memory.size) == (0, 0)


def test_the_items_of_an_input_do_not_name_anew_what_was_answered() -> None:
    memory = Memory()
    put(memory, response("r1"))
    put(memory, replace(response("r2"), turns=(Turn((b'{"id":"out_r1"}',), ()),)))
    found = memory.holding("app", "out_r1")
    assert found is not None
    assert found.id == "r1"
    assert memory.holding("app", "in_r1") is None


def test_what_many_turns_and_small_items_take_beside_their_json_is_counted() -> None:
    memory, turns = Memory(), tuple[Turn, ...]()
    for i in range(1000):
        put(memory, one := response(f"r{i}", "app", *turns))
        turns = one.turns
    assert memory.size > sum(sys.getsizeof(turns[:i]) for i in range(1001))
    memory, items = Memory(), tuple(b'{"id":"i%d"}' % i for i in range(1000))
    put(memory, replace(response("r1"), turns=(Turn(items, ()),)))
    assert memory.size > sum(sys.getsizeof(item) + sys.getsizeof(f"i{i}") for i, item in enumerate(items))
