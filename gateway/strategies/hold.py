"""Keeps the first events of an answer back, as long as another model could still answer instead."""

from __future__ import annotations

import asyncio

from gateway.interfaces import Emit
from gateway.policy.schema import HoldBack
from gateway.strategies.meter import CHARS_PER_TOKEN
from gateway.types import Answer, Delta, Event, Serving

_AT_ONCE = HoldBack(tokens=0)
_MOST_SILENT = 1024 * 1024  # bytes of events without content: more of them is not worth a fallback
_MOST_HELD = 16 * 1024 * 1024  # bytes of an answer that a route holds back
_EVENT = 256  # bytes that an event takes beside its JSON


class Hold:
    """An `Emit` for the models that are asked in turn: `left` once something of one's answer is out.

    Events without content wait for the first with it, and content for as long as `back` says. Notes pass.
    """

    __slots__ = (
        "_back",
        "_characters",
        "_emit",
        "_held",
        "_late",
        "_most",
        "_releasing",
        "_serving",
        "_size",
        "left",
    )

    def __init__(self, emit: Emit, back: HoldBack | None = None) -> None:
        self._emit, self._back = emit, back or _AT_ONCE
        self._most = _MOST_SILENT if back is None else _MOST_HELD
        self._serving = Serving("")
        self._held: list[Delta] = []
        self._size = self._characters = 0
        self._late: asyncio.TimerHandle | None = None
        self._releasing: asyncio.Task[None] | None = None
        self.left = False

    def serves(self, serving: Serving) -> None:
        """From now on events are this model's; what another has begun is forgotten."""
        self._serving = serving
        self.drop()

    def drop(self) -> None:
        """Forgets what is held: it was the beginning of a try that failed."""
        self._held.clear()
        self._size = self._characters = 0
        self._stop_clock()

    async def __call__(self, event: Event) -> None:
        if not isinstance(event, Delta | Answer):
            await self._emit(event)
            return
        if self._releasing is not None:
            await self.settled()
        if self.left:
            await self._emit(event)
        elif isinstance(event, Answer):
            await self._release()
            await self._emit(event)
        else:
            await self._hold(event)

    async def finish(self) -> None:
        """The answer is whole: what is held of it leaves."""
        self._stop_clock()
        await self.settled()
        if not self.left and any(event.has_content for event in self._held):
            await self._release()

    async def settled(self) -> None:
        """Waits until what is on its way by itself has left."""
        if self._releasing is not None:
            await self._releasing
            self._releasing = None

    def close(self) -> None:
        """Nothing leaves any more by itself."""
        self._stop_clock()
        if self._releasing is not None:
            self._releasing.cancel()

    async def _hold(self, event: Delta) -> None:
        self._held.append(event)
        self._size += _EVENT + len(event.raw or b"") + len(event.signature)
        if self._size > self._most or (event.has_content and self._enough(event)):
            await self._release()

    def _enough(self, event: Delta) -> bool:
        tokens, time = self._back.tokens, self._back.time
        if time is not None and self._late is None:
            self._late = asyncio.get_running_loop().call_later(time, self._time_is_up)
        self._characters += len(event.text) + len(event.reasoning) + len(event.refusal)
        self._characters += sum(len(call.arguments) for call in event.tool_calls)
        return tokens is not None and self._characters >= tokens * CHARS_PER_TOKEN

    async def _release(self) -> None:
        self.left = True
        self._stop_clock()
        await self._emit(self._serving)
        for event in self._held:
            await self._emit(event)
        self._held.clear()

    def _time_is_up(self) -> None:
        """Whoever streams may be silent now, so that no event of its own releases what is held."""
        if not self.left:
            self.left = True
            self._releasing = asyncio.get_running_loop().create_task(self._release())

    def _stop_clock(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
