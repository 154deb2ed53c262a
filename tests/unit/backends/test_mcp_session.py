from __future__ import annotations

import asyncio

import pytest

from gateway.backends.mcp_session import Session
from gateway.errors import ProviderUnavailable
from gateway.policy.schema import ToolSource
from tests.reach import EVERYWHERE


def refusal(source: ToolSource) -> str:
    async def test() -> str:
        with pytest.raises(ProviderUnavailable) as raised:
            await Session.opened(source, EVERYWHERE)
        return raised.value.message

    return asyncio.run(test())


def test_a_program_that_is_not_there_is_named() -> None:
    source = ToolSource("ghost", command=("no-such-program-here",))
    assert refusal(source) == "tool server 'ghost': there is no program 'no-such-program-here'"


def test_a_program_that_speaks_no_mcp_is_said_so() -> None:
    source = ToolSource("mute", command=("python", "-c", "print('hello')"))
    assert refusal(source).startswith("tool server 'mute' ended before it answered")


def test_nobody_at_a_url_is_said_so_without_the_url() -> None:
    why = refusal(ToolSource("far", url="http://127.0.0.1:9/mcp?key=secret"))
    assert why.startswith("tool server 'far' cannot be reached")
    assert "secret" not in why


def test_a_session_can_be_opened_and_closed_by_different_tasks() -> None:
    async def test() -> None:
        source = ToolSource("clock", command=("python", "-m", "gateway.demo.clock"))
        session = await asyncio.create_task(Session.opened(source, EVERYWHERE))
        assert not session.over
        await asyncio.create_task(session.close())
        assert session.over

    asyncio.run(test())


def test_a_caller_who_leaves_while_it_opens_leaves_nothing_behind() -> None:
    async def test() -> None:
        source = ToolSource("slow", command=("python", "-c", "import time; time.sleep(60)"))
        opening = asyncio.create_task(Session.opened(source, EVERYWHERE))
        await asyncio.sleep(0.5)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert not [t for t in asyncio.all_tasks() if t.get_name() == "mcp slow"]

    asyncio.run(test())
