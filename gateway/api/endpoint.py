"""An endpoint that a model answers: the hot path."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from time import time

from gateway.api.dialect import Dialect
from gateway.api.door import Room, check_head, headers_of, read_body, request_id_of
from gateway.api.reply import Reply
from gateway.api.turn import Turn
from gateway.errors import GatewayError, InternalError, Overloaded
from gateway.inbound import Incoming, InForce
from gateway.interfaces import FindText
from gateway.pipeline import Pipeline

_log = logging.getLogger("pointsman")


class Endpoint:
    """Serves requests in one dialect, with the policy that `lease` hands out, which it takes back at the end.

    What `find` finds does not get into the log and the ledger as a request's id. A body may be of `max_body`
    bytes; `patience` see `read_body`; `room` may be shared with others.
    """

    def __init__(
        self,
        dialect: Dialect,
        pipeline: Pipeline,
        lease: Callable[[], Lease],
        max_body: int,
        find: FindText,
        patience: float,
        room: Room,
    ) -> None:
        self._dialect, self._pipeline, self._lease = dialect, pipeline, lease
        self._max_body, self._find = max_body, find
        self._patience, self._room = patience, room

    async def __call__(self, turn: Turn) -> None:
        headers = headers_of(turn.headers)
        request_id = request_id_of(headers, self._find)
        reply = Reply(turn, self._dialect, request_id, int(time()))
        try:
            check_head(turn.method, headers, self._max_body)
            self._room.enter()
        except GatewayError as error:
            await reply.refuse(error)
            return
        body = partial(read_body, turn.receive, self._max_body, self._patience)
        incoming = Incoming(request_id, headers, body, self._dialect.parse, self._dialect.refers)
        try:
            with self._lease() as force:
                await self._serve(force, incoming, reply, turn)
        finally:
            self._room.leave()

    async def _serve(self, force: InForce, incoming: Incoming, reply: Reply, turn: Turn) -> None:
        """Serves, and ends quietly when the caller hangs up."""
        try:
            await self._pipeline.serve(incoming, reply, force)
        except asyncio.CancelledError:
            if turn.left:
                turn.stay()
                return
            if not reply.started:
                await reply.refuse(Overloaded("The gateway had to stop before this was answered."))
            raise
        except Exception:
            if reply.started:  # the connection is cut: what has left is not taken for the whole
                raise
            _log.exception("Request %s failed inside the gateway", incoming.request_id)
            await reply.refuse(InternalError.logged())
        finally:
            reply.close()


class Lease:
    """A policy in force, held for one request: `with lease as force`."""

    def __init__(self, force: InForce, taken: Callable[[], None], given_back: Callable[[], None]) -> None:
        self._force, self._taken, self._given_back = force, taken, given_back

    def __enter__(self) -> InForce:
        self._taken()
        return self._force

    def __exit__(self, *_: object) -> None:
        self._given_back()
