"""With the real model, loaded once; each test is one conversation with it."""

from __future__ import annotations

import asyncio
import stat
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.backends.local.prompt import chatml
from gateway.backends.local.smollm import CONTEXT, SmolLM, Written
from gateway.errors import ContextLength, ProviderOverloaded, ProviderUnavailable
from gateway.types import Message
from tests.unit.backends.local.installed import MODEL, needs


def asking(text: str) -> str:
    return chatml([Message("user", text, b"")])


def with_model(test: Callable[[SmolLM], Awaitable[None]], waiting: int = 8) -> None:
    needs(*MODEL)

    async def run() -> None:
        model = SmolLM(waiting=waiting)
        try:
            await test(model)
        finally:
            await model.close()

    asyncio.run(run())


def sockets_are_ours() -> bool:
    sockets = list(Path(tempfile.gettempdir()).glob("smollm-*/llama.sock"))
    return bool(sockets) and all(stat.S_IMODE(s.parent.stat().st_mode) == 0o700 for s in sockets)


async def write(model: SmolLM, prompt: str, *, most: int = 80) -> tuple[str, Written]:
    pieces: list[str] = []

    async def say(piece: str) -> None:
        pieces.append(piece)

    written = await model.write(prompt, most=most, temperature=0.0, say=say)
    return "".join(pieces), written


def test_it_answers_within_its_limits_and_is_closed_to_others() -> None:
    async def test(model: SmolLM) -> None:
        assert not model.ready
        text, written = await write(model, asking("hello"))
        assert model.ready
        assert text.startswith("Hello")
        assert written.finish == "stop"
        assert written.usage.input + written.usage.cached_input > 10
        assert 3 < written.usage.output < 80
        text, written = await write(model, asking("Count to one hundred."), most=5)
        assert (written.finish, written.usage.output) == ("length", 5)
        with pytest.raises(ContextLength) as raised:
            await write(model, "a b " * CONTEXT)
        assert int(raised.value.param or 0) > CONTEXT
        assert sockets_are_ours()

    with_model(test)


def test_a_caller_who_leaves_is_let_go_at_once_and_the_next_is_served() -> None:
    async def test(model: SmolLM) -> None:
        await write(model, asking("Hi"), most=1)
        took = []
        for _ in range(3):  # the quickest counts: the machine may be busy
            long = asyncio.create_task(write(model, asking("a long story " * 80), most=500))
            await asyncio.sleep(0.2)
            started = time.perf_counter()
            long.cancel()
            with pytest.raises(asyncio.CancelledError):
                await long
            took.append(time.perf_counter() - started)
        assert min(took) < 0.1
        _, written = await write(model, asking("Hi"), most=2)
        assert written.usage.output == 2

    with_model(test)


def test_those_who_would_wait_too_long_are_turned_away() -> None:
    async def test(model: SmolLM) -> None:
        first = asyncio.create_task(write(model, asking("Hi"), most=2))
        await asyncio.sleep(0)
        with pytest.raises(ProviderOverloaded):
            await write(model, asking("Hi"))
        await first

    with_model(test, waiting=1)


def test_weights_that_are_none_are_said_so(tmp_path: Path) -> None:
    needs(*MODEL)
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no weights")

    async def test() -> None:
        model = SmolLM(broken)
        with pytest.raises(ProviderUnavailable, match="could not be loaded"):
            await write(model, asking("Hi"))
        assert not model.ready
        await model.close()

    asyncio.run(test())
