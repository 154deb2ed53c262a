"""Asks the next candidate where one fails, as long as nothing has left for the caller."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import (
    CircuitOpen,
    ContextLength,
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
from gateway.policy.schema import HoldBack
from gateway.strategies.call import Ask
from gateway.strategies.hold import Hold
from gateway.types import ChatRequest, Refused, Serving


def fallback(
    candidates: Sequence[tuple[str, Ask]],
    hold_back: HoldBack | None = None,
    falls_over: frozenset[str] | None = None,
) -> Strategy:
    """Tries `candidates` (a model's name and what asks it) in order.

    A candidate that the gate refuses is noted and passed over. Events without content wait, and content as
    long as `hold_back` says, so that a break before anything has left goes on to the next candidate silently.
    With `falls_over`, only errors of these codes do.

    Raises:
        NoClearedModel: the gate refuses every candidate.
        ProviderError: the last candidate's, or the first that no other model would mend. That a candidate has
            no words for the request is told only where none of them was asked.
        RemoteTools: none of them was asked, and one may not have servers called that the caller names.
    """

    async def strategy(request: ChatRequest, emit: Emit) -> None:
        hold = Hold(emit, hold_back)
        try:
            await _first_that_answers(request, candidates, hold, emit, falls_over)
        finally:
            hold.close()

    return strategy


async def _first_that_answers(
    request: ChatRequest,
    candidates: Sequence[tuple[str, Ask]],
    hold: Hold,
    emit: Emit,
    falls_over: frozenset[str] | None,
) -> None:
    failure: GatewayError | None = None
    for name, ask in candidates:
        hold.serves(Serving(name, request.label, request.trusted))
        try:
            await ask(request, hold)
            await hold.finish()
            if hold.left:
                return
            failure = ProviderBroken(f"The model '{name}' ended without an answer.")
        except NotCleared as refused:
            await emit(Refused(refused.kind, refused.destination, refused.label))
        except RemoteTools as refused_servers:
            failure = _telling(failure, refused_servers)
        except ProviderError as error:
            if hold.left or not _goes_on(error, falls_over):
                await hold.settled()
                raise
            failure = _telling(failure, error)
    raise failure or no_cleared_model(request)


def _goes_on(error: ProviderError, codes: frozenset[str] | None) -> bool:
    """Whether another model may do better; one that has no words was not asked, whatever the policy says."""
    if not error.falls_over or isinstance(error, SpeaksAnother):
        return error.falls_over
    return codes is None or error.code in codes


def _telling(before: GatewayError | None, now: GatewayError) -> GatewayError:
    """The one to tell: what a model that was asked ran into may pass, and not what a model cannot say."""
    return now if before is None or _weight(now) >= _weight(before) else before


def _weight(error: GatewayError) -> int:
    """A prompt that is too long, the caller can mend; that nothing was asked says the least of all."""
    if isinstance(error, SpeaksAnother):
        return 0
    if isinstance(error, RemoteTools):
        return 1
    if isinstance(error, CircuitOpen):
        return 2
    return 4 if isinstance(error, ContextLength) else 3


def no_cleared_model(request: ChatRequest) -> NoClearedModel:
    return NoClearedModel(request.label.word)


def no_model_in_service() -> NoModelInService:
    return NoModelInService(
        "No model that could answer this is in service here. Ask whoever runs the gateway: "
        "its start, and `pointsman policy explain`, say what each of them lacks."
    )
