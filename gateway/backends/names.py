"""Looks names up, once for all who ask at the same time, and remembers for a few seconds.

A lookup holds a thread until the resolver gives up, however early whoever asked has left. One that hangs
holds one of the few threads, then, and not all: the other hosts are found all the same.
"""

from __future__ import annotations

import asyncio

from gateway.backends.addresses import look_up

_MOST = 256  # names that are remembered


class Names:
    """The addresses of hosts, each remembered for `seconds`. Belongs to one event loop."""

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._known: dict[str, tuple[float, list[str]]] = {}
        self._asked: dict[str, asyncio.Task[list[str]]] = {}

    async def look_up(self, host: str, port: int) -> list[str]:
        """As the function of this name."""
        until, found = self._known.get(host, (0.0, []))
        if asyncio.get_running_loop().time() < until:
            return found
        asked = self._asked.get(host)
        if asked is None:
            asked = self._asked[host] = asyncio.create_task(self._ask(host, port))
            asked.add_done_callback(_heard)
        return await asyncio.shield(asked)

    def forget(self, host: str) -> None:
        """Nothing there answers: whoever comes next looks again."""
        self._known.pop(host, None)

    async def _ask(self, host: str, port: int) -> list[str]:
        try:
            found = await look_up(host, port)
        finally:
            del self._asked[host]
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[host] = asyncio.get_running_loop().time() + self._seconds, found
        return found


def _heard(asked: asyncio.Task[list[str]]) -> None:
    """Whoever asked may have left: a failure that nobody takes is none to be logged."""
    if not asked.cancelled():
        asked.exception()
