"""Counts a prompt's tokens: by a model whose API has a call for that, else by an estimate made elsewhere."""

from __future__ import annotations

from dataclasses import replace

from gateway.deployments.deployments import Deployments
from gateway.interfaces import ChatModel
from gateway.labels import clear
from gateway.policy.schema import Model
from gateway.strategies.call import Ask, Asking, Held, call
from gateway.types import Answer, Api, ChatRequest, Usage


def count(spec: Model, model: Deployments[ChatModel], asking: Asking = Asking(), last: bool = True) -> Ask:
    """What counts for `model`; it notes the tries, which cost nothing.

    An answer without `raw` says that nothing was asked.
    """
    counting = call(spec, model, replace(asking, free=True), last)

    async def ask(request: ChatRequest, held: Held) -> None:
        if Api.MESSAGES in spec.speaks:
            await counting(request, held)
            return
        clear(request, request.label, spec, "model")
        await held(Answer(usage=Usage(), api=Api.COUNT))

    return ask
