"""One request to one upstream, in whatever API: streamed or not."""

from __future__ import annotations

from gateway.backends.failures import announced, failure
from gateway.backends.forwarded import carried, lines
from gateway.backends.http import Pool
from gateway.backends.response import Limits, Response
from gateway.backends.speech import Announced, NotJson, Reader, Speech
from gateway.backends.sse import Events, TooLong
from gateway.errors import ProviderBroken, ProviderTimeout
from gateway.interfaces import Emit
from gateway.policy.schema import Model
from gateway.types import Answer, ChatRequest, Delta, Timeouts, ToolCallDelta

_DONE = b"[DONE]"
_MAX_FAILURE = 1024 * 1024
_MAX_MALFORMED = 16  # events of a stream that may be garbage
_MAX_SILENT = 64  # events without content that may come before the first one with it is late
_MAX_SILENT_BYTES = 1024 * 1024  # of those
_GRACE = 1.0  # seconds that a stream is waited for once all it had to say is said


async def ask(
    speech: Speech, pool: Pool, request: ChatRequest, emit: Emit, model: Model, timeouts: Timeouts
) -> None:
    """Asks once, within the timeouts.

    Raises:
        ProviderError: see ChatModel.
    """
    call = _Call(speech, pool, request, emit, lines(carried(request, model)))
    await call.run(request.stream, _limits(timeouts, request.stream))


def _limits(timeouts: Timeouts, stream: bool) -> Limits:
    """A whole answer comes at once and late, so it is bounded by the total alone."""
    total = timeouts.total
    connect = min(timeouts.connect, total)
    if not stream:
        return Limits(connect, total, total, total)
    return Limits(connect, timeouts.first_token, timeouts.idle, total)


class _Call:
    """One request to one model."""

    def __init__(self, speech: Speech, pool: Pool, request: ChatRequest, emit: Emit, headers: bytes) -> None:
        self._speech, self._pool, self._request, self._emit = speech, pool, request, emit
        self._body, self._headers = speech.body(request), speech.headers(request) + headers
        self._name = speech.endpoint.name
        self._begun = False  # content has come
        self._silent = self._silent_bytes = self._malformed = 0

    async def run(self, stream: bool, limits: Limits) -> None:
        response = await self._pool.send(
            self._speech.endpoint, self._body, limits, headers=self._headers, hold_first=stream
        )
        try:
            headers = response.headers
            if response.status != 200:
                raise failure(self._name, response.status, headers, await response.read(_MAX_FAILURE))
            if headers.get("content-encoding", "identity") != "identity":
                raise ProviderBroken(f"{self._name} answered in an encoding that it was not asked for")
            if stream and "json" not in headers.get("content-type", ""):
                await self._streamed(response)
            else:
                await self._whole(response, stream)
        finally:
            response.close()

    async def _whole(self, response: Response, stream: bool) -> None:
        body = await response.read(self._speech.most)
        try:
            whole = self._speech.answer(body)
        except Announced as error:
            raise announced(self._name, error.error) from error
        except NotJson as error:
            raise ProviderBroken(f"{self._name} answered with what is not an answer of its API") from error
        if not stream:
            await self._emit(whole)
            return
        # Asked to stream, it did not: what it said is passed on in one piece.
        await self._emit(
            Delta(
                text=whole.text,
                tool_calls=_fragments(whole),
                finish=whole.finish,
                reasoning=whole.reasoning,
                refusal=whole.refusal,
                signature=whole.signature,
            )
        )
        await self._emit(Delta(usage=whole.usage))

    async def _streamed(self, response: Response) -> None:
        reader, parser = self._speech.reader(self._request), Events()
        try:
            async for data in response:
                for event in parser.feed(data):
                    if event == _DONE:
                        self._ended()
                        response.finish(_GRACE)
                        return
                    await self._event(event, reader, response)
            rest = parser.rest()
            if rest and rest != _DONE:
                await self._event(rest, reader, response)
        except (ProviderBroken, ProviderTimeout):
            if not reader.finished:
                raise
        except TooLong as error:
            raise ProviderBroken(f"{self._name} sent an event that is too long") from error
        if not reader.finished and rest != _DONE:
            raise ProviderBroken(f"{self._name} ended its stream before its answer was whole")
        self._ended()

    async def _event(self, event: bytes, reader: Reader, response: Response) -> None:
        try:
            delta = reader.delta(event)
        except NotJson as error:
            self._malformed += 1
            if self._malformed > _MAX_MALFORMED:
                raise ProviderBroken(f"{self._name} streams events that are not of its API") from error
            return
        except Announced as error:
            raise announced(self._name, error.error) from error
        if reader.finished and delta.usage is not None:
            response.settled(idle=_GRACE)  # all is said: it need not close or say [DONE]
        if not self._begun and self._begins(delta, len(event)):
            self._begun = True
            response.settled()
        await self._emit(delta)

    def _begins(self, delta: Delta, size: int) -> bool:
        """Whether an answer is on its way, though nothing of it may be there to be passed on yet."""
        self._silent += 1
        self._silent_bytes += size
        much = self._silent > _MAX_SILENT or self._silent_bytes > _MAX_SILENT_BYTES
        return delta.has_content or delta.thinks or much

    def _ended(self) -> None:
        if not self._silent:
            raise ProviderBroken(f"{self._name} sent an empty stream", retryable=True)


def _fragments(whole: Answer) -> tuple[ToolCallDelta, ...]:
    return tuple(ToolCallDelta(i, c.id, c.name, c.arguments) for i, c in enumerate(whole.tool_calls))
