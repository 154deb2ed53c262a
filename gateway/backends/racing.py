"""A TCP connection to whichever of a host's addresses accepts one first (RFC 8305, in small)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import cast

from gateway.backends.line import Line

DELAY = 0.25  # seconds until the next address is tried, too (RFC 8305, section 5)


async def connected(addresses: Sequence[str], port: int) -> Line:
    """The next address is tried once the one before has failed or taken too long; who comes second is cut.

    Raises OSError, the last one's, where none accepts.
    """
    if len(addresses) == 1:
        return await _to(addresses[0], port)
    waiting, tries = deque(in_turns(addresses)), set[asyncio.Task[Line]]()
    won: Line | None = None
    try:
        while won is None:
            if waiting:
                tries.add(asyncio.create_task(_to(waiting.popleft(), port)))
            patience = DELAY if waiting else None
            done, _ = await asyncio.wait(tries, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            won = next((one.result() for one in done if one.exception() is None), None)
            if won is None and not waiting and len(done) == len(tries):
                raise cast(OSError, done.pop().exception())
            if won is None:
                tries -= done
        return won
    finally:
        for one in tries:
            _drop(one, won)


def in_turns(addresses: Sequence[str]) -> list[str]:
    """The families in turns, the resolver's first before: one that leads nowhere costs little, then."""
    first = [address for address in addresses if (":" in address) == (":" in addresses[0])]
    others = [address for address in addresses if address not in first]
    return [one for one in chain.from_iterable(zip_longest(first, others)) if one is not None]


async def _to(address: str, port: int) -> Line:
    _, line = await asyncio.get_running_loop().create_connection(Line, address, port)
    return line


def _drop(one: asyncio.Task[Line], won: Line | None) -> None:
    if not one.done():
        one.cancel()
    elif one.exception() is None and one.result() is not won:
        one.result().transport.abort()
