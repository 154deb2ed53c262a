"""Asks the next candidate where one fails, as long as nothing has left for the caller."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import (
    GatewayError,
    NoClearedModel,
    NoModelInService,
    ProviderBroken,
    ProviderError,
    RemoteTools,
    SpeaksAnother,
)
from gateway.interfaces import Emit, Strategy
from gateway.labels import NotCleared
from gateway.types import Answer, ChatRequest, Delta, Event, Refused, Serving

_MOST_HELD = 1024 * 1024  # bytes of events without content, each taken to be of _EVENT bytes beside its JSON
_EVENT = 256


def fallback(candidates: Sequence[tuple[str, Strategy]]) -> Strategy:
    """Tries `candidates` (a model's name and the strategy that asks it) in order.

    A candidate that the gate refuses is noted and passed over. Events without content wait, so that a
    break before the first content goes on to the next candidate silently, as long as there are few of them.

    Raises:
        NoClearedModel: the gate refuses every candidate.
        ProviderError: the last candidate's, or the first that no other model would mend. That a candidate has
            no words for the request is told only where none of them was asked.
        RemoteTools: none of them was asked, and one may not have servers called that the caller names.
    """

    async def strategy(request: ChatRequest, emit: Emit) -> None:
        failure: GatewayError | None = None
        for name, ask in candidates:
            hold = _Hold(Serving(name, request.label, request.trusted), emit)
            try:
                await ask(request, hold.emit)
                if hold.left:
                    return
                failure = ProviderBroken(f"The model '{name}' ended without an answer.")
            except NotCleared as refused:
                await emit(Refused(refused.kind, refused.destination, refused.label))
            except RemoteTools as refused_servers:
                failure = _telling(failure, refused_servers)
            except ProviderError as error:
                if hold.left or not error.falls_over:
                    raise
                failure = _telling(failure, error)
        raise failure or no_cleared_model(request)

    return strategy


def _telling(before: GatewayError | None, now: GatewayError) -> GatewayError:
    """The one to tell: what a model that was asked ran into may pass, and not what a model cannot say."""
    return now if before is None or _weight(now) >= _weight(before) else before


def _weight(error: GatewayError) -> int:
    return 0 if isinstance(error, SpeaksAnother) else 1 if isinstance(error, RemoteTools) else 2


def no_cleared_model(request: ChatRequest) -> NoClearedModel:
    return NoClearedModel(request.label.word)


def no_model_in_service() -> NoModelInService:
    return NoModelInService(
        "No model that could answer this is in service here. Ask whoever runs the gateway: "
        "its start, and `pointsman policy explain`, say what each of them lacks."
    )


class _Hold:
    """Keeps a candidate's first events back until one has content, or they are more than are worth it."""

    def __init__(self, serving: Serving, emit: Emit) -> None:
        self._serving, self._emit = serving, emit
        self._held: list[Delta] = []
        self._size = 0
        self.left = False

    async def emit(self, event: Event) -> None:
        if self.left or not isinstance(event, Delta | Answer):
            await self._emit(event)
        elif isinstance(event, Delta) and not event.has_content:
            self._held.append(event)
            self._size += _EVENT + len(event.raw or b"") + len(event.signature)
            if self._size > _MOST_HELD:
                await self._release()
        else:
            await self._release()
            await self._emit(event)

    async def _release(self) -> None:
        self.left = True
        await self._emit(self._serving)
        for event in self._held:
            await self._emit(event)
        self._held.clear()
