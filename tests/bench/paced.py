"""Requests at a fixed rate, answered or not: the time of each counts from when it was due.

A load generator that waits for answers asks less of whoever is slow, and so hides how slow it is. Here a
timer of the kernel says when to send; the loop's own timers are only good to a millisecond.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import time
from collections import deque
from collections.abc import Iterator

from tests.bench.load import Connection, Run
from tests.bench.upstream import WHOLE_ENDS

_MONOTONIC, _ABSOLUTE, _FLAGS = 1, 1, os.O_NONBLOCK | os.O_CLOEXEC  # timerfd_create(2), timerfd_settime(2)
_BEHIND = 30.0  # seconds that answers may come late
_READY = 8  # connections that are open before the first request


def _timer(began: float, interval: float) -> int:
    """A descriptor that can be read whenever a request is due."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd: int = libc.timerfd_create(_MONOTONIC, _FLAGS)
    whole, start = divmod(interval, 1), divmod(began, 1)
    times = [int(whole[0]), int(whole[1] * 1e9), int(start[0]), int(start[1] * 1e9)]
    if fd < 0 or libc.timerfd_settime(fd, _ABSOLUTE, struct.pack("4q", *times), None):
        raise OSError(ctypes.get_errno(), "timerfd")
    return fd


class Pace:
    """Sends what is due over a free connection, or over a new one when none is free."""

    def __init__(self, port: int, asked: Iterator[bytes], rate: float, count: int) -> None:
        self.run = Run()
        self._port, self._asked, self._interval, self._left = port, asked, 1 / rate, count
        self._free: deque[Connection] = deque()
        self._due: dict[Connection, float] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        self._waiting = count

    async def go(self) -> Run:
        for _ in range(_READY):
            self._free.append(await self._connected())
        began = time.perf_counter() + 0.01
        self._next = began
        timer = _timer(began, self._interval)
        self._loop.add_reader(timer, self._tick, timer)
        try:
            await asyncio.wait_for(self._done, self._left * self._interval + _BEHIND)
        except TimeoutError:
            self.run.failed.append(b"%d answers are over 30 s late" % self._waiting)
        finally:
            self._loop.remove_reader(timer)
            os.close(timer)
        self.run.seconds = time.perf_counter() - began
        for connection in (*self._free, *self._due):
            connection.close()
        return self.run

    async def _connected(self) -> Connection:
        _, connection = await self._loop.create_connection(
            lambda: Connection(WHOLE_ENDS, self._answered), "127.0.0.1", self._port
        )
        return connection

    def _tick(self, timer: int) -> None:
        (due,) = struct.unpack("Q", os.read(timer, 8))
        for _ in range(min(due, self._left)):
            self._left -= 1
            self._send(self._next)
            self._next += self._interval

    def _send(self, due: float) -> None:
        if self._free:
            self._over(self._free.pop(), due)
            return
        task = self._loop.create_task(self._over_new(due))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _over_new(self, due: float) -> None:
        try:
            self._over(await self._connected(), due)
        except OSError as error:
            self.run.failed.append(str(error).encode())
            self._count()

    def _over(self, connection: Connection, due: float) -> None:
        self._due[connection] = due
        connection.ask(next(self._asked))

    def _answered(self, connection: Connection, wrong: bytes | None) -> None:
        due = self._due.pop(connection, None)
        if due is None:
            return
        if wrong is None:
            self.run.took.append(time.perf_counter() - due)
            self._free.append(connection)
        else:
            self.run.failed.append(wrong)
        self._count()

    def _count(self) -> None:
        self._waiting -= 1
        if not self._waiting and not self._done.done():
            self._done.set_result(None)


async def paced(port: int, asked: Iterator[bytes], *, rate: float, count: int) -> Run:
    """Ask so often, so many times a second; times count from when each request was due."""
    return await Pace(port, asked, rate, count).go()
