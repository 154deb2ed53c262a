"""What is kept back of an answer, for how long, and what of it leaves."""

from __future__ import annotations

import asyncio

import pytest

from gateway.policy.schema import HoldBack
from gateway.strategies.hold import Hold
from gateway.types import Answer, Delta, Event, Serving, Tried, Usage

ROLE = Delta(raw=b'{"role":"assistant"}')
NOTE = Tried("m", "ok", Usage(), 0.1)
A = Serving("a")
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def held(back: HoldBack | None = None) -> tuple[Hold, list[Event]]:
    seen: list[Event] = []

    async def emit(event: Event) -> None:
        seen.append(event)

    hold = Hold(emit, back)
    hold.serves(A)
    return hold, seen


async def test_a_role_waits_for_the_first_content_and_notes_for_nothing() -> None:
    hold, seen = held()
    await hold(ROLE)
    await hold(NOTE)
    assert (seen, hold.left) == ([NOTE], False)
    await hold(Delta("Hi"))
    assert seen == [NOTE, A, ROLE, Delta("Hi")]
    assert hold.left


async def test_a_whole_answer_leaves_at_once() -> None:
    hold, seen = held(HoldBack())
    await hold(Answer("Hi"))
    assert seen == [A, Answer("Hi")]


async def test_content_waits_until_there_are_so_many_tokens_of_it() -> None:
    hold, seen = held(HoldBack(tokens=3))
    await hold(Delta("12345678"))
    assert not seen
    await hold(Delta("9012"))
    assert seen == [A, Delta("12345678"), Delta("9012")]


async def test_held_back_to_the_end_it_leaves_when_it_is_whole() -> None:
    hold, seen = held(HoldBack())
    for word in ("one ", "two"):
        await hold(Delta(word))
    assert not seen
    await hold.finish()
    assert seen == [A, Delta("one "), Delta("two")]


async def test_without_content_nothing_leaves_at_the_end() -> None:
    hold, seen = held(HoldBack())
    await hold(ROLE)
    await hold.finish()
    assert (seen, hold.left) == ([], False)


async def test_what_a_failed_try_began_is_forgotten_and_counts_no_more() -> None:
    hold, seen = held(HoldBack(tokens=2))
    await hold(Delta("failed"))
    hold.drop()
    await hold(Delta("fine"))
    assert not seen
    await hold.finish()
    assert seen == [A, Delta("fine")]


async def test_it_leaves_by_itself_once_its_first_content_is_old_enough() -> None:
    hold, seen = held(HoldBack(time=0.02))
    await hold(Delta("one"))
    assert not seen
    await asyncio.sleep(0.1)
    assert seen == [A, Delta("one")]
    await hold(Delta("two"))
    assert seen == [A, Delta("one"), Delta("two")]


async def test_what_comes_while_it_leaves_comes_after_it() -> None:
    seen: list[Event] = []

    async def slow(event: Event) -> None:
        await asyncio.sleep(0.02)
        seen.append(event)

    hold = Hold(slow, HoldBack(time=0.01))
    hold.serves(A)
    await hold(Delta("one"))
    await asyncio.sleep(0.02)
    await hold(Delta("two"))
    await hold.finish()
    assert seen == [A, Delta("one"), Delta("two")]


async def test_nothing_leaves_of_a_try_that_was_dropped_or_of_a_request_that_is_over() -> None:
    for end in (Hold.drop, Hold.close):
        hold, seen = held(HoldBack(time=0.01))
        await hold(Delta("one"))
        end(hold)
        await asyncio.sleep(0.05)
        assert not seen


async def test_no_more_than_sixteen_megabytes_are_held_back() -> None:
    hold, seen = held(HoldBack())
    for _ in range(17):
        await hold(Delta("x", raw=b"x" * 1_000_000))
    assert hold.left
    assert len(seen) == 18
