"""A decision to a strategy: what wraps what."""

from __future__ import annotations

import asyncio

from gateway.interfaces import Parts, Strategy
from gateway.policy.evaluate import Decision
from gateway.policy.schema import Route
from gateway.strategies.call import Asking, call
from gateway.strategies.count import count
from gateway.strategies.fallback import fallback
from gateway.strategies.inflow import Inflow
from gateway.strategies.retrieve import retrieve
from gateway.strategies.tools import Spend, tools
from gateway.types import Api


def compose(
    decision: Decision, parts: Parts, spend: Spend, inflow: Inflow, caller: str = "", api: Api = Api.CHAT
) -> Strategy:
    """retrieve ∘ tools ∘ fallback ∘ call, as far as the decision's route asks for them.

    The time that the route gives all of it runs from now on. What is only counted is what the caller sent,
    whatever a route would add.
    """
    route = decision.route
    strategy = _answered(decision, parts, Asking(caller, _end(route)), api)
    if route is None or api is Api.COUNT:
        return strategy
    if route.tools is not None and decision.tools:
        servers = [(source, parts.tools(source.name)) for source in decision.tools]
        strategy = tools(strategy, route.tools, servers, spend, inflow)
    if route.retrieve is not None:  # with no base that may be asked, the model is told that nothing was found
        bases = [(base, parts.knowledge(base.name)) for base in decision.knowledge]
        strategy = retrieve(strategy, route.retrieve, bases, inflow)
    return strategy


def _answered(decision: Decision, parts: Parts, asking: Asking, api: Api) -> Strategy:
    asks = count if api is Api.COUNT else call
    last = decision.candidates[-1] if decision.candidates else None
    candidates = [
        (spec.name, asks(spec, parts.model(spec.name), asking, spec is last)) for spec in decision.candidates
    ]
    route = decision.route
    return fallback(candidates) if route is None else fallback(candidates, route.hold_back, route.fallback_on)


def _end(route: Route | None) -> float | None:
    if route is None or route.terms.total is None:
        return None
    return asyncio.get_running_loop().time() + route.terms.total
