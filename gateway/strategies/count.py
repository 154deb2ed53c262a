"""Counts a prompt's tokens: by a model whose API has a call for that, else by an estimate made elsewhere."""

from __future__ import annotations

from time import perf_counter

from gateway.errors import ProviderError
from gateway.interfaces import ChatModel, Emit, Strategy
from gateway.labels import clear
from gateway.policy.schema import Model
from gateway.strategies.remote import check_remote
from gateway.types import Answer, Api, ChatRequest, Tried, Usage


def count(spec: Model, model: ChatModel) -> Strategy:
    """The strategy that counts for `model`; it notes the try, which costs nothing, however it ends.

    An answer without `raw` says that nothing was asked.

    Raises NotCleared where the request's label is above the model's clearance, RemoteTools, ProviderError.
    """

    async def strategy(request: ChatRequest, emit: Emit) -> None:
        passed = clear(request, request.label, spec, "model")
        if Api.MESSAGES not in spec.speaks:
            await emit(Answer(usage=Usage(), api=Api.COUNT))
            return
        check_remote(spec, request)
        started, outcome = perf_counter(), "hung_up"
        try:
            await model.answer(passed, emit)
            outcome = "ok"
        except ProviderError as error:
            outcome = error.code
            raise
        finally:
            await emit(Tried(spec.name, outcome, Usage(), perf_counter() - started))

    return strategy
