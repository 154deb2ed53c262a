"""Asks the small transformer about what the linear models are unsure of, within a deadline."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from time import monotonic
from typing import Final

from gateway.classify.asked import asked
from gateway.classify.encoded import loaded, refined, worth_asking, written
from gateway.errors import ProviderError
from gateway.interfaces import Encoder
from gateway.labels import Destination, clear
from gateway.types import Api, ChatRequest, Signals

_log = logging.getLogger("pointsman")
BUSY: Final = 0.25  # of the time at most, so that it never takes more than so much of a core
REMEMBERED: Final = 4096  # requests whose scores are kept: about 1 kB each


class Cascade:
    """One request at a time; what comes meanwhile or while it rests goes as it is, and so does what is late.

    `deadline`: seconds that a request waits for it at most; None waits, and neither rests nor lets any pass.
    """

    def __init__(self, encoder: Encoder, home: Destination, deadline: float | None) -> None:
        self._encoder, self._home, self._deadline = encoder, home, deadline
        self._mixes = loaded()
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, Sequence[float]] = OrderedDict()
        self._running: asyncio.Task[Sequence[float] | None] | None = None
        self._rests_until = 0.0
        self._failed = False

    async def refined(self, request: ChatRequest, signals: Signals) -> Signals:
        """The signals, told anew where they were unsure and an answer came in time."""
        if request.api is Api.EMBEDDINGS or not worth_asking(signals, self._mixes):
            return signals
        text = written(asked((message.role, message.text) for message in request.messages))
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()
        scores = self._kept.get(digest)
        if scores is None:
            scores = await self._within(request, text, digest)
        return signals if scores is None else refined(signals, scores, self._mixes)

    async def close(self) -> None:
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    async def _within(self, request: ChatRequest, text: str, digest: bytes) -> Sequence[float] | None:
        if self._deadline is None:
            return await self._scores(request, text, digest)
        if self._running is not None or monotonic() < self._rests_until:
            return None
        self._running = asyncio.create_task(self._scores(request, text, digest))
        self._running.add_done_callback(self._rest)
        try:
            # Late scores are kept all the same: the next such request has them at once.
            return await asyncio.wait_for(asyncio.shield(self._running), self._deadline)
        except TimeoutError:
            return None

    async def _scores(self, request: ChatRequest, text: str, digest: bytes) -> Sequence[float] | None:
        began = monotonic()
        try:
            scores = await self._encoder.scores(clear(text, request.label, self._home, "encoder"))
        except ProviderError as error:
            if not self._failed:
                _log.warning("requests that the classifier is unsure of stay so: %s", error)
            self._failed = True
            return None
        self._rests_until = monotonic() + (monotonic() - began) * (1 / BUSY - 1)
        self._kept[digest] = scores
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return scores

    def _rest(self, _: object) -> None:
        self._running = None
